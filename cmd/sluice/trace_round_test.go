package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/trace"
	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/gatewaytest/fault"
	"github.com/sluice-go/sluice/lazyjson"
)

// How long the tests of this file record, and how much; make trace has them long.
var (
	traceTime = flag.Duration("trace.time", 3*time.Second, "how long the tests of traces record")
	traceRate = flag.Float64("trace.rate", 2000, "events a second that the process records that is killed")
)

// dispatches returns the events of a trace that are played back, as t and d, and checks that the sequences
// of each session rise, so that no event is in it twice.
func dispatches(t *testing.T, path string) (events []string) {
	t.Helper()
	r, err := trace.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	last := int64(0)
	for rec, err := range r.All() {
		if err != nil {
			t.Fatal(err)
		}
		env, err := lazyjson.Peek(rec.Payload)
		if rec.Kind != trace.Received || err != nil || env.Op != 0 {
			continue
		}
		switch name := string(env.Type(rec.Payload)); name {
		case "READY":
			last = env.Seq
		case "RESUMED":
		default:
			if env.Seq <= last {
				t.Fatalf("sequence %d comes behind %d", env.Seq, last)
			}
			last = env.Seq
			events = append(events, name+" "+string(env.Data(rec.Payload)))
		}
	}
	return events
}

// TestTraceRoundTrip records from a gateway under chaos, and plays the recording back to sluice run through
// connections that are dropped: every event comes once, byte for byte.
func TestTraceRoundTrip(t *testing.T) {
	skipShort(t)
	t.Parallel()
	dir := t.TempDir()
	recorded, out := filepath.Join(dir, "bot.trace"), filepath.Join(dir, "events")
	srv := gatewaytest.NewServer(t, gatewaytest.WithGuilds(3, 3000), gatewaytest.WithTraffic(400), gatewaytest.WithIdentifyInterval(100*time.Millisecond),
		gatewaytest.WithHeartbeatInterval(time.Second), gatewaytest.WithChaosInterval(7, time.Second))
	args := runArgs(t, srv, "--out="+recorded, "--redact=false", "--log-level=error")
	args[0] = "record"
	p := start(t, srv.Token(), args...)
	awaitReady(t, srv, 0)
	time.Sleep(*traceTime) // it is the time that is recorded
	p.signal(syscall.SIGTERM)
	if status := p.wait(); status != 0 {
		t.Fatalf("status %d", status)
	}
	want := dispatches(t, recorded)
	t.Logf("%d events; faults %v", len(want), srv.Report().Faults)
	if len(want) < int(traceTime.Seconds()*40) {
		t.Fatalf("only %d events were recorded", len(want))
	}

	r, err := trace.Open(recorded)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	fault, err := fault.Parse("event 200: drop")
	if err != nil {
		t.Fatal(err)
	}
	replay := gatewaytest.NewServer(t, gatewaytest.WithTrace(r, gatewaytest.Saturated), gatewaytest.WithFaults(fault))
	q := start(t, replay.Token(), runArgs(t, replay, "--out="+out, "--log-level=error")...)
	var lines []string
	eventually(t, "all events", func() bool {
		text, _ := os.ReadFile(out)
		lines = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		return len(lines) >= len(want)+1 && strings.HasSuffix(string(text), "\n")
	})
	q.signal(syscall.SIGTERM)
	if status := q.wait(); status != 0 {
		t.Fatalf("status %d", status)
	}
	if n := replay.Report().Resumes; n == 0 {
		t.Error("the connection was never dropped")
	}
	var got []string
	for _, line := range lines {
		env, err := lazyjson.Peek([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		if name := string(env.Type([]byte(line))); name != "READY" && name != "RESUMED" {
			if got = append(got, name+" "+string(env.Data([]byte(line)))); env.Seq != int64(len(got)+1) {
				t.Fatalf("sequence %d of event %d", env.Seq, len(got))
			}
		}
	}
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			t.Fatalf("event %d of %d was %s, and came as one of %d", i, len(want), want[i], len(got))
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d events came, %d were recorded", len(got), len(want))
	}
}

// TestRecordKilled: what was recorded up to a second before a KILL can be read.
func TestRecordKilled(t *testing.T) {
	skipShort(t)
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bot.trace")
	srv := gatewaytest.NewServer(t, gatewaytest.WithShards(10), gatewaytest.WithMaxConcurrency(10), gatewaytest.WithTraffic(*traceRate/10), gatewaytest.WithWorlds(0))
	args := runArgs(t, srv, "--out="+path, "--redact=false", "--log-level=error")
	args[0] = "record"
	p := start(t, srv.Token(), args...)
	for shard := range 10 {
		awaitReady(t, srv, shard)
	}
	time.Sleep(*traceTime) // it is the time that is recorded
	killed := time.Now()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.wait()
	r, err := trace.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	n := 0
	for _, err := range r.All() {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	_, latest := r.Span()
	t.Logf("%d events, the latest %v before the end, %d were left out, %d bytes behind the last block", n, killed.Sub(latest), r.Dropped(), r.Truncated())
	if r.Complete() || killed.Sub(latest) > time.Second || n < int(*traceRate*traceTime.Seconds()/4) {
		t.Errorf("%d events, up to %v before the end; complete: %t", n, killed.Sub(latest), r.Complete())
	}
	if done, err := trace.Repair(path); err != nil || done.Records != int64(n) {
		t.Errorf("repaired: %+v, %v", done, err)
	}
}

// TestRecordWrites: redaction is on by default, a limit ends the recording, and the token is in no file.
func TestRecordWrites(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "bot.trace")
	srv := gatewaytest.NewServer(t)
	args := runArgs(t, srv, "--out="+path, "--limit=30")
	args[0] = "record"
	p := start(t, srv.Token(), args...)
	awaitReady(t, srv, 0)
	for i := range 40 {
		srv.Dispatch(0, "MESSAGE_CREATE", fmt.Appendf(nil, `{"id":"%d","content":"nobody should know"}`, 1_234_567_890_123_456_789+int64(i)))
	}
	if status := p.wait(); status != 0 {
		t.Fatalf("status %d", status)
	}
	wantText(t, p.stderr.String(), "events=30", "dropped=0")
	text := must(t, "trace", "cat", path)
	if strings.Count(text, "\n") != 30 || strings.Contains(text, "nobody") || strings.Contains(text, "12345678901234567") {
		t.Errorf("recorded %s", text)
	}
	data, err := os.ReadFile(path)
	if err != nil || strings.Contains(text+string(data), srv.Token()) {
		t.Errorf("the token is in the file, or %v", err)
	}
	again := start(t, srv.Token(), args...)
	if status := again.wait(); status != 1 {
		t.Errorf("a second recording in the same file: status %d", status)
	}
	wantText(t, again.stderr.String(), path+" exists already: name another file")
}

// TestReplayCommand: the gateway of sluice replay plays the trace back.
func TestReplayCommand(t *testing.T) {
	t.Parallel()
	path := writeTrace(t, 40, trace.Header{Shards: 2})
	p := start(t, "", "replay", path, "--speed=max", "--tls=false", "--shards=2", "--max-concurrency=2")
	p.stdout.await(t, "the token", func(o *output) bool { return len(o.lines()) >= 3 })
	fields := make(map[string]string)
	for _, line := range strings.Split(strings.TrimSpace(p.stdout.String()), "\n") {
		name, value, _ := strings.Cut(line, " ")
		fields[name] = strings.TrimSpace(value)
	}
	out := filepath.Join(t.TempDir(), "events")
	q := start(t, fields["token"], "run", "--api-url="+fields["api"], "--out="+out)
	eventually(t, "all events", func() bool {
		text, _ := os.ReadFile(out)
		return strings.Count(string(text), "everybody dance") == 40
	})
	q.signal(os.Interrupt)
	if status := q.wait(); status != 0 {
		t.Errorf("status %d", status)
	}
	p.signal(os.Interrupt)
	if status := p.wait(); status != 0 {
		t.Errorf("status %d", status)
	}
}

// TestDemoTrace: the demo measures the engine on a trace.
func TestDemoTrace(t *testing.T) {
	skipShort(t)
	t.Parallel()
	path := writeTrace(t, 100, trace.Header{Shards: 4})
	p := start(t, "", "demo", "--trace="+path, "--speed=1000", "--duration=1s", "--json")
	var s struct {
		Events     int64
		Lost       int64
		Duplicates int64
		Shards     int `json:"shards_ready"`
	}
	figuresOf(t, p, &s)
	if s.Shards != 4 || s.Events < 100 || s.Lost != 0 || s.Duplicates != 0 {
		t.Errorf("%+v", s)
	}
}
