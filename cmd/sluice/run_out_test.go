//go:build !plan9

package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/sluice-go/sluice/engine"
)

// written collects each write.
type written struct{ writes []string }

func (w *written) Write(p []byte) (int, error) {
	w.writes = append(w.writes, string(p))
	return len(p), nil
}

func TestSinkWritesLines(t *testing.T) {
	w := &written{}
	s := &sink{w: w}
	tests := []struct{ payload, want string }{
		{`{"op":0}`, `{"op":0}`},
		{"{\"op\":0,\n\"d\":\r\n{}}", `{"op":0, "d":  {}}`},
		{"{\t\"d\":\"a\\nb\"}", "{\t\"d\":\"a\\nb\"}"},
	}
	for i, tt := range tests {
		payload := []byte(tt.payload)
		s.event(&engine.Event{Payload: payload})
		if string(payload) != tt.payload {
			t.Errorf("the borrowed payload was changed to %q", payload)
		}
		if len(w.writes) != i+1 || w.writes[i] != tt.want+"\n" {
			t.Errorf("want one write of %q, got %q", tt.want+"\n", w.writes[i:])
		}
	}
	s.event(&engine.Event{Payload: bytes.Repeat([]byte("x"), maxLine+1)})
	if cap(s.line) > maxLine {
		t.Errorf("one large payload left a buffer of %d bytes", cap(s.line))
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
}

func TestSinkDoesNotAllocate(t *testing.T) {
	s := &sink{w: discard{}}
	ev := &engine.Event{Payload: bytes.Repeat([]byte("x"), 800)}
	s.event(ev)
	if n := testing.AllocsPerRun(100, func() { s.event(ev) }); n != 0 {
		t.Errorf("%v allocations for an event", n)
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// refusing fails every write.
type refusing struct {
	err   error
	calls int
}

func (r *refusing) Write([]byte) (int, error) { r.calls++; return 0, r.err }

func TestSinkEndsTheRunOnAnError(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want string
	}{
		{errors.New("disk full"), "cannot write events to --out: disk full"},
		{&os.PathError{Op: "write", Path: "x", Err: syscall.EPIPE}, "whoever read them is gone"},
	} {
		w := &refusing{err: tt.err}
		ctx, abort := context.WithCancelCause(context.Background())
		s := &sink{w: w, abort: abort}
		s.event(&engine.Event{Payload: []byte("{}")})
		s.event(&engine.Event{Payload: []byte("{}")})
		if w.calls != 1 {
			t.Errorf("%d writes after the first had failed", w.calls-1)
		}
		if cause := context.Cause(ctx); cause == nil || cause.Error() != s.close().Error() {
			t.Errorf("ended by %v", cause)
		}
		wantText(t, s.close().Error(), tt.want)
	}
}

func TestSinkAppendsWholeLinesOfManyShards(t *testing.T) {
	file := filepath.Join(t.TempDir(), "events")
	if err := os.WriteFile(file, []byte("before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := openSink(file, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var shards sync.WaitGroup
	for range 4 {
		shards.Go(func() {
			for range 100 {
				s.event(&engine.Event{Payload: []byte(`{"op":0}`)})
			}
		})
	}
	shards.Wait()
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil || string(text) != "before\n"+strings.Repeat("{\"op\":0}\n", 400) {
		t.Errorf("%d bytes, %v", len(text), err)
	}
	if s, err := openSink("", nil, nil); s != nil || err != nil || s.close() != nil {
		t.Errorf("no --out: %v, %v", s, err)
	}
}
