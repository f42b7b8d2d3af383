package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// TestCallbackOrder: in the order of registration, one after another.
func TestCallbackOrder(t *testing.T) {
	r := newStand(t, nil)
	var got []string
	for _, name := range []string{"a", "b", "c"} {
		r.on(gateway.Events(gateway.EventMessageCreate), func(ev *Event) {
			got = append(got, fmt.Sprint(name, ev.Seq))
		})
	}
	r.ready()
	r.event(2)
	r.event(3)
	if want := "[a2 b2 c2 a3 b3 c3]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
}

// TestPain22_OnlyWhatWasAskedFor reaches a callback; the other payloads have bits
// of their own.
func TestPain22_OnlyWhatWasAskedFor(t *testing.T) {
	all := gateway.AllDispatches().Union(gateway.Events(gateway.EventHello, gateway.EventHeartbeat,
		gateway.EventReconnect, gateway.EventInvalidSession, gateway.EventHeartbeatACK))
	play := func(set gateway.EventSet) string {
		r := newStand(t, nil)
		var got []string
		r.on(set, func(ev *Event) { got = append(got, fmt.Sprintf("%s/%d/%s", ev.Name(), ev.Seq, ev.Data)) })
		r.dial()
		r.recv(testHello)
		r.permit()
		r.recv(`{"t":"READY","s":1,"op":0,"d":{"session_id":"x"}}`)
		r.recv(`{"t":"NEW_THING","s":2,"op":0,"d":1}`)
		r.recv(`{"t":"MESSAGE\u005fCREATE","s":3,"op":0,"d":null}`)
		r.recv(`{"t":null,"s":4,"op":0}`)
		r.recv(`{"op":1,"d":null}`)
		r.recv(`{"op":11}`)
		r.recv(`{"op":7,"d":null}`)
		return strings.Join(got, " ")
	}
	tests := []struct {
		set  gateway.EventSet
		want string
	}{
		{gateway.EventSet{}, ""},
		{gateway.Events(gateway.EventMessageCreate), "MESSAGE_CREATE/3/null"},
		{gateway.Events(gateway.EventUnknown), "NEW_THING/2/1 UNKNOWN/4/"},
		{gateway.AllDispatches(), `READY/1/{"session_id":"x"} NEW_THING/2/1 MESSAGE_CREATE/3/null UNKNOWN/4/`},
		{all.Without(gateway.AllDispatches()), `HELLO/0/{"heartbeat_interval":41250} HEARTBEAT/0/null HEARTBEAT_ACK/0/ RECONNECT/0/null`},
	}
	for _, test := range tests {
		if got := play(test.set); got != test.want {
			t.Errorf("%v:\n got %s\nwant %s", test.set, got, test.want)
		}
	}
}

// TestOnAndRemoveAtAnyTime, also from callbacks, while events come.
func TestOnAndRemoveAtAnyTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		set := gateway.Events(gateway.EventMessageCreate)
		var got []string
		var removeSelf, removeOther func()
		removeSelf = r.On(set, func(ev *Event) {
			got = append(got, fmt.Sprint("self", ev.Seq))
			removeSelf()
			removeSelf()
			r.On(set, func(ev *Event) { got = append(got, fmt.Sprint("new", ev.Seq)) })
		})
		removeOther = r.On(set, func(ev *Event) { got = append(got, fmt.Sprint("other", ev.Seq)) })
		r.run()
		p := r.net.accept(t)
		p.begin()
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				for range 50 {
					r.On(set, func(*Event) {})()
				}
			})
		}
		p.event(2)
		wg.Wait()
		synctest.Wait()
		removeOther()
		p.event(3)
		synctest.Wait()
		if want := "[self2 other2 new3]"; fmt.Sprint(got) != want {
			t.Errorf("%v, want %s", got, want)
		}
		r.end(p)
	})
}

// TestCallbackMayCallAnything of the engine and its shard.
func TestCallbackMayCallAnything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		calls := 0
		r.On(gateway.Events(gateway.EventReady, gateway.EventMessageCreate, gateway.EventStateChanged, gateway.EventClosed), func(ev *Event) {
			calls++
			for s := range r.Shards() {
				_ = s.Session()
				_, _ = s.State(), s.Stats()
			}
			_ = r.Stats()
			r.On(gateway.Events(gateway.EventResumed), func(*Event) {})()
			if ev.Type == gateway.EventReady || ev.Type == gateway.EventMessageCreate {
				if err := ev.Shard.Send(context.Background(), presence); err != nil {
					t.Error(err)
				}
			}
		})
		r.run()
		p := r.net.accept(t)
		p.begin()
		p.expect(`{"op":3,`)
		p.event(2)
		p.expect(`{"op":3,`)
		r.end(p)
		if calls < 7 {
			t.Errorf("%d calls", calls)
		}
	})
}

