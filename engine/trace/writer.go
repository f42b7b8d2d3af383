package trace

import (
	"fmt"
	"math"
)

// A Writer writes a file record by record, for tools: it compresses and writes in [Writer.Write], and
// leaves nothing out. One goroutine may use it at a time. A bot records with a [Recorder].
type Writer struct {
	file    *file
	raw     []byte
	first   int64
	last    int64
	dropped uint32
	closed  bool
}

// NewWriter creates a file, which must not exist yet.
func NewWriter(path string, h Header) (*Writer, error) {
	f, err := createFile(path, h, newEncoder(false))
	if err != nil {
		return nil, err
	}
	return &Writer{file: f, raw: make([]byte, 0, blockSize+maxRecordHead)}, nil
}

// Write appends a record. Tokens of a Sent payload are written over. The error is one of the disk, or
// that the record cannot be: a payload longer than [MaxPayload], or a shard below 0.
func (w *Writer) Write(r *Record) error {
	switch {
	case w.closed:
		return ErrClosed
	case len(r.Payload) > MaxPayload:
		return fmt.Errorf("trace: a payload of %d bytes is longer than the %d that a trace takes", len(r.Payload), MaxPayload)
	case r.Shard < 0 || r.Shard > maxShard:
		return fmt.Errorf("trace: there is no shard %d", r.Shard)
	}
	if len(w.raw) > 0 && len(w.raw)+len(r.Payload)+maxRecordHead > blockSize {
		if err := w.flush(); err != nil {
			return err
		}
	}
	at := r.At.UnixMicro()
	if len(w.raw) == 0 {
		w.first, w.last = at, at
	}
	payload := r.Payload
	if r.Kind == Sent {
		payload = withoutTokens(payload)
	}
	w.raw = appendRecord(w.raw, at-w.last, r.Shard, r.Kind, r.number(), payload)
	w.last = at
	if r.Kind == Sent {
		maskTokens(w.raw[len(w.raw)-len(payload):])
	}
	return nil
}

// Dropped notes that n records are missing here.
func (w *Writer) Dropped(n uint32) {
	w.dropped = uint32(min(uint64(w.dropped)+uint64(n), math.MaxUint32))
}

func (w *Writer) flush() error {
	err := w.file.writeBlock(w.raw, w.first, w.dropped)
	w.raw, w.dropped = w.raw[:0], 0
	return err
}

// Close writes what is left and the index, and closes the file.
func (w *Writer) Close() error {
	if w.closed {
		return ErrClosed
	}
	w.closed = true
	if len(w.raw) > 0 || w.dropped > 0 {
		_ = w.flush() // the file keeps the error
	}
	return w.file.close()
}
