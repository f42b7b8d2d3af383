package inflow

import (
	"errors"
	"fmt"

	"github.com/sluice-go/sluice/internal/zstd"
	"github.com/sluice-go/sluice/pool"
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
	packed    packed // what stream has forgotten, while nothing happens
	maxWindow int
	counted   counted
}

// decode implements stream.
func (z *zstdStream) decode(in *Decompressor, message []byte) (payload []byte, done bool, err error) {
	d := in.zstdDecoder()
	d.MaxWindow = z.maxWindow
	payload, done, err = d.Decode(&z.stream, message, in.limit)
	if z.packed.block != nil {
		if err != nil && z.stream.Forgotten() { // it may be for what is missing of the window
			if err = z.unpack(); err == nil {
				payload, done, err = d.Decode(&z.stream, message, in.limit)
			}
		} else if !z.stream.Forgotten() {
			z.packed.drop()
		}
	}
	z.count()
	return payload, done, zstdError(err)
}

// cuttable implements stream: a message is done where a block ends.
func (z *zstdStream) cuttable() bool { return true }

func (z *zstdStream) rest() {}

// pack implements stream.
func (z *zstdStream) pack() {
	if z.packed.block != nil && (z.stream.Remembered() < packAgain || z.unpack() != nil) {
		return
	}
	n := z.stream.Remembered()
	if n < packFrom || n > packMost {
		return
	}
	all := pool.Get(n)
	defer all.Release()
	all.B = z.stream.AppendRemembered(all.B)
	if z.packed.put(all.B, z.stream.Window()-packKept) {
		z.stream.Forget(packKept)
		z.count()
	}
}

// count notes how many bytes the window has, or what is left of it.
func (z *zstdStream) count() {
	n := z.stream.Window()
	if z.packed.block != nil {
		n += len(z.packed.block.B)
	}
	z.counted.set(n)
}

// unpack brings the window back.
func (z *zstdStream) unpack() error {
	old, err := z.packed.take()
	defer old.Release()
	if err == nil {
		z.stream.Recall(old.B)
	}
	return err
}

// close gives back what lies outside the heap.
func (z *zstdStream) close() {
	z.packed.drop()
	z.counted.set(0)
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