// TestWarnsOfSilentCallbacks: events that no configured intent brings.
func TestWarnsOfSilentCallbacks(t *testing.T) {
	r := prepare(t, func(c *Config) { c.Intents = gateway.IntentGuilds })
	r.On(gateway.AllDispatches(), func(*Event) {})
	r.On(gateway.Events(gateway.EventGuildCreate, gateway.EventReady, gateway.EventUnknown, gateway.EventClosed), func(*Event) {})
	if log := r.logs.String(); log != "" {
		t.Errorf("warned of callbacks that can fire: %s", log)
	}
	r.On(gateway.Events(gateway.EventGuildCreate, gateway.EventMessageCreate), func(*Event) {})
	if log := r.logs.String(); !strings.Contains(log, "MESSAGE_CREATE") || strings.Contains(log, "GUILD_CREATE") {
		t.Errorf("log: %s", log)
	}
	defer func() {
		if recover() == nil {
			t.Error("On took a nil callback")
		}
	}()
	r.On(gateway.AllDispatches(), nil)
}

// TestOnPanic: the engine goes on, with the next callback and the next event.
func TestOnPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var panics, after []string
		r := prepare(t, func(c *Config) {
			c.OnPanic = func(ev *Event, value any) { panics = append(panics, fmt.Sprint(ev.Seq, value)) }
		})
		r.On(gateway.Events(gateway.EventMessageCreate), func(ev *Event) { panic("boom") })
		r.On(gateway.Events(gateway.EventMessageCreate), func(ev *Event) { after = append(after, fmt.Sprint(ev.Seq)) })
		r.run()
		p := r.net.accept(t)
		p.begin()
		p.event(2)
		p.event(3)
		synctest.Wait()
		if fmt.Sprint(panics) != "[2boom 3boom]" || fmt.Sprint(after) != "[2 3]" {
			t.Errorf("panics %v, after %v", panics, after)
		}
		r.end(p)
	})
}

// TestPanicDrains runs a program whose callback panics: every connection is
// closed so that its session can be resumed, and the panic ends the program with
// the callback's stack.
func TestPanicDrains(t *testing.T) {
	if os.Getenv("SLUICE_TEST_PANIC") != "" {
		r := prepare(t, func(c *Config) {
			c.Shards, c.IdentifyQueue = Shards{Total: 2}, identify.NewLocal(2)
			dial := c.Dial
			c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := dial(ctx, network, address)
				return tellingConn{conn}, err
			}
		})
		r.On(gateway.Events(gateway.EventMessageCreate), func(ev *Event) { panic("callback gone wrong") })
		r.run()
		p, q := r.net.accept(t), r.net.accept(t)
		p.begin()
		q.begin()
		go func() {
			q.expect("close 4000")
			q.raw(wiretest.Close(4000, ""))
		}()
		for r.Stats().Events < 2 {
			runtime.Gosched()
		}
		p.event(2)
		select {}
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestPanicDrains$")
	cmd.Env = append(os.Environ(), "SLUICE_TEST_PANIC=1")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		t.Fatalf("the program ended with %v\n%s", err, out)
	}
	if n := strings.Count(string(out), "wrote close 4000"); n != 2 {
		t.Errorf("%d connections were closed with 4000\n%s", n, out)
	}
	for _, want := range []string{"panic: callback gone wrong", "TestPanicDrains.func"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("output without %q:\n%s", want, out)
		}
	}
}

// tellingConn prints the close frames that go through it.
type tellingConn struct{ net.Conn }

func (c tellingConn) Write(b []byte) (int, error) {
	if len(b) >= 8 && b[0] == 0x88 {
		fmt.Println("wrote close", int(b[6]^b[2])<<8|int(b[7]^b[3]))
	}
	return c.Conn.Write(b)
}

// TestGoexitDrains: what testing.T.FailNow does in a callback ends the shard's
// loop, and the engine.
func TestGoexitDrains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, func(c *Config) { c.Shards, c.IdentifyQueue = Shards{Total: 2}, identify.NewLocal(2) })
		r.On(gateway.Events(gateway.EventMessageCreate), func(ev *Event) { runtime.Goexit() })
		r.run()
		p, q := r.net.accept(t), r.net.accept(t)
		p.begin()
		q.begin()
		synctest.Wait()
		p.event(2)
		p.goodbye()
		q.goodbye()
		if err := <-r.result; err != nil {
			t.Error(err)
		}
		for _, x := range []*peer{p, q} {
			x.drop()
			close(x.out)
		}
	})
}

