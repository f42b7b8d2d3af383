package eventlog

import (
	"encoding/binary"

	"github.com/sluice-go/sluice/gateway"
)

// Event is one event of a log. Its slices are borrowed.
type Event struct {
	Type gateway.EventType
	Seq  int64 // the upstream's sequence, 0 for what is no dispatch of the upstream's

	// Private says that the event is for its owners alone. Otherwise it is for all, and Owners says who
	// has it of those who share.
	Private bool
	Owners  Owners

	Name []byte // as Discord writes it; at most 255 bytes
	Data []byte // the raw JSON of d
}

// Owners are numbers of readers, four bytes each.
type Owners []byte

// Append adds a reader. More than 63 are left out.
func (o Owners) Append(number uint32) Owners {
	if len(o) >= 4*63 {
		return o
	}
	return binary.LittleEndian.AppendUint32(o, number)
}

// Has reports whether a reader is among them.
func (o Owners) Has(number uint32) bool {
	for ; len(o) >= 4; o = o[4:] {
		if binary.LittleEndian.Uint32(o) == number {
			return true
		}
	}
	return false
}

// A record is an event as it lies in a block:
//
//	4 bytes  length of the data
//	8 bytes  the upstream's sequence
//	1 byte   type
//	1 byte   length of the name
//	1 byte   1 for a private event, and the length of the owners above it
//	name, owners, data
const recordHead = 15

func (e *Event) size() int { return recordHead + len(e.Name) + len(e.Owners) + len(e.Data) }

func (e *Event) append(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(e.Data)))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(e.Seq))
	flags := byte(len(e.Owners))
	if e.Private {
		flags |= 1 // an owner is four bytes, so this bit is free
	}
	dst = append(dst, byte(e.Type), byte(len(e.Name)), flags)
	dst = append(dst, e.Name...)
	dst = append(dst, e.Owners...)
	return append(dst, e.Data...)
}

// read reads the record at the start of b, which holds whole ones, and returns its length.
func (e *Event) read(b []byte) int {
	data, name, flags := int(binary.LittleEndian.Uint32(b)), int(b[13]), b[14]
	owners := int(flags &^ 3)
	e.Seq = int64(binary.LittleEndian.Uint64(b[4:]))
	e.Type, e.Private = gateway.EventType(b[12]), flags&1 != 0
	at := recordHead + name
	e.Name = b[recordHead:at:at]
	e.Owners = Owners(b[at : at+owners : at+owners])
	at += owners
	e.Data = b[at : at+data : at+data]
	return at + data
}
