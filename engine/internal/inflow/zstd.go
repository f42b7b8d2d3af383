package inflow

import (
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/sluice-go/sluice/internal/zstd"
)

// newZstd returns the decoder of a new connection.
func newZstd(config Config) stream {
	if config.Library || !OwnZstd {
		return newLibraryZstd(config.MaxWindow)
	}
	return &zstdStream{maxWindow: config.MaxWindow}
}

// zstdStream is one zstd frame for a connection, which does not end but might.
type zstdStream struct {
	stream    zstd.Stream
	maxWindow int
	window    int // bytes of it that zstdWindows counts
}

// zstdWindows counts the bytes of the windows of all connections.
var zstdWindows atomic.Int64

// decode implements stream.
func (z *zstdStream) decode(in *Decompressor, message []byte) (payload []byte, done bool, err error) {
	d := in.zstdDecoder()
	d.MaxWindow = z.maxWindow
	payload, done, err = d.Decode(&z.stream, message, in.limit)
	z.count(z.stream.Window())
	return payload, done, zstdError(err)
}

// cuttable implements stream: a message is done where a block ends.
func (z *zstdStream) cuttable() bool { return true }

func (z *zstdStream) rest()  {}
func (z *zstdStream) pack()  {}
func (z *zstdStream) close() { z.count(0) }

// count notes how many bytes the window has.
func (z *zstdStream) count(window int) {
	if window != z.window {
		zstdWindows.Add(int64(window - z.window))
		z.window = window
	}
}

// zstdError says what an error of internal/zstd means for the connection.
func zstdError(err error) error {
	if err == nil {
		return nil
	}
	var wide *zstd.WindowError // on the heap
	switch {
	case errors.Is(err, zstd.ErrTooLarge):
		return ErrTooLarge
	case errors.As(err, &wide):
		return &CorruptError{What: fmt.Sprintf(
			"zstd-stream asks for a window of %d bytes, but Config.MaxWindow is %d; raise it to at least as much", wide.Window, wide.Limit)}
	}
	return &CorruptError{What: "zstd-stream", Err: err}
}
