//go:build unix && !plan9 && !aix

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/fleet"
)

// TestServeData: a process that is back at once, after it was killed or ended in order, has its shards go on: bots resume, and
// each event comes once.
func TestServeData(t *testing.T) {
	s := newServers(t)
	page, dir := free(t), t.TempDir()
	p, address := s.start("first", "--http", page, "--data", dir)
	b := s.bot(address)
	s.settle(b, "one process", atLeast(1))
	once, never := [serveShards]int{1, 1, 1, 1}, [serveShards]int{}
	for i, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM, syscall.SIGKILL} {
		end := s.load(b, fmt.Sprintf("end %d, by %v", i, sig))
		if err := p.Signal(sig); err != nil {
			t.Fatal(err)
		}
		<-p.ended
		p, _ = s.start("first", "--http", page, "--data", dir, "--listen-bots", address)
		eventually(t, "it goes on", func() bool { return s.gateway.Report().Resumes >= int64((i+1)*serveShards) })
		end()
		b.check(t, sig.String(), once, never)
	}
	if r := s.gateway.Report(); r.Identifies != serveShards {
		t.Errorf("%d identifies, want one for each shard", r.Identifies)
	}
	late := s.bot(address)
	s.settle(late, "a bot that begins behind all that", atLeast(1))
	t.Logf("a shard was away for %v at most", s.away())
}

// TestServeDataStale: where another process has taken the shards over, what lies on the disk of the one that was killed is of
// no use, and is not used when the shards come back to it.
func TestServeDataStale(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	s := newServers(t)
	page, pages, dir := free(t), free(t), t.TempDir()
	_, first := s.start("first", "--http", page)
	b := s.bot(first)
	s.settle(b, "one process", atLeast(1))
	other, second := s.start("second", "--http", pages, "--data", dir)
	eventually(t, "a second process has its share", func() bool { return sessions(t, pages) == 2 })
	s.settle(b, "a second process", atLeast(1))
	if err := other.Kill(); err != nil {
		t.Fatal(err)
	}
	s.settle(b, "the second was killed", again(2))

	end := s.load(b, "the second is back")
	s.start("second", "--http", pages, "--data", dir, "--listen-bots", second)
	eventually(t, "the second has its share again", func() bool { return sessions(t, pages) == 2 })
	end()
	s.settle(b, "the second is back, and all is calm", again(2))
	b.mu.Lock()
	defer b.mu.Unlock()
	for shard, n := range b.ready {
		if b.lost[shard] != n-1 {
			t.Errorf("shard %d began %d times, and %d losses were told", shard, n, b.lost[shard])
		}
	}
	if r := s.gateway.Report(); r.Identifies != serveShards+2 {
		t.Errorf("%d identifies, want one for each time that a shard began somewhere", r.Identifies)
	}
}

// TestServeDataBack: a process among others that is killed and back at once has its shards go on, if it was fast enough. Whether
// it was or not, nothing is missing without a word, and nothing comes twice.
func TestServeDataBack(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes half a minute")
	}
	s := newServers(t)
	page, pages, dir := free(t), free(t), t.TempDir()
	_, first := s.start("first", "--http", page)
	b := s.bot(first)
	s.settle(b, "one process", atLeast(1))
	p, second := s.start("second", "--http", pages, "--data", dir)
	eventually(t, "a second process has its share", func() bool { return sessions(t, pages) == 2 })
	s.settle(b, "a second process", atLeast(1))
	resumes := s.gateway.Report().Resumes
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	s.start("second", "--http", pages, "--data", dir, "--listen-bots", second)
	eventually(t, "all shards are somebody's", func() bool {
		r := s.gateway.Report()
		return sessions(t, page)+sessions(t, pages) == serveShards && r.Resumes+r.Identifies >= resumes+serveShards+2
	})
	s.settle(b, "the second is back", atLeast(1))
	b.mu.Lock()
	defer b.mu.Unlock()
	anew := 0
	for shard, n := range b.ready {
		anew += n - 1
		if b.lost[shard] != n-1 {
			t.Errorf("shard %d began %d times, and %d losses were told", shard, n, b.lost[shard])
		}
	}
	if r := s.gateway.Report(); r.Identifies != int64(serveShards+anew) {
		t.Errorf("%d identifies, and %d sessions of bots began again", r.Identifies, anew)
	}
	t.Logf("of two shards, %d began anew; a shard was away for %v at most", anew, s.away())
}

// TestServeDataInUse: a process that waits for its directory ends in order when it is to end, and not with what it waited for.
func TestServeDataInUse(t *testing.T) {
	s := newServers(t)
	dir := t.TempDir()
	other := session.NewFile(filepath.Join(dir, "sessions.json"))
	if _, err := other.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	conn, err := nats.Connect(s.nats)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	t.Setenv("DISCORD_TOKEN", s.gateway.Token())
	t.Setenv("SLUICE_BOTS", "blue "+botToken)
	ctx, end := context.WithCancel(t.Context())
	defer end()
	cmd := newServe()
	cmd.SetArgs([]string{"--nats", s.nats, "--api-url", s.gateway.APIURL(), "--listen-bots", free(t), "--data", dir})
	ended := make(chan error, 1)
	go func() { ended <- cmd.ExecuteContext(ctx) }()
	eventually(t, "it joins", func() bool {
		a, err := fleet.Open(t.Context(), conn, engine.NewToken(s.gateway.Token()))
		if err != nil {
			return false
		}
		status, err := a.Status(t.Context())
		return err == nil && len(status.Nodes) == 1
	})
	end()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
}
