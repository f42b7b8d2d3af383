package gatewaytest_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/gatewaytest/fault"
)

// script starts a server without TLS whose faults are given.
func script(t *testing.T, faults string, opts ...gatewaytest.Option) *gatewaytest.Server {
	t.Helper()
	return plain(t, append([]gatewaytest.Option{gatewaytest.WithScript(strings.NewReader(faults))}, opts...)...)
}

// expect reads payloads and compares them with want: an event as "NAME SEQUENCE", another as
// "op OPCODE DATA", without the data of hello.
func (c *client) expect(want ...string) {
	c.tb.Helper()
	for i, w := range want {
		p := c.next()
		got := fmt.Sprintf("op %d", p.Op)
		switch {
		case p.Op == 0:
			got = fmt.Sprintf("%s %d", p.name(), p.seq())
		case p.Op != 10:
			got += " " + string(p.D)
		}
		if got != w {
			c.tb.Fatalf("payload %d is %q, want %q", i, got, w)
		}
	}
}

// login identifies without waiting for READY.
func (c *client) login(srv *gatewaytest.Server, compress string) {
	c.tb.Helper()
	c.send(`{"op":2,"d":{"token":%q,"intents":1,"compress":%t,%s}}`, srv.Token(), compress == "payload", properties)
}

// TestFaultCloseCodes closes with every code, and looks what becomes of the session.
func TestFaultCloseCodes(t *testing.T) {
	codes := []int{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4006, 4999}
	for code := 4000; code <= 4014; code++ {
		codes = append(codes, code)
	}
	gone := map[int]bool{4001: true, 4003: true, 4004: true, 4007: true, 4009: true, 4010: true, 4011: true, 4012: true, 4013: true, 4014: true}
	var lines strings.Builder
	for i, code := range codes {
		fmt.Fprintf(&lines, "ready %d: close %d see you\n", i+1, code)
	}
	srv := script(t, lines.String())
	for _, code := range codes {
		c, session, resumeURL := begin(t, srv, "zlib-stream")
		if end := c.closed(); end != (closing{code, "see you"}) {
			t.Errorf("closed with %v, want %d", end, code)
		}
		c = connect(t, srv, resumeURL, "")
		c.resume(srv, session, 1)
		if gone[code] {
			c.expect("op 9 false")
		} else {
			c.expect("RESUMED 1")
		}
	}
}

