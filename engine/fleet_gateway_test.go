package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/lazyjson"
)

// sightings notes which shard delivered which message, by number.
type sightings struct {
	mu   sync.Mutex
	seen map[int][]string
	news chan struct{}
}

func newSightings() *sightings {
	return &sightings{seen: map[int][]string{}, news: make(chan struct{}, 1)}
}

func (s *sightings) see(ev *engine.Event) {
	id, err := lazyjson.ValueOf(ev.Data).Get("id").Snowflake()
	if err != nil {
		return
	}
	s.mu.Lock()
	s.seen[int(id)] = append(s.seen[int(id)], ev.Shard.String())
	s.mu.Unlock()
	select {
	case s.news <- struct{}{}:
	default:
	}
}

// wait waits until what was seen satisfies a condition.
func (s *sightings) wait(t *testing.T, what string, is func() bool) {
	t.Helper()
	limit := time.After(patience)
	for !is() {
		select {
		case <-s.news:
		case <-limit:
			t.Fatalf("%s: did not come; seen up to %d", what, s.last())
		}
	}
}

// by reports whether one of the shards delivered a message.
func (s *sightings) by(message int, shards ...string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.seen[message], func(shard string) bool { return slices.Contains(shards, shard) })
}

// last returns the highest number that was seen.
func (s *sightings) last() (last int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.seen {
		last = max(last, k)
	}
	return last
}

// flow sends messages without end, until end is called with what it returns. Even
// ones are those of guilds on 0/2, odd ones of guilds on 1/2; all are those of guilds
// on 0/1. An odd one that reaches 0/2, as it does here, is not counted.
func (s *sightings) flow(srv *gatewaytest.Server) (stop chan int) {
	stop = make(chan int)
	go func() {
		for k := 1; ; k++ {
			data := fmt.Appendf(nil, `{"id":"%d"}`, k)
			srv.Dispatch(0, "MESSAGE_CREATE", data)
			if k%2 == 1 {
				srv.Dispatch(1, "MESSAGE_CREATE", data)
			}
			select {
			case stop <- k:
				return
			case <-time.After(100 * time.Microsecond):
			}
		}
	}()
	return stop
}

// overlap reports whether many messages came by both fleets.
func (s *sightings) overlap() bool {
	n := 0
	for k := range s.last() {
		if s.by(k, "0/1") && s.by(k, strconv.Itoa(k%2)+"/2") {
			n++
		}
	}
	return n >= 20
}

// end wants every message seen by a shard that it belongs to, the first ones by the
// old shard and the last ones by the new ones alone.
func (s *sightings) end(t *testing.T, stop chan int) {
	t.Helper()
	cut := s.last()
	s.wait(t, "messages behind the cut-over", func() bool { return s.last() > cut+20 })
	last := <-stop
	s.wait(t, "every message", func() bool {
		for k := 1; k <= last; k++ {
			if !s.by(k, "0/1", strconv.Itoa(k%2)+"/2") {
				return false
			}
		}
		return true
	})
	if !s.by(1, "0/1") || s.by(last, "0/1") {
		t.Error("no cut-over")
	}
}

// TestPain23_ReshardWithoutAGap: from one shard to two, under events that never
// stop. Each is Discord's for the old shard and for the new one of its guild, and
// none is missed by both.
func TestPain23_ReshardWithoutAGap(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		t.Parallel()
		srv := gatewaytest.NewServer(t, gatewaytest.WithIdentifyInterval(0),
			gatewaytest.WithMaxConcurrency(2), gatewaytest.WithGuilds(3, 20_000))
		messages := newSightings()
		c := connect(t, srv, func(config *engine.Config) {
			config.Driver, config.Shards = driver, engine.Shards{Total: 1}
		})
		c.On(gateway.Events(gateway.EventMessageCreate), messages.see)
		c.wait(t, "READY", func() bool { return c.names["READY"] == 1 })
		old := c.Shard(0)
		stop := messages.flow(srv)
		c.OverlapUntil(func(context.Context) error {
			messages.wait(t, "messages by both", messages.overlap)
			return nil
		})
		if err := c.Reshard(t.Context(), engine.Shards{Total: 2}); err != nil {
			t.Fatal(err)
		}
		if got := old.State(); got != lifecycle.Stopped {
			t.Errorf("the old shard is %v", got)
		}
		messages.end(t, stop)
		if st := c.Stats(); st.Identifies != 3 || st.NotReady != 0 || st.Missing != 0 || st.SessionsLost != 0 {
			t.Errorf("%+v", st)
		}
		if n := len(srv.Sessions()); n != 2 {
			t.Errorf("%d sessions live", n)
		}
		c.end(t)
	})
}

// TestPain23_BothFleetsLive: the same step by step, as several processes have to do
// it: for as long as they like, both fleets deliver.
func TestPain23_BothFleetsLive(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		t.Parallel()
		srv := gatewaytest.NewServer(t, gatewaytest.WithIdentifyInterval(0), gatewaytest.WithMaxConcurrency(2))
		messages := newSightings()
		c := connect(t, srv, func(config *engine.Config) {
			config.Driver, config.Shards = driver, engine.Shards{Total: 1}
		})
		c.On(gateway.Events(gateway.EventMessageCreate), messages.see)
		c.wait(t, "READY", func() bool { return c.names["READY"] == 1 })
		old := c.Shard(0)
		stop := messages.flow(srv)
		fresh, err := c.AddShards(engine.Shards{Total: 2})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range fresh {
			if err := s.WaitReady(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		messages.wait(t, "messages by both", messages.overlap)
		if err := c.RemoveShards(t.Context(), old); err != nil {
			t.Fatal(err)
		}
		messages.end(t, stop)
		c.end(t)
	})
}

