package inflow

import (
	"bytes"
	"io"

	library "github.com/klauspost/compress/zstd"

	"github.com/sluice-go/sluice/internal/zstd"
	"github.com/sluice-go/sluice/pool"
)

const (
	// zstdRoom is more than a block can hold (RFC 8878, section 3.1.1.2.4).
	zstdRoom = 128<<10 + 1

	// zstdOut is the output buffer to begin with.
	zstdOut = 256 << 10
)

// libraryZstd decodes zstd-stream with klauspost/compress: the second opinion to
// internal/zstd, for Config.LibraryZstd and where that one is not built for speed
// (the build tag purego, big-endian machines). It keeps its window twice. Where
// messages end, and what is refused of frames and the headers of blocks, a
// zstd.Splitter says for both.
type libraryZstd struct {
	splitter zstd.Splitter
	source   bytes.Reader
	header   []byte           // of a frame that begins, until a block with content comes
	reader   *library.Decoder // nil: no such block has come
	out      *pool.Buffer     // only during a feed: a large payload leaves nothing behind
}

func newLibraryZstd(maxWindow int) *libraryZstd {
	return &libraryZstd{splitter: zstd.Splitter{MaxWindow: maxWindow}}
}

func (z *libraryZstd) close() {
	z.rest()
	if z.reader != nil {
		z.reader.Close()
		z.reader = nil
	}
}

// pack implements stream: what the library keeps is its own.
func (z *libraryZstd) pack() {}

// rest implements stream. The room that the reader demands counts as used, so
// that the pool keeps it.
func (z *libraryZstd) rest() {
	if z.out != nil {
		z.out.B = z.out.B[:cap(z.out.B)]
		z.out.Release()
		z.out = nil
	}
}

// decode implements stream. The message is taken apart before the reader sees it:
// the reader fails for good on one that ends inside a block, looks for more behind
// an empty one, and is at its end behind a frame.
func (z *libraryZstd) decode(in *Decompressor, message []byte) (payload []byte, done bool, err error) {
	whole, err := z.splitter.Whole(message, in.limit)
	if !whole || err != nil {
		return nil, false, zstdError(err)
	}
	if z.out == nil {
		z.out = pool.Get(zstdOut)
	}
	z.out.B = z.out.B[:0]
	for piece := range z.splitter.Pieces(message) {
		if err == nil {
			err = z.decodePiece(piece, in.limit)
		}
	}
	return z.out.B, err == nil, err
}

// cuttable implements stream: a message is done where a block ends.
func (z *libraryZstd) cuttable() bool { return true }

// decodePiece decodes what a message has of one frame.
func (z *libraryZstd) decodePiece(p zstd.Piece, limit int) error {
	b := p.Bytes
	switch {
	case p.Begins && !p.Content && !p.Ends:
		z.header = bytes.Clone(b)
		return nil
	case !p.Content && !p.Ends:
		return nil
	case p.Begins:
	case z.header != nil:
		b = append(z.header, b...)
	}
	begins := p.Begins || z.header != nil
	z.header = nil
	z.source.Reset(b)
	if err := z.open(begins); err != nil {
		return err
	}
	return z.read(limit, p.Ends)
}

// open makes the reader one of a frame that begins with the source.
func (z *libraryZstd) open(begins bool) (err error) {
	switch {
	case z.reader == nil:
		// One goroutine, a window that is not doubled for speed, and no limit but
		// those that the splitter keeps.
		z.reader, err = library.NewReader(&z.source, library.WithDecoderConcurrency(1),
			library.WithDecoderLowmem(true), library.IgnoreChecksum(true),
			library.WithDecoderMaxWindow(1<<41), library.WithDecoderMaxMemory(1<<63))
	case begins:
		err = z.reader.Reset(&z.source)
	}
	if err != nil {
		return &CorruptError{What: "zstd-stream", Err: err}
	}
	return nil
}

// read takes everything that the source's blocks hold. A Read brings one block
// at most, and one with an empty source would be the stream's last: so there is
// always room for more than a block, and a Read that left some of it was enough
// once the source is empty. Only where the frame ends is it asked until it says so.
func (z *libraryZstd) read(limit int, ends bool) error {
	for {
		z.out.GrowWithin(zstdRoom, limit+zstdRoom)
		space := z.out.B[len(z.out.B):cap(z.out.B)]
		n, err := z.reader.Read(space)
		z.out.B = z.out.B[:len(z.out.B)+n]
		switch {
		case len(z.out.B) > limit:
			return ErrTooLarge
		case err == io.EOF && ends:
			return nil
		case err != nil:
			return &CorruptError{What: "zstd-stream", Err: err}
		case z.source.Len() == 0 && n < len(space) && !ends:
			return nil
		}
	}
}
