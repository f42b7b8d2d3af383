package trace

import (
	"errors"
	"math"
	"sync"
	"time"
)

// A Recorder records what goes by. Its methods may be called by any number of goroutines; all but Close
// copy what they are given into a block in memory and return, whatever the disk does. A goroutine of the
// recorder's own redacts, compresses and writes the blocks.
//
// What is recorded by one goroutine stays in order. Errors of writing end the recording, and show in
// [Recorder.Stats], [Recorder.Done] and [Recorder.Close].
type Recorder struct {
	options Options
	files   *files        // of the writing goroutine
	full    chan *block   // to be written; has room for all blocks
	done    chan struct{} // closed when nothing is recorded any more
	ended   chan struct{} // closed when the last file is closed
	err     error         // of the files; read behind ended
	once    sync.Once

	mu      sync.Mutex
	free    []*block
	current *block // nil where there is none, or none was free
	last    int64  // µs: the time of the last record in current
	dropped uint32 // since current began, or the last block was handed over
	events  int64  // in the present file
	begun   int64  // µs: the time of the present file's first record
	file    int    // number of the present file
	cut     bool   // it has reached its size
	over    bool   // nothing is recorded any more
	stats   Stats
}

// block is memory for records.
type block struct {
	raw     []byte
	first   int64 // µs
	records uint64
	dropped uint32 // before it
	file    int    // number of the file that it belongs to
	ends    bool   // that file ends with it
	part    bool   // it is handed over before it is full
}

// Create begins a recording in a file, which must not exist yet; with [Options.Rotate], in the first of its
// names that is free.
func Create(path string, o Options) (*Recorder, error) {
	r, err := newRecorder(path, o)
	if err != nil {
		return nil, err
	}
	go r.write()
	return r, nil
}

// newRecorder returns a recorder whose blocks nobody writes yet.
func newRecorder(path string, o Options) (*Recorder, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	w, err := newFiles(path, &o)
	if err != nil {
		return nil, err
	}
	blocks := max(2, o.Buffer/blockSize)
	r := &Recorder{
		options: o,
		files:   w,
		full:    make(chan *block, blocks+1),
		done:    make(chan struct{}),
		ended:   make(chan struct{}),
		free:    make([]*block, blocks),
	}
	for i := range r.free {
		r.free[i] = &block{} // memory comes with the first use
	}
	r.stats.Files, r.stats.Path, r.stats.Written = 1, w.file.path, headerSize
	return r, nil
}

// Record records a payload that the gateway sent; at is when its last bytes were read.
func (r *Recorder) Record(shard int, at time.Time, payload []byte) {
	r.add(Received, shard, at, 0, payload)
}

// RecordSent records a payload to the gateway. The strings of its keys named token are written over with asterisks.
func (r *Recorder) RecordSent(shard int, at time.Time, payload []byte) {
	r.add(Sent, shard, at, 0, withoutTokens(payload))
}

// RecordOpened records that a connection was opened.
func (r *Recorder) RecordOpened(shard int, at time.Time) { r.add(Opened, shard, at, 0, nil) }

// RecordClosed records that a connection ended: the close code is 0 for a close frame without one, and
// 1006 where there was no close frame.
func (r *Recorder) RecordClosed(shard int, at time.Time, code int) {
	r.add(Closed, shard, at, max(0, min(code, math.MaxUint16)), nil)
}

// RecordResumed records that the gateway took a resume.
func (r *Recorder) RecordResumed(shard int, at time.Time) { r.add(Resumed, shard, at, 0, nil) }

// RecordSession records that the gateway began a session.
func (r *Recorder) RecordSession(shard int, at time.Time) { r.add(Began, shard, at, 0, nil) }

// Add records anything, with what only a Record can say, such as the bytes on the wire. The record and its
// payload are not kept.
func (r *Recorder) Add(rec *Record) {
	payload := rec.Payload
	if rec.Kind == Sent {
		payload = withoutTokens(payload)
	}
	r.add(rec.Kind, rec.Shard, rec.At, rec.number(), payload)
}

func (r *Recorder) add(kind Kind, shard int, at time.Time, number int, payload []byte) {
	us := at.UnixMicro()
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.over:
		if r.stats.Err != nil {
			r.stats.Dropped++
		}
		return
	case len(payload) > MaxPayload || shard < 0 || shard > maxShard:
		r.drop()
		return
	}
	b := r.current
	if b == nil || len(b.raw)+len(payload)+maxRecordHead > cap(b.raw) {
		if b = r.turn(len(payload) + maxRecordHead); b == nil {
			r.drop()
			return
		}
	}
	if len(b.raw) == 0 {
		b.first, r.last = us, us
		if r.events == 0 {
			r.begun = us
		}
	}
	b.raw = appendRecord(b.raw, us-r.last, shard, kind, number, payload)
	r.last = us
	if kind == Sent {
		maskTokens(b.raw[len(b.raw)-len(payload):])
	}
	b.records++
	r.events++
	r.stats.Events++
	r.stats.Payload += uint64(len(payload))
	if r.cut || r.events == r.options.MaxEvents || r.options.MaxTime > 0 && us-r.begun >= r.options.MaxTime.Microseconds() {
		r.limit()
	}
}

// drop counts an event that is left out. The caller holds mu.
func (r *Recorder) drop() {
	r.stats.Dropped++
	if r.dropped < math.MaxUint32 {
		r.dropped++
	}
}

// turn hands the current block over and takes a free one with room for n bytes; nil if there is none. The
// caller holds mu.
func (r *Recorder) turn(n int) *block {
	if r.current != nil && len(r.current.raw) > 0 {
		r.hand()
	}
	if r.current == nil {
		if len(r.free) == 0 {
			return nil
		}
		r.current = r.free[len(r.free)-1]
		r.free = r.free[:len(r.free)-1]
	}
	b := r.current
	if cap(b.raw) < max(n, blockSize) {
		b.raw = make([]byte, 0, max(n, blockSize))
	}
	b.dropped, r.dropped = r.dropped, 0
	b.file = r.file
	return b
}

// hand gives the current block to be written. The caller holds mu.
func (r *Recorder) hand() {
	r.full <- r.current // has room for all
	r.current = nil
	r.stats.Waiting++
}

// limit ends the file behind the current block, and the recording where there is no other file. The caller
// holds mu.
func (r *Recorder) limit() {
	r.current.ends = true
	r.hand()
	r.file++
	r.events, r.cut = 0, false
	if !r.options.Rotate {
		r.finish()
	}
}

// finish ends the recording: the last blocks are written, and the file is closed. The caller holds mu.
func (r *Recorder) finish() {
	if r.over {
		return
	}
	r.over, r.stats.Finished = true, true
	close(r.full)
	close(r.done)
}

// Stats returns what was recorded until now.
func (r *Recorder) Stats() Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stats
}

// Done is closed when nothing is recorded any more: a limit was reached, writing failed, or Close was called.
func (r *Recorder) Done() <-chan struct{} { return r.done }

// Close ends the recording, waits until everything is written, and returns what went wrong with that. Events
// that are recorded afterwards are ignored. It may be called again.
func (r *Recorder) Close() error {
	r.once.Do(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.over {
			return
		}
		if b := r.current; b != nil && len(b.raw) > 0 {
			r.hand()
		}
		if r.dropped > 0 { // behind the last block
			r.full <- &block{dropped: r.dropped, file: r.file}
			r.dropped = 0
			r.stats.Waiting++
		}
		r.finish()
	})
	<-r.ended
	return r.err
}

// errWriting is the error of a block behind the one whose file could not be begun.
var errWriting = errors.New("trace: writing has failed")