// TestPain12_ASlowCallbackLosesNoConnection: while a callback sleeps for more
// than three heartbeat intervals, heartbeats go on, with the last sequence, and
// nothing that came meanwhile is lost.
func TestPain12_ASlowCallbackLosesNoConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		var got []int64
		r.On(gateway.Events(gateway.EventMessageCreate), func(ev *Event) {
			if ev.Seq == 2 {
				time.Sleep(150 * time.Second)
			}
			got = append(got, ev.Seq)
		})
		r.run()
		p := r.net.accept(t)
		p.begin()
		synctest.Wait()
		begin := time.Now()
		for seq := int64(2); seq < 10; seq++ {
			p.event(seq)
		}
		time.Sleep(149 * time.Second)
		beats := p.heartbeats()
		if n := len(beats); n < 3 {
			t.Errorf("%d heartbeats in 149 s", n)
		}
		for i := 1; i < len(beats); i++ {
			if d := beats[i].Sub(beats[i-1]); d > 43*time.Second {
				t.Errorf("%v without a heartbeat", d)
			}
		}
		time.Sleep(2*time.Second - time.Since(begin.Add(149*time.Second)))
		synctest.Wait()
		if fmt.Sprint(got) != "[2 3 4 5 6 7 8 9]" || r.shard(0).State() != lifecycle.Ready {
			t.Errorf("delivered %v, state %v", got, r.shard(0).State())
		}
		if st := r.Stats(); st.Reconnects != 0 {
			t.Errorf("%+v", st)
		}
		r.end(p)
	})
}

// TestShutdownTimeout: a callback that does not return is reported, its shard is
// closed so that the session can be resumed, and Run returns.
func TestShutdownTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		r := prepare(t, func(c *Config) {
			c.ShutdownTimeout = 3 * time.Second
			c.Shards, c.IdentifyQueue = Shards{Total: 2}, identify.NewLocal(2)
		})
		r.On(gateway.Events(gateway.EventMessageCreate), func(ev *Event) { <-release })
		r.run()
		p, q := r.net.accept(t), r.net.accept(t)
		p.begin()
		q.begin()
		synctest.Wait()
		p.event(2)
		synctest.Wait()
		begin := time.Now()
		r.stop()
		q.goodbye()
		err := <-r.result
		if !errors.Is(err, ErrShutdownTimeout) {
			t.Errorf("Run returned %v", err)
		}
		if d := time.Since(begin); d > 3*time.Second+killTimeout {
			t.Errorf("Run returned after %v", d)
		}
		p.expect("close 4000")
		close(release)
		for _, x := range []*peer{p, q} {
			x.drop()
			close(x.out)
		}
	})
}

// TestShutdownFasterThanThePeer: a gateway that does not answer close frames is
// no reason for an error.
func TestShutdownFasterThanThePeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(c *Config) { c.ShutdownTimeout = 100 * time.Millisecond })
		p := r.net.accept(t)
		p.begin()
		synctest.Wait()
		r.stop()
		p.expect("close 4000")
		if err := <-r.result; err != nil {
			t.Error(err)
		}
		p.drop()
		close(p.out)
	})
}

// TestPain12_SlowCallbacksAreReported, counted and measured, but not logged for
// each event.
func TestPain12_SlowCallbacksAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		r.On(gateway.Events(gateway.EventMessageCreate), func(ev *Event) {
			switch ev.Seq {
			case 2, 3:
				time.Sleep(150 * time.Millisecond)
			case 4:
				time.Sleep(99 * time.Millisecond)
			}
		})
		r.run()
		p := r.net.accept(t)
		p.begin()
		for seq := int64(2); seq < 6; seq++ {
			p.event(seq)
		}
		synctest.Wait()
		time.Sleep(time.Second) // of the bubble's clock: the callbacks return
		s := r.Stats()
		if s.SlowCallbacks != 2 || s.LongestCallback != 150*time.Millisecond || s.InCallbacks != 399*time.Millisecond {
			t.Errorf("slow %d, longest %v, in all %v", s.SlowCallbacks, s.LongestCallback, s.InCallbacks)
		}
		if n := strings.Count(r.logs.String(), "a callback held up its shard"); n != 1 {
			t.Errorf("logged %d times, want once:\n%s", n, r.logs.String())
		}
		r.end(p)
	})
}
