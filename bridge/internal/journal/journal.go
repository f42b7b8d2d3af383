package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// Kind says what a record's body is.
type Kind uint8

// The kinds. What the bodies look like is the bridge's business.
const (
	Head     Kind = iota + 1 // whose file it is, and as of when
	State                    // a piece of what bots begin with
	Session                  // a bot session that began
	Ended                    // a bot session that is over
	Start                    // the snapshot is whole; no body
	Events                   // events, in the order in which they came
	Cut                      // as of when a shard is handed over; it is the last
	Commands                 // what bots wait for
	Mark                     // who reads says when it has taken all up to here; no body
	Seen                     // up to where all events of Discord's are in the journal, or are of no use to anybody
)

const (
	magic      = "sluice bridge 1\n"
	recordHead = 9

	// MaxBody is the longest body, in bytes: one event may be nearly as long.
	MaxBody = 128 << 20
)

// ErrDamaged tells that a file is no journal, or that its snapshot is not whole.
var ErrDamaged = errors.New("bridge: the journal is damaged, or is none")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendHead appends what stands in front of a body that consists of some parts.
func appendHead(dst []byte, kind Kind, parts ...[]byte) []byte {
	n, sum := 0, crc32.Update(0, castagnoli, []byte{byte(kind)})
	for _, part := range parts {
		n += len(part)
		sum = crc32.Update(sum, castagnoli, part)
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(n))
	dst = binary.LittleEndian.AppendUint32(dst, sum)
	return append(dst, byte(kind))
}

// Read calls take with each record of a journal, whose body is borrowed until take returns. size is how long the
// input is; no more is allocated for a body than there can be. Read returns ErrDamaged, in which take's error may
// be found, unless the snapshot was whole.
func Read(r io.Reader, size int64, take func(kind Kind, body []byte) error) error {
	head := make([]byte, max(len(magic), recordHead))
	if _, err := io.ReadFull(r, head[:len(magic)]); err != nil || string(head[:len(magic)]) != magic {
		return ErrDamaged
	}
	size -= int64(len(magic))
	whole := false
	var body []byte
	for {
		if _, err := io.ReadFull(r, head[:recordHead]); err != nil {
			break
		}
		size -= recordHead
		n := int64(binary.LittleEndian.Uint32(head))
		if n > size || n > MaxBody {
			break
		}
		if int64(cap(body)) < n {
			body = make([]byte, n)
		}
		body = body[:n]
		if _, err := io.ReadFull(r, body); err != nil {
			break
		}
		size -= n
		sum := crc32.Update(crc32.Update(0, castagnoli, head[8:9]), castagnoli, body)
		if sum != binary.LittleEndian.Uint32(head[4:]) {
			break
		}
		if err := take(Kind(head[8]), body); err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		whole = whole || Kind(head[8]) == Start
	}
	if !whole {
		return ErrDamaged
	}
	return nil
}

// ReadFile is Read of a file.
func ReadFile(name string, take func(kind Kind, body []byte) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return ErrDamaged
	}
	return Read(f, info.Size(), take)
}
