package engine

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/core"
	"github.com/sluice-go/sluice/engine/internal/transport"
	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

func TestConnectDeliverShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		var got []string
		r.On(gateway.AllDispatches(), func(ev *Event) {
			got = append(got, fmt.Sprintf("%s %d %s", ev.Name(), ev.Seq, ev.Shard))
		})
		r.run()
		p := r.net.accept(t)
		if p.uri != "/?v=10&encoding=json" {
			t.Errorf("uri %s", p.uri)
		}
		p.begin()
		p.event(2)
		p.send(`{"t":"SOMETHING_NEW","s":3,"op":0,"d":{}}`)
		synctest.Wait()
		if want := "[READY 1 0/1 MESSAGE_CREATE 2 0/1 SOMETHING_NEW 3 0/1]"; fmt.Sprint(got) != want {
			t.Errorf("%v, want %s", got, want)
		}
		s := r.shard(0)
		if got := s.Session(); got.ID != "abc" || got.Seq != 3 || s.State() != lifecycle.Ready || s.ID() != 0 || s.Total() != 1 {
			t.Errorf("session %+v, state %v", got, s.State())
		}
		st := r.Stats()
		if st.Events != 3 || st.Identifies != 1 || st.BytesJSON == 0 || st.BytesWire <= st.BytesJSON || st.BytesSent == 0 {
			t.Errorf("%+v", st)
		}
		r.end(p)
		if s.State() != lifecycle.Stopped {
			t.Errorf("after Run: %v", s.State())
		}
		if err := s.Send(context.Background(), []byte(`{"op":3,"d":{}}`)); !errors.Is(err, ErrStopped) {
			t.Errorf("Send after Run: %v", err)
		}
		if err := r.Run(context.Background()); err != ErrStarted {
			t.Errorf("a second Run: %v", err)
		}
	})
}

// TestDialDeadline: a server that never answers the upgrade costs 10 s, as does a
// Dial that does not keep to its context; what that brings late is closed.
func TestDialDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		var ends []time.Duration
		r := prepare(t)
		r.On(gateway.Events(gateway.EventStateChanged), func(ev *Event) {
			if c, _ := ev.StateChange(); c.From == lifecycle.Connecting && c.To == lifecycle.Disconnected {
				ends = append(ends, time.Since(begin))
				if !strings.Contains(c.Cause.Error(), "in time") || !errors.Is(c.Cause, context.DeadlineExceeded) {
					t.Errorf("cause %v", c.Cause)
				}
			}
		})
		r.run()
		conn := <-r.net.conns
		buf := make([]byte, 4096)
		_, _ = conn.Read(buf)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if len(ends) != 1 || ends[0] != 10*time.Second {
			t.Errorf("gave up after %v, want 10s", ends)
		}
		p := r.net.accept(t)
		p.begin()
		r.end(p)
	})
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		near, far := net.Pipe()
		r := start(t, func(c *Config) {
			c.Retries = 1
			c.Dial = func(context.Context, string, string) (net.Conn, error) {
				<-release
				return near, nil
			}
		})
		if err := <-r.result; !errors.Is(err, lifecycle.ErrRetries) {
			t.Errorf("Run returned %v", err)
		}
		close(release)
		if _, err := far.Read(make([]byte, 1)); err == nil {
			t.Error("a connection that came late is open")
		}
	})
}

// TestHandshakesWaitForASlot: with more shards than slots, the time at the door
// does not count against those who wait.
func TestHandshakesWaitForASlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const shards = 3 * transport.MaxHandshakes
		r := start(t, func(c *Config) { c.Shards = Shards{Total: shards} })
		for range 3 {
			synctest.Wait()
			if got := len(r.net.conns); got != transport.MaxHandshakes {
				t.Fatalf("%d handshakes at a time", got)
			}
			time.Sleep(9 * time.Second)
			var peers []*peer
			for range transport.MaxHandshakes {
				peers = append(peers, r.net.accept(t))
			}
			synctest.Wait()
			defer func() {
				for _, p := range peers {
					p.drop()
					close(p.out)
				}
			}()
		}
		r.stop()
		if err := <-r.result; err != nil {
			t.Error(err)
		}
		if n := r.Stats().Reconnects; n != 0 {
			t.Errorf("%d connections failed", n)
		}
	})
}

