//go:build !race

// Compressing is slow under the race detector, and nothing here is concurrent.

package traffic

import (
	"bytes"
	"compress/zlib"
	"slices"
	"testing"
)

// A stream counts what payloads become in one zlib stream, level 6 with a sync
// flush after each, as under zlib-stream.
type stream struct {
	z     *zlib.Writer
	wire  bytes.Buffer
	sizes []int // of the payloads
	total int
}

func newStream(t *testing.T) *stream {
	t.Helper()
	s := new(stream)
	z, err := zlib.NewWriterLevel(&s.wire, 6)
	if err != nil {
		t.Fatal(err)
	}
	s.z = z
	return s
}

func (s *stream) send(t *testing.T, payload []byte) {
	t.Helper()
	if _, err := s.z.Write(payload); err != nil {
		t.Fatal(err)
	}
	if err := s.z.Flush(); err != nil {
		t.Fatal(err)
	}
	s.sizes = append(s.sizes, len(payload))
	s.total += len(payload)
}

func (s *stream) ratio() float64 { return float64(s.total) / float64(s.wire.Len()) }

// within fails the test unless got is at most 10 % off want.
func within(t *testing.T, what string, got, want float64) {
	t.Helper()
	t.Logf("%s: %.4g, wanted %.4g (%+.1f %%)", what, got, want, 100*(got/want-1))
	if got < 0.9*want || got > 1.1*want {
		t.Errorf("%s: %.4g is more than 10 %% off %.4g", what, got, want)
	}
}

// TestSteadyShape compares with what a large bot receives in steady operation.
func TestSteadyShape(t *testing.T) {
	g, s := New(1), newStream(t)
	var b []byte
	for seq := range int64(8_000) {
		b = g.AppendEvent(b[:0], seq+1)
		s.send(t, b)
	}
	slices.Sort(s.sizes)
	n := len(s.sizes)
	within(t, "mean", float64(s.total)/float64(n), 822)
	within(t, "p50", float64(s.sizes[n/2]), 769)
	within(t, "p90", float64(s.sizes[n*90/100]), 1558)
	within(t, "p99", float64(s.sizes[n*99/100]), 2381)
	within(t, "bytes on the wire", float64(s.wire.Len())/float64(n), 221)
	within(t, "ratio", s.ratio(), 3.7)
}

// TestStartShape compares with what a shard of many guilds receives at its start.
func TestStartShape(t *testing.T) {
	g, s := New(1), newStream(t)
	ids := GuildIDs(3, 16, 100)
	s.send(t, AppendPayload(nil, "READY", 1, Ready(nil, ReadyOptions{ShardID: 3, ShardCount: 16, GuildIDs: ids})))
	var d, b []byte
	for i, id := range ids {
		d = g.GuildCreate(d[:0], id, 0)
		b = AppendPayload(b[:0], "GUILD_CREATE", int64(i+2), d)
		s.send(t, b)
	}
	within(t, "mean", float64(s.total-s.sizes[0])/float64(len(ids)), DefaultGuildSize)
	within(t, "ratio", s.ratio(), 5.5)
}
