package trace

import (
	"encoding/binary"
	"time"
)

// Kind is what a record tells.
type Kind uint8

// The kinds, as the format numbers them.
const (
	// Received is a payload from the gateway, decompressed.
	Received Kind = 1 + iota
	// Sent is a payload to the gateway, without its token.
	Sent
	// Opened: a connection was opened, and the gateway said hello.
	Opened
	// Closed: a connection ended. Code says how.
	Closed
	// Resumed: the gateway took a resume.
	Resumed
	// Began: the gateway began a session.
	Began
)

var kindNames = [...]string{"unknown", "received", "sent", "opened", "closed", "resumed", "began"}

// String returns "received", "sent", "opened", "closed", "resumed", "began", and "unknown" for a kind of
// a version to come.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return kindNames[0]
}

// ParseKind returns the kind of a name that String returns, 0 for any other.
func ParseKind(name string) Kind {
	for k, known := range kindNames {
		if name == known {
			return Kind(k)
		}
	}
	return 0
}

// Record is one thing that happened.
type Record struct {
	At    time.Time // to the microsecond
	Shard int
	Kind  Kind
	Wire  int // bytes of the payload on the wire, compressed; 0: not known
	Code  int // of Closed: the close code, 0 for none, 1006 where there was no close frame

	// Payload is the JSON of Received and Sent. From a [Reader] it is borrowed until the next record, and
	// must not be written.
	Payload []byte
}

const (
	// minRecord is the least bytes of a record.
	minRecord = 5

	// maxRecordHead is the most bytes in front of a payload.
	maxRecordHead = 3*binary.MaxVarintLen64 + 1 + binary.MaxVarintLen32

	// maxShard bounds shard ids, as Discord's largest bots are far below.
	maxShard = 1<<31 - 1
)

// appendRecord appends a record. delta is the µs since the one before, number Wire or Code.
func appendRecord(dst []byte, delta int64, shard int, kind Kind, number int, payload []byte) []byte {
	dst = binary.AppendVarint(dst, delta)
	dst = binary.AppendUvarint(dst, uint64(shard))
	dst = append(dst, byte(kind))
	dst = binary.AppendUvarint(dst, uint64(number))
	dst = binary.AppendUvarint(dst, uint64(len(payload)))
	return append(dst, payload...)
}

// rawRecord is a record as it stands in a block.
type rawRecord struct {
	delta   int64
	shard   int
	kind    Kind
	number  int
	payload []byte
}

// parseRecord reads the record that b begins with, and returns its length; 0 for what is none.
func parseRecord(r *rawRecord, b []byte) (n int) {
	var k int
	if len(b) > 0 && b[0] < 0x80 { // nearly always
		r.delta, n = int64(b[0]>>1)^-int64(b[0]&1), 1
	} else if r.delta, n = binary.Varint(b); n <= 0 {
		return 0
	}
	var x uint64
	if x, k = uvarint(b[n:]); k <= 0 || x > maxShard || n+k >= len(b) {
		return 0
	}
	r.shard = int(x)
	n += k
	r.kind = Kind(b[n])
	n++
	if x, k = uvarint(b[n:]); k <= 0 || x > maxRaw {
		return 0
	}
	r.number = int(x)
	n += k
	if x, k = uvarint(b[n:]); k <= 0 || x > uint64(len(b)-n-k) {
		return 0
	}
	n += k
	end := n + int(x)
	r.payload = b[n:end:end]
	return end
}

// uvarint is binary.Uvarint, faster for one and two bytes.
func uvarint(b []byte) (uint64, int) {
	if len(b) > 0 && b[0] < 0x80 {
		return uint64(b[0]), 1
	}
	if len(b) > 1 && b[1] < 0x80 {
		return uint64(b[0]&0x7f) | uint64(b[1])<<7, 2
	}
	return binary.Uvarint(b)
}

// fill makes of a raw record one for users; at is its time in µs.
func (r *rawRecord) fill(rec *Record, at int64) {
	rec.At = time.UnixMicro(at)
	rec.Shard, rec.Kind, rec.Payload = r.shard, r.kind, r.payload
	rec.Wire, rec.Code = r.number, 0
	if r.kind == Closed {
		rec.Wire, rec.Code = 0, r.number
	}
}

// number returns what the format keeps of Wire and Code.
func (rec *Record) number() int {
	if rec.Kind == Closed {
		return max(0, min(rec.Code, 1<<16-1))
	}
	return max(0, min(rec.Wire, maxRaw))
}
