package trace

import (
	"encoding/binary"
	"hash/crc32"
	"time"
)

const (
	magic       = "\x89SLTR\r\n\x1a"
	blockMagic  = "SLTB"
	indexMagic  = "SLTI"
	footerMagic = "SLTREND\n"

	// FormatVersion is the version of the format that this package writes and reads.
	FormatVersion = 1

	headerSize      = 48
	blockHeaderSize = 48
	footerSize      = 32

	// MaxPayload is the longest payload that a trace takes, in bytes.
	MaxPayload = 64 << 20

	// maxRaw bounds a block, decompressed: one record of the longest payload.
	maxRaw = MaxPayload + 1<<10

	// maxBody bounds a block as it stands in the file; only one that is passed over comes near.
	maxBody = 1 << 30

	// blockSize is how much a writer puts into a block, decompressed.
	blockSize = 1 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Compression is what a client asked the gateway for. The payloads in a trace are decompressed whatever
// it was.
type Compression uint8

// The compressions, as the format numbers them.
const (
	UnknownCompression Compression = iota
	NoCompression
	PayloadCompression
	ZlibStream
	ZstdStream
)

var compressionNames = [...]string{"unknown", "none", "payload", "zlib-stream", "zstd-stream"}

// String returns "unknown", "none", "payload", "zlib-stream" or "zstd-stream".
func (c Compression) String() string {
	if int(c) < len(compressionNames) {
		return compressionNames[c]
	}
	return compressionNames[0]
}

// ParseCompression returns the compression of a name that String returns, and [UnknownCompression] for any other.
func ParseCompression(name string) Compression {
	for c, known := range compressionNames {
		if name == known {
			return Compression(c)
		}
	}
	return UnknownCompression
}

// Header is what a file says of itself.
type Header struct {
	Began       time.Time // when the recording began; zero: at the first record's writing
	Shards      int       // of the bot, 0: not known
	Compression Compression
	Redaction   int // version of the redaction, 0: not redacted
}

// Redacted reports whether the file's payloads are redacted.
func (h Header) Redacted() bool { return h.Redaction > 0 }

func appendHeader(dst []byte, h Header) []byte {
	start := len(dst)
	dst = append(dst, magic...)
	dst = binary.LittleEndian.AppendUint16(dst, FormatVersion)
	dst = binary.LittleEndian.AppendUint16(dst, headerSize)
	flags := byte(0)
	if h.Redacted() {
		flags = 1
	}
	dst = append(dst, flags, byte(h.Compression))
	dst = binary.LittleEndian.AppendUint16(dst, uint16(h.Redaction))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(h.Began.UnixMicro()))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(h.Shards))
	dst = append(dst, make([]byte, 16)...)
	return appendCRC(dst, start)
}

// appendCRC appends the checksum of what stands in dst from start on.
func appendCRC(dst []byte, start int) []byte {
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
}

// summed reports whether b ends in the checksum of what stands before it.
func summed(b []byte) bool {
	n := len(b) - 4
	return binary.LittleEndian.Uint32(b[n:]) == crc32.Checksum(b[:n], castagnoli)
}

// parseHeader reads the first bytes of a file.
func parseHeader(b []byte) (Header, *FormatError) {
	switch {
	case len(b) < len(magic) || string(b[:len(magic)]) != magic:
		return Header{}, damage(0, "this is no trace: it does not begin with the magic number", "name a file that `sluice record` wrote, or bring JSON lines in with `sluice trace import`")
	case len(b) < headerSize:
		return Header{}, damage(int64(len(b)), "the header is cut off", remedyCopy)
	}
	b = b[:headerSize]
	if version := binary.LittleEndian.Uint16(b[8:]); version != FormatVersion {
		e := damage(8, "the format has version "+itoa(int64(version))+", and this program knows version 1", "read it with a newer sluice")
		e.Newer = version > FormatVersion
		return Header{}, e
	}
	if binary.LittleEndian.Uint16(b[10:]) != headerSize || !summed(b) {
		return Header{}, damage(8, "the header is damaged", remedyCopy)
	}
	h := Header{
		Compression: Compression(b[13]),
		Redaction:   int(binary.LittleEndian.Uint16(b[14:])),
		Began:       time.UnixMicro(int64(binary.LittleEndian.Uint64(b[16:]))).UTC(),
		Shards:      int(binary.LittleEndian.Uint32(b[24:])),
	}
	if h.Redacted() != (b[12]&1 != 0) {
		return Header{}, damage(12, "the header contradicts itself about redaction", remedyCopy)
	}
	return h, nil
}

// blockHeader is what stands in front of a block's body.
type blockHeader struct {
	body, raw int
	records   uint32
	dropped   uint32
	crc       uint32 // of the body
	first     int64  // µs
	latest    int64  // µs
	open      bool   // records are still added; nothing but first and dropped is known
}

func appendBlockHeader(dst []byte, h *blockHeader) []byte {
	start := len(dst)
	dst = append(dst, blockMagic...)
	for _, n := range [...]uint32{uint32(h.body), uint32(h.raw), h.records, h.dropped, h.crc} {
		dst = binary.LittleEndian.AppendUint32(dst, n)
	}
	dst = binary.LittleEndian.AppendUint64(dst, uint64(h.first))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(h.latest))
	flags := uint32(0)
	if h.open {
		flags = 1
	}
	dst = binary.LittleEndian.AppendUint32(dst, flags)
	return appendCRC(dst, start)
}

// parseBlockHeader reads the header of the block at off, with room bytes behind the header up to where
// blocks must end.
func parseBlockHeader(b []byte, off, room int64) (h blockHeader, e *FormatError) {
	switch {
	case string(b[:4]) != blockMagic:
		return h, damage(off, "no block begins here", remedyRepair)
	case !summed(b[:blockHeaderSize]):
		return h, damage(off, "the header of a block is damaged", remedyRepair)
	}
	at := func(i int) uint32 { return binary.LittleEndian.Uint32(b[i:]) }
	body, raw := at(4), at(8)
	h = blockHeader{
		records: at(12), dropped: at(16), crc: at(20),
		first: int64(binary.LittleEndian.Uint64(b[24:])), latest: int64(binary.LittleEndian.Uint64(b[32:])),
		open: at(40)&1 != 0,
	}
	switch {
	case h.open && (body > 0 || raw > 0 || h.records > 0):
		return h, damage(off+40, "an open block says how long it is", remedyRepair)
	case h.open:
		return h, nil
	case raw > maxRaw:
		return h, damage(off+8, "a block of "+itoa(int64(raw))+" bytes is longer than the format allows", remedyRepair)
	case int64(raw) > int64(body)<<15: // a zstd block of 4 bytes is 128 KiB at most
		return h, damage(off+8, "a block is longer than its body can be decompressed to", remedyRepair)
	case int64(body) > min(room, maxBody):
		return h, damage(off+4, "a block is longer than the file", remedyRepair)
	case h.records > raw/minRecord:
		return h, damage(off+12, "a block has more records than bytes for them", remedyRepair)
	case h.first > h.latest || h.records == 0 && (raw > 0 || h.latest != 0 || h.first != 0):
		return h, damage(off+24, "the times of a block contradict each other", remedyRepair)
	}
	h.body, h.raw = int(body), int(raw)
	return h, nil
}
