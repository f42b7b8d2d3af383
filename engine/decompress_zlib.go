package engine

import (
	"errors"

	"github.com/sluice-go/sluice/internal/inflate"
	"github.com/sluice-go/sluice/internal/slab"
	"github.com/sluice-go/sluice/pool"
)

// hasZlibHeader reports whether b begins with a zlib header (RFC 1950, section
// 2.2): deflate, a window of 32 KiB at most, no dictionary, and the check.
func hasZlibHeader(b []byte) bool {
	return len(b) >= 2 && b[0]&0x0f == 8 && b[0]>>4 <= 7 && b[1]&0x20 == 0 &&
		(uint(b[0])<<8|uint(b[1]))%31 == 0
}

// zlibStream is one zlib stream for a connection, flushed after every payload.
type zlibStream struct {
	stream  inflate.Stream
	window  *slab.Block  // of stream; nil before the first message
	pending *pool.Buffer // the messages of a payload that is not yet whole
}

// windows are the memory of all connections' windows. They live as long as these,
// so on the heap they would have the collector leave as much garbage again.
var windows = slab.New(inflate.WindowSize)

// decode implements stream. A payload may span several messages (Discord:
// "Transport Compression"); what has come of it is kept until it is whole.
func (z *zlibStream) decode(in *inflow, message []byte) ([]byte, error) {
	if z.pending != nil {
		if len(z.pending.B)+len(message) > in.limit {
			return nil, errTooLarge
		}
		z.pending.Grow(len(message))
		z.pending.B = append(z.pending.B, message...)
		message = z.pending.B
	}
	if z.window == nil {
		z.window = windows.Get()
		z.stream.SetWindow((*inflate.Window)(z.window.B))
	}
	payload, done, err := in.decoder().Decode(&z.stream, message, in.limit)
	if err != nil {
		return nil, inflateError("zlib-stream", err)
	}
	if done {
		z.drop()
		return payload, nil
	}
	if z.pending == nil {
		z.pending = pool.Get(len(message))
		z.pending.B = append(z.pending.B, message...)
	}
	return nil, nil
}

func (z *zlibStream) drop() {
	if z.pending != nil {
		z.pending.Release()
		z.pending = nil
	}
}

func (z *zlibStream) rest() {}

// close gives the window back, exactly once: nothing may read it from then on.
func (z *zlibStream) close() {
	z.drop()
	if z.window == nil {
		return
	}
	z.stream = inflate.Stream{}
	pool.Poison(z.window.B)
	windows.Put(z.window)
	z.window = nil
}

// inflateError says what an error of the decoder means for the connection.
func inflateError(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, inflate.ErrTooLarge):
		return errTooLarge
	}
	return &corruptError{what: what, err: err}
}
