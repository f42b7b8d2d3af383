package engine

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/sluice-go/sluice/pool"
)

const (
	// zstdRoom is more than a block can hold (RFC 8878, section 3.1.1.2.4).
	zstdRoom = 128<<10 + 1

	// zstdOut is the output buffer to begin with.
	zstdOut = 256 << 10

	// zstdMaxWindow is the largest window that is taken. Discord's is 256 KiB.
	zstdMaxWindow = 8 << 20

	zstdMagic = 0xfd2fb528
)

// libraryZstd decodes zstd-stream with klauspost/compress: the second opinion to
// internal/zstd, for Config.LibraryZstd and where that one is not built for speed
// (the build tag purego, big-endian machines). It keeps its window twice.
type libraryZstd struct {
	source bytes.Reader
	header []byte        // the frame's, until the first block comes
	reader *zstd.Decoder // nil: no block has come
	out    *pool.Buffer  // only during a feed: a large payload leaves nothing behind
}

func (z *libraryZstd) close() {
	z.rest()
	if z.reader != nil {
		z.reader.Close()
		z.reader = nil
	}
}

// rest implements stream. The room that the reader demands counts as used, so
// that the pool keeps it.
func (z *libraryZstd) rest() {
	if z.out != nil {
		z.out.B = z.out.B[:cap(z.out.B)]
		z.out.Release()
		z.out = nil
	}
}

// decode implements stream. The blocks' headers are walked before the reader
// sees the message: the reader fails for good on a message that ends inside a
// block, and looks for more behind an empty one.
func (z *libraryZstd) decode(in *inflow, message []byte) ([]byte, error) {
	if z.reader == nil && z.header == nil {
		n, err := zstdFrameHeader(message)
		if err != nil {
			return nil, err
		}
		z.header, message = bytes.Clone(message[:n]), message[n:]
	}
	used, err := zstdBlocks(message)
	if err != nil || used == 0 {
		return nil, err
	}
	message = message[:used]
	if z.reader == nil {
		message, z.header = append(z.header, message...), nil
	}
	z.source.Reset(message)
	if z.reader == nil {
		// One goroutine, and a window that is not doubled for speed.
		z.reader, err = zstd.NewReader(&z.source, zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdMaxWindow))
		if err != nil {
			return nil, &corruptError{what: "zstd-stream", err: err}
		}
	}
	if z.out == nil {
		z.out = pool.Get(zstdOut)
	}
	z.out.B = z.out.B[:0]
	return z.read(in.limit)
}

// read takes everything that the source's blocks hold. A Read brings one block
// at most, and one with an empty source would be the stream's last: so there is
// always room for more than a block, and a Read that left some of it was enough
// once the source is empty.
func (z *libraryZstd) read(limit int) ([]byte, error) {
	for {
		z.out.Grow(zstdRoom)
		space := z.out.B[len(z.out.B):cap(z.out.B)]
		n, err := z.reader.Read(space)
		z.out.B = z.out.B[:len(z.out.B)+n]
		switch {
		case len(z.out.B) > limit:
			return nil, errTooLarge
		case err == io.EOF:
			return nil, &corruptError{what: "zstd-stream: the frame ended"}
		case err != nil:
			return nil, &corruptError{what: "zstd-stream", err: err}
		case z.source.Len() == 0 && n < len(space):
			return z.out.B, nil
		}
	}
}

// zstdFrameHeader returns the length of the frame header that b begins with (RFC
// 8878, section 3.1.1.1).
func zstdFrameHeader(b []byte) (int, error) {
	if len(b) < 5 || binary.LittleEndian.Uint32(b) != zstdMagic {
		return 0, &corruptError{what: "zstd-stream begins without a zstd frame"}
	}
	descriptor := b[4]
	n := 5
	if single := descriptor&0x20 != 0; !single {
		n++
		n += [4]int{0, 2, 4, 8}[descriptor>>6]
	} else {
		n += [4]int{1, 2, 4, 8}[descriptor>>6]
	}
	n += [4]int{0, 1, 2, 4}[descriptor&3]
	if len(b) < n {
		return 0, &corruptError{what: "zstd-stream: the first message ends inside the frame header"}
	}
	return n, nil
}

// zstdBlocks walks block headers (RFC 8878, section 3.1.1.2) and returns how
// many bytes the blocks take up to the last that is not empty.
func zstdBlocks(b []byte) (used int, err error) {
	for at := 0; at < len(b); {
		if len(b)-at < 3 {
			return 0, &corruptError{what: fmt.Sprintf("zstd-stream: message ends inside a block header, at %d", at)}
		}
		header := uint32(b[at]) | uint32(b[at+1])<<8 | uint32(b[at+2])<<16
		size := int(header >> 3)
		stored := size
		switch kind := header >> 1 & 3; kind {
		case 1: // RLE: one byte, size times
			stored = 1
		case 3:
			return 0, &corruptError{what: fmt.Sprintf("zstd-stream: reserved block type, at %d", at)}
		}
		if header&1 != 0 {
			return 0, &corruptError{what: fmt.Sprintf("zstd-stream: the frame ends, at %d", at)}
		}
		at += 3 + stored
		if at > len(b) {
			return 0, &corruptError{what: "zstd-stream: message ends inside a block"}
		}
		if size > 0 {
			used = at
		}
	}
	return used, nil
}
