package bridge_test

import (
	"context"
	"hash/maphash"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// tape is what events a shard's callbacks saw, in order: at the bridge's engine everything, at a bot by session.
type tape struct {
	mu       sync.Mutex
	shards   map[int][]uint64
	sessions map[int][]*taped
}

type taped struct {
	id     string
	events []uint64
}

var tapeSeed = maphash.MakeSeed()

func recordTape(e *engine.Engine) *tape {
	p := &tape{shards: map[int][]uint64{}, sessions: map[int][]*taped{}}
	set := gateway.AllDispatches().Without(gateway.Events(gateway.EventResumed))
	e.On(set, func(ev *engine.Event) {
		p.mu.Lock()
		defer p.mu.Unlock()
		id := ev.Shard.ID()
		mark := maphash.String(tapeSeed, ev.Name()+string(ev.Data))
		if ev.Type != gateway.EventReady {
			p.shards[id] = append(p.shards[id], mark)
		}
		list := p.sessions[id]
		if len(list) == 0 || list[len(list)-1].id != ev.Session {
			list = append(list, &taped{id: ev.Session})
			p.sessions[id] = list
		}
		s := list[len(list)-1]
		s.events = append(s.events, mark)
	})
	return p
}

// within finds where in all the events of a bot's session lie, in one piece, but for READY and the guilds that it
// began with. It returns where they end, or −1.
func (s *taped) within(all []uint64) (end int) {
	for skip := 1; skip <= len(s.events); skip++ {
		rest := s.events[skip:]
		if len(rest) == 0 {
			return len(all)
		}
		for at := 0; ; at++ {
			i := slices.Index(all[at:], rest[0])
			if i < 0 {
				break
			}
			if at += i; len(all)-at >= len(rest) && slices.Equal(all[at:at+len(rest)], rest) {
				return at + len(rest)
			}
		}
		if skip > maxOpening {
			break
		}
	}
	return -1
}

// maxOpening is more guilds than any shard of these tests has.
const maxOpening = 20

// compare holds what a bot saw against what the bridge got: "" if every session is one piece of it, and the last one
// goes to the end.
func (p *tape) compare(all *tape) (difference string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	all.mu.Lock()
	defer all.mu.Unlock()
	for shard, events := range all.shards {
		sessions := p.sessions[shard]
		if len(sessions) == 0 {
			return "a shard without a session"
		}
		for i, s := range sessions {
			switch end := s.within(events); {
			case end < 0:
				return "events of a session are lost, doubled or out of order"
			case i == len(sessions)-1 && end < len(events):
				return "the last session lacks events at its end"
			}
		}
	}
	return ""
}

// TestChaos: while both sides are shaken, a bot gets every event once and in order within a session, and a session
// ends only by a loss that it is told of.
func TestChaos(t *testing.T) {
	t.Parallel()
	rounds := 60
	if testing.Short() {
		rounds = 20
	}
	const shards = 4
	s := newStand(t, nil, gatewaytest.WithShards(shards), gatewaytest.WithMaxConcurrency(shards), gatewaytest.WithGuilds(3, 20_000),
		gatewaytest.WithTraffic(300), gatewaytest.WithChaosInterval(7, time.Second))
	all := recordTape(s.eng)
	var bots []*bot
	var tapes []*tape
	for i, compression := range []engine.Compression{engine.ZlibStream, engine.NoCompression, engine.ZstdStream} {
		bot := s.connect(t, []string{blueToken, greenToken, greenToken}[i], func(c *engine.Config) { c.Compression = compression })
		bots = append(bots, bot)
		tapes = append(tapes, recordTape(bot.Engine))
		bot.wait(t, "READY", shards)
	}
	dice := rand.New(rand.NewPCG(1, 2))
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for range rounds {
		<-tick.C
		s.bridge.Drop(dice.IntN(shards))
	}
	s.srv.EndChaos()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for shard := range shards {
		if err := s.srv.WaitReady(ctx, shard); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.srv.Quiesce(ctx); err != nil {
		t.Fatal(err)
	}
	for i, bot := range bots {
		difference := "?"
		for limit := time.Now().Add(patience); difference != "" && time.Now().Before(limit); <-tick.C {
			difference = tapes[i].compare(all)
		}
		if difference != "" {
			t.Errorf("bot %d: %s", i, difference)
		}
		bot.checkSeqs(t)
		sessions := 0
		for _, list := range tapes[i].sessions {
			sessions += len(list)
		}
		if told := bot.count("SESSION_LOST"); told != sessions-shards {
			t.Errorf("bot %d had %d sessions of %d shards, and was told of %d losses", i, sessions, shards, told)
		}
		t.Logf("bot %d: %d sessions, %d resumes, %d events", i, sessions, bot.count("RESUMED"), bot.total())
	}
}

// total counts events.
func (b *bot) total() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, seqs := range b.seqs {
		n += len(seqs)
	}
	return n
}
