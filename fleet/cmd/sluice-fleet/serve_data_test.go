//go:build unix && !plan9 && !aix

package main

import (
	"fmt"
	"syscall"
	"testing"
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
	again := func(ready [serveShards]int) bool {
		sum := 0
		for _, n := range ready {
			sum += n - 1
		}
		return sum == 2
	}
	s.settle(b, "the second was killed", again)

	end := s.load(b, "the second is back")
	s.start("second", "--http", pages, "--data", dir, "--listen-bots", second)
	eventually(t, "the second has its share again", func() bool { return sessions(t, pages) == 2 })
	end()
	s.settle(b, "the second is back, and all is calm", again)
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
	again := 0
	for shard, n := range b.ready {
		again += n - 1
		if b.lost[shard] != n-1 {
			t.Errorf("shard %d began %d times, and %d losses were told", shard, n, b.lost[shard])
		}
	}
	if r := s.gateway.Report(); r.Identifies != int64(serveShards+again) {
		t.Errorf("%d identifies, and %d sessions of bots began again", r.Identifies, again)
	}
	t.Logf("of two shards, %d began anew; a shard was away for %v at most", again, s.away())
}
