package engine

import (
	"errors"

	"github.com/sluice-go/sluice/internal/inflate"
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
	pending *pool.Buffer // the messages of a payload that is not yet whole
}

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

func (z *zlibStream) close() { z.drop() }

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