// TestReshardFails: what the gateway refuses, or what takes too long, is taken back,
// and the old shards go on.
func TestReshardFails(t *testing.T) {
	t.Parallel()
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		srv := gatewaytest.NewServer(t, gatewaytest.WithIdentifyInterval(0),
			gatewaytest.WithMaxConcurrency(4), gatewaytest.WithShardMultiple(2))
		c := connect(t, srv, func(config *engine.Config) { config.Driver, config.Shards = driver, engine.Shards{Total: 2} })
		c.wait(t, "READY", func() bool { return c.names["READY"] == 2 })

		if err := c.Reshard(t.Context(), engine.Shards{Total: 3}); !errors.Is(err, lifecycle.ErrInvalidShard) {
			t.Errorf("Reshard: %v", err)
		}
		if err := c.Reshard(t.Context(), engine.Shards{Total: 2}); !errors.Is(err, engine.ErrShardExists) {
			t.Errorf("Reshard: %v", err)
		}
		late, cancel := context.WithCancel(t.Context())
		cancel()
		if err := c.Reshard(late, engine.Shards{Total: 4}); !errors.Is(err, context.Canceled) {
			t.Errorf("Reshard: %v", err)
		}
		// They close though nobody waits for them.
		eventually(t, "the end of the new shards", func() bool { return len(slices.Collect(c.Shards())) == 2 })
		srv.Dispatch(1, "MESSAGE_CREATE", []byte(`{"id":"1"}`))
		c.wait(t, "MESSAGE_CREATE", func() bool { return c.names["MESSAGE_CREATE"] == 1 })
		c.end(t)
	})
}

// TestReshardToRecommended asks Discord.
func TestReshardToRecommended(t *testing.T) {
	t.Parallel()
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		srv := gatewaytest.NewServer(t, gatewaytest.WithIdentifyInterval(0),
			gatewaytest.WithMaxConcurrency(3), gatewaytest.WithShards(3))
		c := connect(t, srv, func(config *engine.Config) { config.Driver, config.Shards = driver, engine.Shards{Total: 1} })
		c.wait(t, "READY", func() bool { return c.names["READY"] == 1 })
		c.OverlapUntil(func(context.Context) error { return nil })
		if err := c.Reshard(t.Context(), engine.Shards{}); err != nil {
			t.Fatal(err)
		}
		if s := c.Shard(2); s == nil || s.Total() != 3 || s.State() != lifecycle.Ready {
			t.Errorf("shard 2: %v", s)
		}
		c.end(t)
	})
}

// TestShardMoves: a shard that is closed here is resumed there by its session, over
// any driver, without an identify and without a loss.
func TestShardMoves(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		t.Parallel()
		srv := gatewaytest.NewServer(t, gatewaytest.WithIdentifyInterval(0),
			gatewaytest.WithMaxConcurrency(2), gatewaytest.WithShards(2))
		var session session.Session
		c := connect(t, srv, func(config *engine.Config) {
			config.Driver = driver
			config.PerShard = func(id int, own *engine.ShardConfig) {
				if id == 1 {
					own.Session = session
				}
			}
		})
		c.wait(t, "READY", func() bool { return c.names["READY"] == 2 })
		srv.Dispatch(1, "MESSAGE_CREATE", []byte(`{"id":"1"}`))
		c.wait(t, "MESSAGE_CREATE", func() bool { return c.names["MESSAGE_CREATE"] == 1 })

		var err error
		if session, err = c.Shard(1).Close(t.Context(), gateway.CloseUnknownError, "moving"); err != nil || session.ID == "" || session.Seq != 2 {
			t.Fatalf("Close gave %+v, %v", session, err)
		}
		srv.Dispatch(1, "MESSAGE_CREATE", []byte(`{"id":"2"}`)) // nobody is there to hear it
		again, err := c.AddShards(engine.ShardRange(1, 1, 2))
		if err != nil {
			t.Fatal(err)
		}
		if err := again[0].WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
		if v := again[0].View(); v.Opened != lifecycle.HandshakeResume || v.Identifies != 0 || v.Session.ID != session.ID {
			t.Errorf("%v", v)
		}
		if err := again[0].Restart(t.Context()); err != nil {
			t.Fatal(err)
		}
		if v := again[0].View(); v.Reconnects.String() != "1 user" || v.Opened != lifecycle.HandshakeResume {
			t.Errorf("%v", v)
		}
		c.wait(t, "MESSAGE_CREATE", func() bool { return c.names["MESSAGE_CREATE"] == 2 })
		c.check(t, srv)
		c.end(t)
		if r := srv.Report(); r.Identifies != 2 || r.Resumes != 2 {
			t.Errorf("%d identifies, %d resumes", r.Identifies, r.Resumes)
		}
	})
}
