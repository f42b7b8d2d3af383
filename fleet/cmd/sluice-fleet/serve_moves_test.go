//go:build unix && !plan9 && !aix

package main

import (
	"strings"
	"syscall"
	"testing"
)

// TestServeMoves: a bot on one process of a fleet has the shards of all. A shard that moves, since a process joins,
// is drained, or a person wants it, takes its bots along: they resume, and each event comes once.
func TestServeMoves(t *testing.T) {
	s := newServers(t)
	page, pages := free(t), free(t)
	_, first := s.start("first", "--http", page)
	b := s.bot(first)
	s.settle(b, "one process", atLeast(1))
	once, never := [serveShards]int{1, 1, 1, 1}, [serveShards]int{}

	end := s.load(b, "a process joins")
	other, second := s.start("second", "--http", pages)
	eventually(t, "a second process has its share", func() bool { return sessions(t, page) == 2 && sessions(t, pages) == 2 })
	end()
	late := s.bot(second)
	s.settle(late, "a bot on the second", atLeast(1))
	if text := get(t, page, "/api/v1/bots"); strings.Count(text, `"blue"`) != serveShards {
		t.Errorf("the page has not the bots of both on the first's shards: %s", text)
	}

	end, endLate := s.load(b, "two shards are moved"), s.load(late, "two shards are moved, seen by the other")
	admin := s.admin()
	for shard := range serveShards {
		if err := admin.Move(t.Context(), shard, "second"); err != nil {
			t.Log(err) // it has it
		}
	}
	eventually(t, "two shards move", func() bool { return s.gateway.Report().Resumes >= 4 })
	end()
	endLate()
	late.check(t, "moved", once, never)

	end = s.load(b, "the second is drained")
	if err := other.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the first has all", func() bool { return sessions(t, page) == 2*serveShards })
	end()
	<-other.ended
	b.check(t, "drained", once, never)
	if r := s.gateway.Report(); r.Identifies != serveShards {
		t.Errorf("%d identifies, want one for each shard", r.Identifies)
	}
}
