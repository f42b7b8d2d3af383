package engine

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/transport"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// TestPain14_StalledShardIsSeen: a shard whose callback does not return for minutes
// is no quiet loss: the log, Stats and View say so, and it goes on when the callback
// returns.
func TestPain14_StalledShardIsSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		release := make(chan struct{})
		r.On(gateway.Events(gateway.EventMessageCreate), func(*Event) { <-release })
		r.run()
		p := r.net.accept(t)
		p.begin()
		s := r.shard(0)
		waitState(t, s, lifecycle.Ready)
		p.event(2)
		time.Sleep(stallLimit) // from the next heartbeat on, which is due later
		if st := r.Stats(); st.Stalled != 0 {
			t.Errorf("stalled after %v", stallLimit)
		}
		time.Sleep(2 * time.Minute)
		if st, v := r.Stats(), s.View(); st.Stalled != 1 || v.Stalled < time.Minute || v.Stalled > 3*time.Minute || !strings.Contains(v.String(), "stalled for") {
			t.Errorf("not stalled: %+v, %v", st, v)
		}
		if n := strings.Count(r.logs.String(), "shards are stalled"); n != 1 {
			t.Errorf("logged %d times\n%s", n, r.logs.String())
		}
		if n := len(p.heartbeats()); n < 3 {
			t.Errorf("%d heartbeats", n)
		}
		close(release)
		time.Sleep(lookEvery + idleLook)
		if st := r.Stats(); st.Stalled != 0 || s.View().Stalled != 0 || !strings.Contains(r.logs.String(), "no shard is stalled any more") {
			t.Errorf("still stalled: %+v\n%s", st, r.logs.String())
		}
		r.end(p)
	})
}

// TestPain14_StalledBeforeItConnects: what other goroutines bring a shard is to be
// taken too, so that a loop which is stuck then is seen as well.
func TestPain14_StalledBeforeItConnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		release := make(chan struct{})
		r.On(gateway.Events(gateway.EventStateChanged), func(ev *Event) {
			if change, _ := ev.StateChange(); change.To == lifecycle.Connecting {
				<-release
			}
		})
		r.run()
		time.Sleep(stallLimit + time.Second)
		if st := r.Stats(); st.Stalled != 1 {
			t.Errorf("%+v", st)
		}
		close(release)
		p := r.net.accept(t)
		p.begin()
		waitState(t, r.shard(0), lifecycle.Ready)
		if st := r.Stats(); st.Stalled != 0 {
			t.Errorf("%+v", st)
		}
		r.end(p)
	})
}

// TestPain14_DeadShardsAreSeen: shards that cannot become ready are counted, with
// the time since when, and named in the log every few minutes, in one line.
func TestPain14_DeadShardsAreSeen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r := start(t, func(c *Config) {
			c.Shards = Shards{Total: 3}
			c.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, errReset }
		})
		told := func() int { return strings.Count(r.logs.String(), "shards have not been ready for long") }
		time.Sleep(unreadyLimit - time.Second)
		if st := r.Stats(); st.NotReady != 3 || !st.NotReadySince.Equal(began) || told() != 0 {
			t.Errorf("%+v, logged %d times", st, told())
		}
		time.Sleep(time.Second + 2*idleLook)
		if told() != 1 || !strings.Contains(r.logs.String(), "shards=3") || !strings.Contains(r.logs.String(), "shard.cause=") {
			t.Errorf("logged %d times\n%s", told(), r.logs.String())
		}
		time.Sleep(complainEvery)
		if told() != 2 {
			t.Errorf("logged %d times", told())
		}
		if v := r.shard(1).View(); v.Failures < 5 || v.Attempts < v.Failures || v.Reconnects[lifecycle.CauseUnreachable] != uint64(v.Failures) || v.Stalled != 0 {
			t.Errorf("%+v", v)
		}
		r.end()
	})
}

// TestQueuedIsNoFault: a shard may wait for its turn to identify for hours. It is
// counted as not ready, and not complained of.
func TestQueuedIsNoFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(c *Config) { c.IdentifyQueue = neverQueue{} })
		p := r.net.accept(t)
		p.send(testHello)
		time.Sleep(3 * time.Hour)
		if st := r.Stats(); st.NotReady != 1 || st.Stalled != 0 || r.shard(0).State() != lifecycle.Queued || strings.Contains(r.logs.String(), "for long") {
			t.Errorf("%+v\n%s", st, r.logs.String())
		}
		r.end(p)
	})
}

// neverQueue gives no permit.
type neverQueue struct{}

func (neverQueue) Acquire(ctx context.Context, _ int) (identify.Permit, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// stubborn is a connection that keeps to no deadline.
type stubborn struct{ net.Conn }

func (stubborn) SetDeadline(time.Time) error      { return nil }
func (stubborn) SetReadDeadline(time.Time) error  { return nil }
func (stubborn) SetWriteDeadline(time.Time) error { return nil }

// TestPain14_DialThatIgnoresDeadlines: a server that accepts and says nothing, on a
// connection of the user's own, does not hold a shard in Connecting for ever.
func TestPain14_DialThatIgnoresDeadlines(t *testing.T) {
	for _, scheme := range []string{"ws", "wss"} {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, func(c *Config) {
				c.GatewayURL = scheme + "://gateway.discord.gg"
				c.Dial = func(context.Context, string, string) (net.Conn, error) {
					near, far := net.Pipe()
					go io.Copy(io.Discard, far)
					return stubborn{near}, nil
				}
			})
			time.Sleep(transport.ConnectTimeout + time.Second)
			if v := r.shard(0).View(); v.Reconnects[lifecycle.CauseUnreachable] != 1 {
				t.Errorf("%s: %v", scheme, v)
			}
			r.end()
		})
	}
}

// TestAwakeIsNotStalled: where the whole process stood still, its loops are given a
// moment to catch up before they are called stalled.
func TestAwakeIsNotStalled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		p := r.net.accept(t)
		p.begin()
		waitState(t, r.shard(0), lifecycle.Ready)
		var rounds rounds
		now := time.Now()
		rounds.look(r.Engine, now)
		for _, test := range []struct {
			after time.Duration
			want  int
		}{{time.Hour, 0}, {lookEvery, 1}} {
			now = now.Add(test.after)
			rounds.look(r.Engine, now)
			if n := strings.Count(r.logs.String(), "shards are stalled"); n != test.want {
				t.Errorf("a look after %v: logged %d times, want %d", test.after, n, test.want)
			}
		}
		r.end(p)
	})
}
