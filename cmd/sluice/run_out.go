package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/sluice-go/sluice/engine"
)

// sink writes events as lines. Every line is one write, so that what was
// delivered is written, whatever becomes of the process.
type sink struct {
	mu    sync.Mutex
	w     io.Writer
	file  *os.File // to close; nil for standard output
	line  []byte
	err   error // of the first write that failed
	abort context.CancelCauseFunc
}

// openSink opens what --out names; nil for nothing. abort is called when a write
// fails.
func openSink(name string, stdout io.Writer, abort context.CancelCauseFunc) (*sink, error) {
	switch name {
	case "":
		return nil, nil
	case "-":
		return &sink{w: stdout, abort: abort}, nil
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("cannot open --out: %w", err)
	}
	return &sink{w: file, file: file, abort: abort}, nil
}

// event writes the whole payload. A line break in it can only be white space
// between tokens, and becomes a space.
func (s *sink) event(ev *engine.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return
	}
	s.line = append(s.line[:0], ev.Payload...)
	for i, c := range s.line {
		if c == '\n' || c == '\r' {
			s.line[i] = ' '
		}
	}
	s.line = append(s.line, '\n')
	if _, err := s.w.Write(s.line); err != nil {
		s.err = fmt.Errorf("cannot write events to --out: %w", err)
		if isBrokenPipe(err) {
			s.err = errors.New("cannot write events to --out: whoever read them is gone")
		}
		s.abort(s.err)
	}
	if cap(s.line) > maxLine {
		s.line = nil
	}
}

// maxLine is how large a line buffer is kept.
const maxLine = 1 << 20

// close returns the first error of writing or closing.
func (s *sink) close() error {
	if s == nil {
		return nil
	}
	if !s.mu.TryLock() {
		return nil // a write is stuck; the process ends without it
	}
	defer s.mu.Unlock()
	if s.file == nil {
		return s.err
	}
	return errors.Join(s.err, s.file.Close())
}