// TestHelloDeadline 20 s, then the connection is closed with 4000 and redialled.
func TestHelloDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		p := r.net.accept(t)
		begin := time.Now()
		p.expect("close 4000")
		if d := time.Since(begin); d != 20*time.Second {
			t.Errorf("after %v", d)
		}
		<-p.gone
		if d := time.Since(begin); d != 22*time.Second {
			t.Errorf("hung up after %v, want 2 s for the answer", d)
		}
		close(p.out)
		q := r.net.accept(t)
		q.begin()
		r.end(q)
	})
}

// TestResumeAfterDrop: the resume goes to resume_gateway_url with session and
// sequence, after a backoff below a second.
func TestResumeAfterDrop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		p := r.net.accept(t)
		if got := <-r.net.dials; got != "gateway.discord.gg:80" {
			t.Errorf("dialled %s", got)
		}
		p.begin()
		p.event(2)
		synctest.Wait()
		begin := time.Now()
		p.drop()
		close(p.out)
		q := r.net.accept(t)
		if d := time.Since(begin); d > time.Second {
			t.Errorf("backoff %v", d)
		}
		if got := <-r.net.dials; got != "resume.discord.gg:80" || q.uri != "/?v=10&encoding=json" {
			t.Errorf("resume at %s%s", got, q.uri)
		}
		q.send(testHello)
		if got := q.next(); got != `{"op":6,"d":{"token":"`+testToken+`","session_id":"abc","seq":2}}` {
			t.Errorf("sent %s", got)
		}
		q.send(`{"t":"RESUMED","s":2,"op":0,"d":{}}`)
		waitState(t, r.shard(0), lifecycle.Ready)
		if st := r.shard(0).Stats(); st.Resumes != 1 || st.Reconnects != 1 || st.Identifies != 1 {
			t.Errorf("%+v", st)
		}
		r.end(q)
	})
}

// TestPain21_NothingIsLeft: after many reconnects and the end, no goroutine is
// left; synctest fails the test otherwise.
func TestPain21_NothingIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		p := r.net.accept(t)
		p.begin()
		for i := range 300 {
			synctest.Wait()
			p.drop()
			close(p.out)
			p = r.net.accept(t)
			p.resume()
			p.send(fmt.Sprintf(`{"t":"RESUMED","s":%d,"op":0,"d":{}}`, i+1))
		}
		r.end(p)
	})
}

// TestRefusedUpgrades: each has a cause of its own in the log, and another try.
func TestRefusedUpgrades(t *testing.T) {
	accept := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
	tests := map[string]struct{ answer, cause string }{
		"301":               {httpAnswer(301, "Location: http://evil.test/\r\n", ""), "redirects are not followed"},
		"404":               {httpAnswer(404, "", ""), "404"},
		"429":               {httpAnswer(429, "Retry-After: 5\r\n", ""), "asks to wait 5s"},
		"echo":              {httpAnswer(503, "Retry-After: "+testToken+"\r\n", ""), "503 Service Unavailable"},
		"503":               {httpAnswer(503, "", strings.Repeat("x", 10000)), "503"},
		"endless error":     {"HTTP/1.1 500 X\r\n\r\n…", "500"},
		"no accept":         {accept + "\r\n", "upgrade failed"},
		"wrong accept":      {accept + "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n", "upgrade failed"},
		"unasked extension": {accept + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", "upgrade failed"},
		"no HTTP":           {"SSH-2.0-OpenSSH_9\r\n\r\n", "upgrade failed"},
		"endless header":    {accept + "X: …", "upgrade failed"},
		"endless headers":   {accept + strings.Repeat("X-Y: z\r\n", 20000), "upgrade failed"},
		"end":               {"", "upgrade failed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := &restServer{answers: []string{test.answer}}
				r := start(t, func(c *Config) { c.Retries, c.Dial = 2, server.dial })
				err := <-r.result
				if !errors.Is(err, lifecycle.ErrRetries) || !strings.Contains(err.Error(), test.cause) {
					t.Errorf("Run returned %v, want %s", err, test.cause)
				}
				if server.count() != 3 {
					t.Errorf("%d attempts", server.count())
				}
				if log := r.logs.String(); !strings.Contains(log, test.cause) {
					t.Errorf("log without the cause:\n%s", log)
				}
				if strings.Contains(strings.Join(server.requests, "")+err.Error()+r.logs.String(), testToken) {
					t.Error("the token went into an upgrade request, the error or the log")
				}
			})
		})
	}
}

