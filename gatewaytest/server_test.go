package gatewaytest_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/sluice-go/sluice/gatewaytest"
)

var allCompressions = []string{"", "zlib-stream", "zstd-stream", "payload"}

func eachCompression(t *testing.T, f func(t *testing.T, compress string)) {
	for _, compress := range allCompressions {
		name := compress
		if name == "" {
			name = "none"
		}
		t.Run(name, func(t *testing.T) { f(t, compress) })
	}
}

// begin connects and identifies as shard 0 of 1.
func begin(t testing.TB, srv *gatewaytest.Server, compress string) (c *client, session, resumeURL string) {
	t.Helper()
	c = connect(t, srv, srv.URL(), compress)
	c.send(`{"op":2,"d":{"token":%q,"intents":513,"compress":%t,%s}}`, srv.Token(), compress == "payload", properties)
	session, resumeURL = c.ready()
	return c, session, resumeURL
}

func TestSession(t *testing.T) {
	for _, tls := range []bool{true, false} {
		t.Run(fmt.Sprintf("tls=%t", tls), func(t *testing.T) {
			eachCompression(t, func(t *testing.T, compress string) {
				srv := gatewaytest.NewServer(t, gatewaytest.WithTLS(tls), gatewaytest.WithGuilds(3, 3000), gatewaytest.WithIdentifyInterval(0))
				c, session, resumeURL := begin(t, srv, compress)
				for i := range 3 {
					if p := c.next(); p.name() != "GUILD_CREATE" || p.seq() != int64(i+2) {
						t.Fatalf("got %s, s %d; want GUILD_CREATE with %d", p.name(), p.seq(), i+2)
					}
				}
				if err := srv.WaitReady(wait(t), 0); err != nil {
					t.Fatal(err)
				}
				c.send(`{"op":1,"d":4}`)
				if p := c.next(); p.Op != 11 {
					t.Fatalf("got opcode %d, want 11", p.Op)
				}
				srv.Dispatch(0, "MESSAGE_CREATE", []byte(`{"content":"one"}`))
				if p := c.next(); p.name() != "MESSAGE_CREATE" || p.seq() != 5 || string(p.D) != `{"content":"one"}` {
					t.Fatalf("got %s, s %d, %s", p.name(), p.seq(), p.D)
				}
				srv.Drop(0)
				srv.Dispatch(0, "MESSAGE_CREATE", []byte(`{"content":"two"}`))
				srv.Dispatch(0, "MESSAGE_DELETE", []byte(`{"id":"3"}`))
				if end := c.closed(); end.code != 0 {
					t.Fatalf("got close code %d, want none", end.code)
				}
				c = connect(t, srv, resumeURL, compress)
				c.resume(srv, session, 4)
				for i, want := range []string{"MESSAGE_CREATE", "MESSAGE_CREATE", "MESSAGE_DELETE", "RESUMED"} {
					if p := c.next(); p.name() != want || p.seq() != min(int64(i)+5, 7) {
						t.Fatalf("got %s, s %d; want %s with %d", p.name(), p.seq(), want, min(i+5, 7))
					}
				}
				if err := srv.WaitResume(wait(t), 0); err != nil {
					t.Fatal(err)
				}
				srv.Dispatch(0, "TYPING_START", []byte(`{}`))
				if p := c.next(); p.name() != "TYPING_START" || p.seq() != 8 {
					t.Fatalf("got %s, s %d; want TYPING_START with 8", p.name(), p.seq())
				}
			})
		})
	}
}

// TestTraffic reads over many segments, with ACKs in between, and resumes in the middle of one.
func TestTraffic(t *testing.T) {
	eachCompression(t, func(t *testing.T, compress string) {
		t.Parallel() // most of the time is spent waiting for traffic
		srv := gatewaytest.NewServer(t, gatewaytest.WithTraffic(400), gatewaytest.WithGuilds(2, 3000), gatewaytest.WithReplayLimit(math.MaxInt))
		c, session, resumeURL := begin(t, srv, compress)
		seq := int64(1)
		for acks := 0; acks < 2 || seq < 220; {
			p := c.next()
			switch p.Op {
			case 0:
				if seq++; p.seq() != seq {
					t.Fatalf("got s %d, want %d", p.seq(), seq)
				}
				if seq%100 == 0 {
					c.send(`{"op":1,"d":%d}`, seq)
				}
			case 11:
				acks++
			default:
				t.Fatalf("opcode %d", p.Op)
			}
		}
		srv.Drop(0)
		c.closed()

		c = connect(t, srv, resumeURL, compress)
		seq = 133 // in the middle of a segment
		c.resume(srv, session, seq)
		for resumed := false; !resumed || seq < 400; {
			p := c.next()
			if p.name() == "RESUMED" {
				resumed = true
				if p.seq() != seq {
					t.Fatalf("RESUMED has s %d, want %d", p.seq(), seq)
				}
				continue
			}
			if seq++; p.Op != 0 || p.seq() != seq {
				t.Fatalf("got op %d, s %d, want %d (resumed: %t)", p.Op, p.seq(), seq, resumed)
			}
		}

		srv.Dispatch(0, "OUT_OF_STEP", []byte(`{}`))
		for after := 0; after < 50; {
			p := c.next()
			if seq++; p.seq() != seq {
				t.Fatalf("got op %d, s %d, want %d", p.Op, p.seq(), seq)
			}
			if p.name() == "OUT_OF_STEP" || after > 0 {
				after++
			}
		}

		if err := srv.Quiesce(wait(t)); err != nil {
			t.Fatal(err)
		}
		report := srv.Report()
		if len(report.Sessions) != 1 || report.Identifies != 1 || report.Resumes != 1 {
			t.Fatalf("report: %+v", report)
		}
		for seq < report.Sessions[0].LastSeq {
			p := c.next()
			if seq++; p.seq() != seq {
				t.Fatalf("got s %d, want %d", p.seq(), seq)
			}
		}
		c.send(`{"op":1,"d":%d}`, seq)
		if p := c.next(); p.Op != 11 {
			t.Fatalf("after Quiesce got opcode %d, s %d; want 11", p.Op, p.seq())
		}
	})
}

// TestTrafficEnds reads all events there are.
func TestTrafficEnds(t *testing.T) {
	eachCompression(t, func(t *testing.T, compress string) {
		srv := gatewaytest.NewServer(t, gatewaytest.WithTraffic(gatewaytest.Saturated), gatewaytest.WithEvents(100), gatewaytest.WithIdentifyInterval(0))
		c, session, resumeURL := begin(t, srv, compress)
		if p, n := c.skipTo(7); n != 100 {
			t.Fatalf("opcode %d after %d events, want 100", p.Op, n)
		}
		c.answer(4000)
		c = connect(t, srv, resumeURL, compress)
		c.resume(srv, session, 99)
		for _, want := range []int64{100, 101, 101} {
			if p := c.next(); p.seq() != want {
				t.Fatalf("got %s, s %d, want %d", p.name(), p.seq(), want)
			}
		}
		if p := c.next(); p.Op != 9 || string(p.D) != "false" {
			t.Fatalf("got opcode %d, %s; want 9 with false", p.Op, p.D)
		}
		c.identify(srv, 0, 1)
	})
}