// TestFaultControls has opcodes 7, 9 and 1 come where they may, in every compression.
func TestFaultControls(t *testing.T) {
	tests := []struct {
		name, script string
		want         []string // from the first payload on
	}{
		{"op 7 before hello", "hello: reconnect", []string{"op 7 null", "op 10", "READY 1"}},
		{"op 7 behind READY", "ready: reconnect", []string{"op 10", "READY 1", "op 7 null", "GUILD_CREATE 2"}},
		{"op 7 in the burst", "burst: reconnect", []string{"op 10", "READY 1", "GUILD_CREATE 2", "GUILD_CREATE 3", "op 7 null", "GUILD_CREATE 4"}},
		{"op 7 for hello", "hello: reconnect\nhello: silence", []string{"op 7 null", "READY 1"}},
		{"op 9 for READY", "identify: invalid-session false", []string{"op 10", "op 9 false"}},
		{"op 9 true behind READY", "ready: invalid-session true", []string{"op 10", "READY 1", "op 9 true"}},
		{"op 9 before hello", "hello: invalid-session false", []string{"op 9 false", "READY 1"}},
		{"op 1 in the burst", "burst: request-heartbeat", []string{"op 10", "READY 1", "GUILD_CREATE 2", "GUILD_CREATE 3", "op 1 null"}},
		{"a payload of one's own", `ready: send {"op":0,"t":"OWN","s":77,"d":{"a": "b"}}`, []string{"op 10", "READY 1", "OWN 77", "GUILD_CREATE 2"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			eachCompression(t, func(t *testing.T, compress string) {
				srv := script(t, test.script, gatewaytest.WithGuilds(4, 0))
				c := dial(t, srv, srv.URL(), compress)
				want := test.want
				if want[0] == "op 10" { // who identifies before hello may be answered before it
					c.expect(want[0])
					want = want[1:]
				}
				c.login(srv, compress)
				c.expect(want...)
				if err := srv.WaitFaults(wait(t)); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// TestFaultInvalidSession follows opcode 9 of both kinds.
func TestFaultInvalidSession(t *testing.T) {
	for d, answer := range map[string]string{"true": "RESUMED 1", "false": "op 9 false"} {
		srv := script(t, "ready: invalid-session "+d)
		c, session, resumeURL := begin(t, srv, "")
		c.expect("op 9 " + d)
		c = connect(t, srv, resumeURL, "")
		c.resume(srv, session, 1)
		c.expect(answer)
	}
}

// TestFaultSilence withholds hello, READY, an ACK, an answer to a resume and events.
func TestFaultSilence(t *testing.T) {
	t.Run("hello", func(t *testing.T) {
		srv := script(t, "hello: silence")
		c := dial(t, srv, srv.URL(), "zstd-stream")
		c.send(`{"op":1,"d":null}`)
		c.expect("op 11 null")
		connect(t, srv, srv.URL(), "") // has one
	})
	t.Run("identify", func(t *testing.T) {
		srv := script(t, "identify: silence")
		c := connect(t, srv, srv.URL(), "")
		c.login(srv, "")
		c.send(`{"op":1,"d":null}`)
		c.expect("op 11 null")
		c.login(srv, "")
		c.expect("READY 1")
	})
	t.Run("heartbeat", func(t *testing.T) {
		srv := script(t, "heartbeat times 2: silence")
		c, _, _ := begin(t, srv, "")
		for range 3 {
			c.send(`{"op":1,"d":1}`)
		}
		c.expect("op 11 null")
		srv.Dispatch(0, "X", nil)
		c.expect("X 2")
	})
	t.Run("resume", func(t *testing.T) {
		srv := script(t, "resume: silence")
		c, session, resumeURL := begin(t, srv, "")
		c.nc.Close()
		c = connect(t, srv, resumeURL, "")
		c.resume(srv, session, 1)
		c.send(`{"op":1,"d":1}`)
		c.expect("op 11 null")
		c.resume(srv, session, 1)
		c.expect("RESUMED 1")
	})
	t.Run("events", func(t *testing.T) {
		srv := script(t, "event 2: silence")
		c, session, resumeURL := begin(t, srv, "")
		for range 3 {
			srv.Dispatch(0, "X", nil)
		}
		c.expect("X 2", "X 3")
		c.send(`{"op":1,"d":3}`)
		c.expect("op 11 null")
		c = connect(t, srv, resumeURL, "")
		c.resume(srv, session, 3)
		c.expect("X 4", "RESUMED 4")
	})
}

// TestFaultLateACK has an ACK wait for a burst.
func TestFaultLateACK(t *testing.T) {
	eachCompression(t, func(t *testing.T, compress string) {
		srv := script(t, "heartbeat: burst 300")
		c, _, _ := begin(t, srv, compress)
		c.send(`{"op":1,"d":1}`)
		if _, n := c.skipTo(11); n != 300 {
			t.Errorf("the ACK came behind %d events, want 300", n)
		}
		c.send(`{"op":1,"d":301}`)
		c.expect("op 11 null")
	})
}

// TestFaultHang has the connection half open, and resumes on another.
func TestFaultHang(t *testing.T) {
	for _, point := range []string{"ready", "accept", "upgrade"} {
		t.Run(point, func(t *testing.T) {
			srv := script(t, point+": hang")
			if point != "ready" {
				nc := silent(t, srv)
				nc.Close()
				connect(t, srv, srv.URL(), "").identify(srv, 0, 1)
				return
			}
			c, session, resumeURL := begin(t, srv, "")
			if err := srv.WaitFaults(wait(t)); err != nil {
				t.Fatal(err)
			}
			c.send(`{"op":1,"d":1}`)
			srv.Dispatch(0, "X", nil)
			second := connect(t, srv, resumeURL, "")
			second.resume(srv, session, 1)
			second.expect("X 2", "RESUMED 2")
			// The first was given up for the second. Nothing had come any more.
			var p payload
			if err := c.json.Decode(&p); err == nil {
				t.Errorf("op %d came over a connection that hangs", p.Op)
			}
		})
	}
}

// TestFaultEnds has TCP end in each way, with a client's half-read frame in one.
func TestFaultEnds(t *testing.T) {
	for _, action := range []string{"drop", "reset", "tear"} {
		eachCompression(t, func(t *testing.T, compress string) {
			srv := script(t, "event: "+action)
			c, session, resumeURL := begin(t, srv, compress)
			srv.Dispatch(0, "X", nil)
			if end := c.closed(); end.code != 0 {
				t.Fatalf("%s: closed with %v, want no close frame", action, end)
			}
			c = connect(t, srv, resumeURL, compress)
			c.resume(srv, session, 1)
			c.expect("X 2", "RESUMED 2")
		})
	}
	t.Run("within a frame", func(t *testing.T) {
		srv := script(t, "hello: tear")
		c, _ := upgrade(t, srv, srv.URL(), "v=10&encoding=json")
		head := make([]byte, 2) // of hello, whose length is below 126 bytes
		if n, _ := c.br.Read(head[:1]); n != 1 || head[0] != 0x81 {
			t.Fatalf("no frame began: %x", head)
		}
		var rest bytes.Buffer
		if _, err := rest.ReadFrom(c.br); rest.Len() < 10 || int(rest.Bytes()[0]) < rest.Len() {
			t.Errorf("the frame has all of its %d bytes (%v)", rest.Len(), err)
		}
	})
}

// TestFaultReplay ends a replay half-way, by silence, a close and a reset.
func TestFaultReplay(t *testing.T) {
	for _, action := range []string{"silence", "close 4000", "reset"} {
		for missed, half := range map[int]int{0: 0, 1: 1, 5: 3} {
			t.Run(fmt.Sprintf("%s of %d", action, missed), func(t *testing.T) {
				srv := script(t, "replay: "+action)
				c, session, resumeURL := begin(t, srv, "")
				srv.Drop(0)
				c.closed()
				for range missed {
					srv.Dispatch(0, "X", nil)
				}
				c = connect(t, srv, resumeURL, "")
				c.resume(srv, session, 1)
				for i := range half {
					c.expect(fmt.Sprintf("X %d", i+2))
				}
				if action == "silence" {
					c.send(`{"op":1,"d":1}`)
					c.expect("op 11 null")
				} else {
					c.closed()
				}
				c = connect(t, srv, resumeURL, "")
				c.resume(srv, session, int64(half+1))
				for i := half; i < missed; i++ {
					c.expect(fmt.Sprintf("X %d", i+2))
				}
				c.expect(fmt.Sprintf("RESUMED %d", missed+1))
			})
		}
	}
}

// TestInject has a fault wait for a shard, and refuses what makes no sense.
func TestInject(t *testing.T) {
	srv := plain(t, gatewaytest.WithMaxConcurrency(2))
	err := srv.Inject(fault.Fault{Point: fault.AtReady, Shards: []int{1}, Action: fault.ActionClose, Number: 4000})
	if err != nil {
		t.Fatal(err)
	}
	a, b := connect(t, srv, srv.URL(), ""), connect(t, srv, srv.URL(), "")
	a.identify(srv, 0, 2)
	b.identify(srv, 1, 2)
	if end := b.closed(); end.code != 4000 {
		t.Errorf("shard 1 was closed with %v", end)
	}
	srv.Dispatch(0, "X", nil)
	a.expect("X 2")
	for _, f := range []fault.Fault{{}, {Point: fault.AtReady}, {Point: 99, Action: fault.ActionDrop}, {Point: fault.AtReady, Action: 99}} {
		if err := srv.Inject(f); err == nil || !strings.HasPrefix(err.Error(), "gatewaytest: fault 0: ") {
			t.Errorf("Inject(%+v): %v", f, err)
		}
	}
	_, err = gatewaytest.Start(gatewaytest.WithScript(strings.NewReader("\n\nnowhere: drop")), gatewaytest.WithFaults(fault.Fault{}), gatewaytest.WithChaos(1, 0))
	var scriptErr *fault.ScriptError
	if !errors.As(err, &scriptErr) || scriptErr.Line != 3 || !strings.Contains(err.Error(), "WithFaults") || !strings.Contains(err.Error(), "WithChaos(1, 0)") {
		t.Errorf("Start: %v", err)
	}
}