// TestFatalCloseCodes end Run with an error for each of the codes.
func TestFatalCloseCodes(t *testing.T) {
	for code, want := range map[uint16]error{
		4004: lifecycle.ErrAuthentication, 4010: lifecycle.ErrInvalidShard, 4011: lifecycle.ErrShardingRequired,
		4012: lifecycle.ErrInvalidAPIVersion, 4013: lifecycle.ErrInvalidIntents, 4014: lifecycle.ErrDisallowedIntents,
	} {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, func(c *Config) { c.Shards = Shards{Total: 2} })
			p, q := r.net.accept(t), r.net.accept(t)
			p.send(testHello)
			p.expect(`{"op":2,`)
			synctest.Wait()
			p.raw(wiretest.Close(code, "no "+testToken))
			q.goodbye() // the other shard's session can be resumed
			err := <-r.result
			var stop *lifecycle.StopError
			if !errors.Is(err, want) || !errors.As(err, &stop) || stop.Code != gateway.CloseCode(code) {
				t.Errorf("%d: Run returned %v", code, err)
			}
			if !strings.Contains(err.Error(), stop.Code.Remedy()) || strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, stop), testToken) {
				t.Errorf("%d: %v", code, err)
			}
			if strings.Contains(r.logs.String(), testToken) {
				t.Error("the log holds the token")
			}
			p.drop()
			q.drop()
			close(p.out)
			close(q.out)
		})
	}
}

// TestContextEndedBefore: nothing is dialled.
func TestContextEndedBefore(t *testing.T) {
	r := prepare(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := r.Run(ctx); err != nil {
		t.Error(err)
	}
	if len(r.net.dials) != 0 {
		t.Error("dialled")
	}
}

// TestShutdownInEveryState ends Run with nil, soon, whatever the shard does.
func TestShutdownInEveryState(t *testing.T) {
	states := map[string]func(t *testing.T, r *running) *peer{
		"connecting": func(t *testing.T, r *running) *peer { return nil },
		"hello":      func(t *testing.T, r *running) *peer { return r.net.accept(t) },
		"queued": func(t *testing.T, r *running) *peer {
			// Another shard holds the only bucket.
			p := r.net.accept(t)
			p.send(testHello)
			return p
		},
		"identifying": func(t *testing.T, r *running) *peer {
			p := r.net.accept(t)
			p.send(testHello)
			p.expect(`{"op":2,`)
			return p
		},
		"ready": func(t *testing.T, r *running) *peer {
			p := r.net.accept(t)
			p.begin()
			return p
		},
	}
	for name, reach := range states {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				queue := identify.NewLocal(1)
				if name == "queued" {
					permit, err := queue.Acquire(context.Background(), 5)
					if err != nil {
						t.Fatal(err)
					}
					defer permit.Release()
				}
				r := start(t, func(c *Config) { c.IdentifyQueue = queue })
				p := reach(t, r)
				synctest.Wait()
				begin := time.Now()
				r.stop()
				if p != nil {
					p.expect("close 4000") // and no answer
				}
				if err := <-r.result; err != nil {
					t.Error(err)
				}
				if d := time.Since(begin); d > core.CloseTimeout {
					t.Errorf("took %v", d)
				}
				if p != nil {
					p.drop()
					close(p.out)
				} else {
					(<-r.net.conns).Close()
				}
			})
		})
	}
}

// TestManyShards identify in order, one per 5 s for a max_concurrency of 1.
func TestManyShards(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(c *Config) { c.Shards = ShardRange(1, 3, 8) })
		peers := []*peer{r.net.accept(t), r.net.accept(t), r.net.accept(t)}
		for _, p := range peers {
			p.send(testHello)
		}
		var last time.Time
		for range 3 {
			var got string
			var from *peer
			select {
			case got = <-peers[0].in:
				from = peers[0]
			case got = <-peers[1].in:
				from = peers[1]
			case got = <-peers[2].in:
				from = peers[2]
			}
			if !strings.Contains(got, `,8]`) {
				t.Errorf("identify %s", got)
			}
			if d := time.Since(last); d < 5*time.Second {
				t.Errorf("an identify %v after the one before", d)
			}
			last = time.Now()
			from.send(testReady)
		}
		r.end(peers...)
	})
}
