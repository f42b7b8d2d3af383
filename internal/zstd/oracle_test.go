package zstd

import (
	"bytes"
	"io"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// An oracle decodes whole streams with klauspost's decoder.
type oracle struct{ r *zstd.Decoder }

func newOracle(tb testing.TB) oracle {
	r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.IgnoreChecksum(true), zstd.WithDecoderMaxWindow(DefaultMaxWindow))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(r.Close)
	return oracle{r}
}

// decode decodes a stream as far as it goes, but not far over testLimit, which
// its last message alone may come to. At the end of a message it asks for more: io.ErrUnexpectedEOF, as for messages
// that end elsewhere.
func (o oracle) decode(src []byte) ([]byte, error) {
	// Only a reader with no other methods is read as a stream.
	if err := o.r.Reset(struct{ io.Reader }{bytes.NewReader(src)}); err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(o.r, 2*testLimit))
}
