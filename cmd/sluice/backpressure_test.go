package main

import (
	"fmt"
	"io"
	"strings"
	"syscall"
	"testing"

	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/gatewaytest/fault"
)

// When the reader of standard output goes away, the command ends orderly, keeps
// the session, and fails.
func TestRunReaderGone(t *testing.T) {
	t.Parallel()
	srv := gatewaytest.NewServer(t, gatewaytest.WithTLS(false))
	p := prepare(t, srv.Token(), runArgs(t, srv, "--out=-")...)
	reader := p.startPiped()
	awaitReady(t, srv, 0)
	_ = reader.Close()
	srv.Dispatch(0, "MESSAGE_CREATE", []byte(`{}`))
	if status := p.wait(); status != 1 {
		t.Errorf("status %d, want 1", status)
	}
	wantText(t, p.stderr.String(), "cannot write events to --out")
	if s := srv.Sessions(); len(s) != 1 {
		t.Errorf("%d sessions can be resumed, want 1", len(s))
	}
}

// When the reader only stalls, heartbeats go on and nothing is lost.
func TestRunReaderStalls(t *testing.T) {
	skipShort(t)
	t.Parallel()
	// Behind the first event the shard is told to hurry. The server itself does not insist on
	// that: a heartbeat may be late on a machine with much to do.
	srv := gatewaytest.NewServer(t, gatewaytest.WithTLS(false), gatewaytest.WithFaults(fault.Fault{
		Point: fault.AtEvent, Action: fault.ActionSend, Text: `{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":1000}}`}))
	p := prepare(t, srv.Token(), runArgs(t, srv, "--out=-", "--events=MESSAGE_CREATE")...)
	reader := p.startPiped()
	awaitReady(t, srv, 0)
	const events = 100
	for i := range events { // a pipe holds 64 KiB
		srv.Dispatch(0, "MESSAGE_CREATE", fmt.Appendf(nil, `{"n":%d,"fill":%q}`, i, strings.Repeat("x", 2000)))
	}
	beats := func() (n int) {
		for _, payload := range srv.Received(0) {
			if strings.Contains(string(payload), `"op":1`) {
				n++
			}
		}
		return n
	}
	before := beats()
	eventually(t, "two heartbeats while the reader stalls", func() bool { return beats() >= before+2 })
	got := make(chan int)
	go func() {
		text, _ := io.ReadAll(reader)
		got <- strings.Count(string(text), "\n")
	}()
	eventually(t, "a heartbeat after the stall", func() bool { return beats() >= before+3 })
	p.signal(syscall.SIGTERM)
	if status := p.wait(); status != 0 {
		t.Errorf("status %d", status)
	}
	if n := <-got; n != events {
		t.Errorf("%d of %d events were written", n, events)
	}
}

// A reader that stalls for ever cannot keep a signal from ending the command.
func TestRunReaderNeverReads(t *testing.T) {
	skipShort(t)
	t.Parallel()
	srv := gatewaytest.NewServer(t, gatewaytest.WithTLS(false))
	p := prepare(t, srv.Token(), runArgs(t, srv, "--out=-", "--events=MESSAGE_CREATE")...)
	reader := p.startPiped()
	awaitReady(t, srv, 0)
	srv.Dispatch(0, "MESSAGE_CREATE", fmt.Appendf(nil, `{"fill":%q}`, strings.Repeat("x", 1<<20)))
	if _, err := reader.Read(make([]byte, 1)); err != nil { // so the write has begun, and a pipe holds 64 KiB
		t.Fatal(err)
	}
	p.signal(syscall.SIGTERM)
	if status := p.wait(); status != 0 {
		t.Errorf("status %d", status)
	}
	if s := srv.Sessions(); len(s) != 1 {
		t.Errorf("%d sessions can be resumed, want 1", len(s))
	}
}
