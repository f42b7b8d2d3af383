package inflow

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
	stream    inflate.Stream
	window    *slab.Block       // of stream; nil before the first message
	packed    packed            // window as it was, while nothing happens
	forgotten inflate.Forgotten // by stream, while it is packed
	counted   counted
}

// windows are the memory of all connections' windows. They live as long as these,
// so on the heap they would have the collector leave as much garbage again.
var windows = slab.New(inflate.WindowSize)

// WindowsLent returns how many connections have a window.
func WindowsLent() int { return windows.Lent() }

// decode implements stream.
func (z *zlibStream) decode(in *Decompressor, message []byte) (payload []byte, done bool, err error) {
	if z.window == nil {
		z.window = windows.Get()
		z.stream.SetWindow((*inflate.Window)(z.window.B))
		z.counted.set(inflate.WindowSize)
	}
	payload, done, err = in.decoder().Decode(&z.stream, message, in.limit)
	if err != nil && z.packed.block != nil { // it may be for what is missing of the window
		if err = z.unpack(); err == nil {
			payload, done, err = in.decoder().Decode(&z.stream, message, in.limit)
		}
	}
	return payload, done, inflateError("zlib-stream", err)
}

// cuttable implements stream: a message is done where the stream was flushed, which
// is where a payload ends.
func (z *zlibStream) cuttable() bool { return false }

func (z *zlibStream) rest() {}

// pack implements stream.
func (z *zlibStream) pack() {
	if z.window == nil || !z.window.Droppable() {
		return
	}
	_, n := z.stream.Remembered()
	if z.packed.block != nil {
		if n < packAgain || z.unpack() != nil {
			return
		}
		_, n = z.stream.Remembered()
	}
	if n >= packFrom && z.packed.put(z.window.B, inflate.WindowSize-packResident) {
		z.forgotten = z.stream.Forget(packKept)
		z.dropForgotten()
		z.counted.set(packResident + len(z.packed.block.B))
	}
}

// dropForgotten gives back the pages of the window that hold nothing that is remembered.
func (z *zlibStream) dropForgotten() {
	start, n := z.stream.Remembered()
	if end := start + n; end <= inflate.WindowSize {
		z.window.Drop(0, start)
		z.window.Drop(end, inflate.WindowSize)
	} else {
		z.window.Drop(end-inflate.WindowSize, start)
	}
}

// unpack brings the window back.
func (z *zlibStream) unpack() error {
	old, err := z.packed.take()
	defer old.Release()
	z.counted.set(inflate.WindowSize)
	if err == nil {
		z.stream.Recall(z.forgotten, (*inflate.Window)(old.B))
	}
	return err
}

// close gives the window back, exactly once: nothing may read it from then on.
func (z *zlibStream) close() {
	if z.window == nil {
		return
	}
	z.packed.drop()
	z.stream = inflate.Stream{}
	pool.Poison(z.window.B)
	windows.Put(z.window)
	z.window = nil
	z.counted.set(0)
}

// inflateError says what an error of the decoder means for the connection.
func inflateError(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, inflate.ErrTooLarge):
		return ErrTooLarge
	}
	return &CorruptError{What: what, Err: err}
}
