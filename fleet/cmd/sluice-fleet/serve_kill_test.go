//go:build unix && !plan9 && !aix

package main

import (
	"strings"
	"testing"

	"github.com/sluice-go/sluice/fleet/internal/relay"
)

// TestServeKill: where a process is killed, or cut off from NATS for so long that others take its shards over, these begin new
// sessions: bots are told, and begin anew with their guilds, on whatever process they are. Nothing comes twice, and
// whoever is cut off has its bots look elsewhere.
func TestServeKill(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute")
	}
	for _, cut := range []bool{false, true} {
		t.Run(map[bool]string{false: "killed", true: "cut off"}[cut], func(t *testing.T) {
			s := newServers(t)
			page, pages := free(t), free(t)
			_, first := s.start("first", "--http", page)
			b := s.bot(first)
			s.settle(b, "one process", atLeast(1))
			way, err := relay.Start(strings.TrimPrefix(s.nats, "nats://"))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(way.Close)
			direct := s.nats
			s.nats = "nats://" + way.Addr()
			other, second := s.start("second", "--http", pages)
			s.nats = direct
			eventually(t, "a second process has its share", func() bool { return sessions(t, pages) == 2 })
			late := s.bot(second)
			s.settle(late, "a bot on the second", atLeast(1))

			if cut {
				way.Cut(relay.Refused)
			} else if err := other.Kill(); err != nil {
				t.Fatal(err)
			}
			s.settle(b, "the second is gone", again(2))
			if cut {
				eventually(t, "bots of the second are sent away", func() bool {
					return strings.Contains(get(t, pages, "/metrics"), `sluice_bridge_closes_total{code="4000"}`)
				})
				way.Heal()
				s.settle(late, "the second can read again", again(2))
			}
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
		})
	}
}
