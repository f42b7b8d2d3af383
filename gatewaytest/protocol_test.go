package gatewaytest_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// plain starts a server without TLS, which most tests of the protocol do not need.
func plain(t testing.TB, opts ...gatewaytest.Option) *gatewaytest.Server {
	t.Helper()
	return gatewaytest.NewServer(t, append([]gatewaytest.Option{gatewaytest.WithTLS(false), gatewaytest.WithIdentifyInterval(0)}, opts...)...)
}

// TestHello compares hello with what Discord documents.
func TestHello(t *testing.T) {
	srv := plain(t, gatewaytest.WithHeartbeatInterval(1234*time.Millisecond))
	p := dial(t, srv, srv.URL(), "").next()
	var d struct {
		Interval int `json:"heartbeat_interval"`
	}
	if err := json.Unmarshal(p.D, &d); p.Op != 10 || err != nil || d.Interval != 1234 || p.S != nil || p.T != nil {
		t.Fatalf("hello: %+v", p)
	}
}

// TestCloseCodes has one mistake a line. %T stands for the token; a line of several payloads is
// sent in order.
func TestCloseCodes(t *testing.T) {
	const identify = `{"op":2,"d":{"token":"%T","intents":1,"properties":{}}}`
	long := `{"op":1,"d":null,"x":"` + strings.Repeat("x", 4096) + `"}`
	tests := []struct {
		name string
		code int
		send []string
	}{
		{"unknown opcode", 4001, []string{`{"op":99,"d":null}`}},
		{"opcode beyond a byte", 4001, []string{`{"op":258,"d":null}`}},
		{"negative opcode", 4001, []string{`{"op":-1,"d":null}`}},
		{"opcode that the gateway sends", 4001, []string{identify, `{"op":11,"d":null}`}},
		{"no JSON", 4002, []string{`{"op":1,`}},
		{"no opcode", 4002, []string{`{"d":null}`}},
		{"opcode is a string", 4002, []string{`{"op":"1","d":null}`}},
		{"heartbeat without d", 4002, []string{`{"op":1}`}},
		{"heartbeat with a string", 4002, []string{`{"op":1,"d":"1"}`}},
		{"payload over 4096 bytes", 4002, []string{long}},
		{"identify without d", 4002, []string{`{"op":2}`}},
		{"identify without token", 4002, []string{`{"op":2,"d":{"intents":1,"properties":{}}}`}},
		{"identify without properties", 4002, []string{`{"op":2,"d":{"token":"%T","intents":1}}`}},
		{"large_threshold too small", 4002, []string{`{"op":2,"d":{"token":"%T","intents":1,"properties":{},"large_threshold":49}}`}},
		{"large_threshold too large", 4002, []string{`{"op":2,"d":{"token":"%T","intents":1,"properties":{},"large_threshold":251}}`}},
		{"shard of strings", 4002, []string{`{"op":2,"d":{"token":"%T","intents":1,"properties":{},"shard":["0","1"]}}`}},
		{"resume without session", 4002, []string{`{"op":6,"d":{"token":"%T","seq":1}}`}},
		{"presence before identify", 4003, []string{`{"op":3,"d":{"since":null,"activities":[],"status":"online","afk":false}}`}},
		{"voice before identify", 4003, []string{`{"op":4,"d":{}}`}},
		{"members before identify", 4003, []string{`{"op":8,"d":{}}`}},
		{"sounds before identify", 4003, []string{`{"op":31,"d":{}}`}},
		{"channel info before identify", 4003, []string{`{"op":43,"d":{}}`}},
		{"wrong token", 4004, []string{`{"op":2,"d":{"token":"x","intents":1,"properties":{}}}`}},
		{"resume with wrong token", 4004, []string{`{"op":6,"d":{"token":"x","session_id":"x","seq":1}}`}},
		{"identify twice", 4005, []string{identify, identify}},
		{"resume after identify", 4005, []string{identify, `{"op":6,"d":{"token":"%T","session_id":"x","seq":1}}`}},
		{"the largest shard count is no lack of shards", 4014, []string{`{"op":2,"d":{"token":"%T","intents":2,"properties":{},"shard":[1,` + strconv.Itoa(math.MaxInt) + `]}}`}},
		{"shard id is the count", 4010, []string{`{"op":2,"d":{"token":"%T","intents":1,"properties":{},"shard":[2,2]}}`}},
		{"shard id negative", 4010, []string{`{"op":2,"d":{"token":"%T","intents":1,"properties":{},"shard":[-1,2]}}`}},
		{"shard without count", 4010, []string{`{"op":2,"d":{"token":"%T","intents":1,"properties":{},"shard":[0]}}`}},
		{"intent that does not exist", 4013, []string{`{"op":2,"d":{"token":"%T","intents":67108864,"properties":{}}}`}},
		{"no intents", 4013, []string{`{"op":2,"d":{"token":"%T","properties":{}}}`}},
		{"intent that was not granted", 4014, []string{`{"op":2,"d":{"token":"%T","intents":2,"properties":{}}}`}},
		{"presence that is no object", 4002, []string{identify, `{"op":3,"d":[]}`}},
		{"voice state without guild", 4002, []string{identify, `{"op":4,"d":{}}`}},
		{"members with query and user_ids", 4002, []string{identify, `{"op":8,"d":{"guild_id":"1","query":"","limit":0,"user_ids":"1"}}`}},
		{"sounds without guilds", 4002, []string{identify, `{"op":31,"d":{}}`}},
		{"channel info of an unknown field", 4002, []string{identify, `{"op":43,"d":{"guild_id":"1","fields":["x"]}}`}},
	}
	srv := plain(t, gatewaytest.WithAllowedIntents(gateway.IntentsUnprivileged))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := connect(t, srv, srv.URL(), "")
			for _, s := range test.send {
				c.send("%s", strings.ReplaceAll(s, "%T", srv.Token()))
			}
			if end := c.closed(); end.code != test.code {
				t.Errorf("closed with %d %q, want %d", end.code, end.reason, test.code)
			}
		})
	}
}

// TestFrames breaks RFC 6455.
func TestFrames(t *testing.T) {
	srv := plain(t)
	tests := []struct {
		name string
		code int
		send func(c *client)
	}{
		{"unmasked", 1002, func(c *client) { c.nc.Write([]byte{0x81, 0x02, '{', '}'}) }},
		{"reserved bit", 1002, func(c *client) { c.write(0xc1, []byte("{}")) }},
		{"reserved opcode", 1002, func(c *client) { c.write(0x83, nil) }},
		{"long ping", 1002, func(c *client) { c.write(0x89, make([]byte, 126)) }},
		{"fragmented ping", 1002, func(c *client) { c.write(0x09, nil) }},
		{"continuation of nothing", 1002, func(c *client) { c.write(0x80, nil) }},
		{"text within a fragmented message", 1002, func(c *client) { c.write(0x01, []byte("{")); c.write(0x81, []byte("}")) }},
		{"text that is not UTF-8", 1007, func(c *client) { c.write(0x81, []byte("{\"op\":1,\"d\":\"\xff\"}")) }},
		{"close of one byte", 1002, func(c *client) { c.write(0x88, []byte{3}) }},
		{"close with a code that may not be sent", 1002, func(c *client) { c.answer(1006) }},
		{"fragments over 4096 bytes", 4002, func(c *client) { c.write(0x01, make([]byte, 4000)); c.write(0x80, make([]byte, 97)) }},
		{"close is answered with its code", 4999, func(c *client) { c.answer(4999) }},
		{"close without a code is answered without", 1005, func(c *client) { c.write(0x88, nil) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := connect(t, srv, srv.URL(), "")
			test.send(c)
			if end := c.closed(); end.code != test.code {
				t.Errorf("closed with %d %q, want %d", end.code, end.reason, test.code)
			}
		})
	}
	t.Run("fragments and pings", func(t *testing.T) {
		c := connect(t, srv, srv.URL(), "zlib-stream")
		c.write(0x01, []byte(`{"op":`))
		c.write(0x89, []byte("hello"))
		c.write(0x00, []byte(`1,"d"`))
		c.write(0x8a, nil)
		c.write(0x80, []byte(`:null}`))
		if p := c.next(); p.Op != 11 {
			t.Errorf("got opcode %d, want 11", p.Op)
		}
		if pong := <-c.pongs; pong != "hello" {
			t.Errorf("pong says %q", pong)
		}
	})
	t.Run("TCP ends after the close frames", func(t *testing.T) {
		c := connect(t, srv, srv.URL(), "")
		c.identify(srv, 0, 1)
		srv.CloseWith(0, 4000, "bye")
		if end := c.closed(); end != (closing{4000, "bye"}) {
			t.Errorf("closed with %v", end)
		}
		c.answer(4000)
		if _, err := c.br.ReadByte(); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("after the close frame: %v", err)
		}
	})
}

// TestSendLimit sends as much as is allowed, and one payload more.
func TestSendLimit(t *testing.T) {
	srv := plain(t)
	c := connect(t, srv, srv.URL(), "")
	for range 120 {
		c.send(`{"op":1,"d":null}`)
		if p := c.next(); p.Op != 11 {
			t.Fatalf("got opcode %d, want 11", p.Op)
		}
	}
	c.send(`{"op":1,"d":null}`)
	if end := c.closed(); end.code != 4008 {
		t.Errorf("closed with %d, want 4008", end.code)
	}
}

// TestZombie sends no heartbeat.
func TestZombie(t *testing.T) {
	srv := plain(t, gatewaytest.WithHeartbeatInterval(20*time.Millisecond))
	c := connect(t, srv, srv.URL(), "zlib-stream")
	if end := c.closed(); end.code != 4009 {
		t.Errorf("closed with %d, want 4009", end.code)
	}
}

// TestIdentifyBuckets lets one shard of each bucket in.
func TestIdentifyBuckets(t *testing.T) {
	srv := plain(t, gatewaytest.WithMaxConcurrency(2), gatewaytest.WithIdentifyInterval(time.Hour))
	for shard := range 4 {
		c := connect(t, srv, srv.URL(), "")
		c.send(`{"op":2,"d":{"token":%q,"intents":1,"shard":[%d,4],%s}}`, srv.Token(), shard, properties)
		p := c.next()
		if early := shard >= 2; early && (p.Op != 9 || string(p.D) != "false") || !early && p.name() != "READY" {
			t.Errorf("shard %d got opcode %d, %s", shard, p.Op, p.D)
		}
	}
}

// TestSessionStartLimit spends the last identify, and one more.
func TestSessionStartLimit(t *testing.T) {
	srv := plain(t, gatewaytest.WithSessionStartLimit(10, 2))
	token := srv.Token()
	first := connect(t, srv, srv.URL(), "")
	first.identify(srv, 0, 3)
	connect(t, srv, srv.URL(), "").identify(srv, 1, 3)
	c := connect(t, srv, srv.URL(), "")
	c.send(`{"op":2,"d":{"token":%q,"intents":1,"shard":[2,3],%s}}`, token, properties)
	for _, c := range []*client{c, first} {
		if end := c.closed(); end.code != 4004 {
			t.Errorf("closed with %d, want 4004", end.code)
		}
	}
	if srv.Token() == token || len(srv.Sessions()) != 0 {
		t.Errorf("the token was not reset, or sessions are left: %v", srv.Sessions())
	}
}

// TestSharding refuses a count that puts too many guilds on a shard.
func TestSharding(t *testing.T) {
	srv := plain(t, gatewaytest.WithShards(4), gatewaytest.WithGuilds(1000, 0))
	c := connect(t, srv, srv.URL(), "")
	c.send(`{"op":2,"d":{"token":%q,"intents":1,%s}}`, srv.Token(), properties)
	if end := c.closed(); end.code != 4011 {
		t.Errorf("closed with %d, want 4011", end.code)
	}
	connect(t, srv, srv.URL(), "").identify(srv, 0, 2)
}

// TestSessionLife ends connections in each way and looks whether the session lives.
func TestSessionLife(t *testing.T) {
	tests := []struct {
		name  string
		end   func(srv *gatewaytest.Server, c *client)
		lives bool
	}{
		{"client closes with 1000", func(_ *gatewaytest.Server, c *client) { c.answer(1000) }, false},
		{"client closes with 1001", func(_ *gatewaytest.Server, c *client) { c.answer(1001) }, false},
		{"client closes with 4000", func(_ *gatewaytest.Server, c *client) { c.answer(4000) }, true},
		{"client closes without a code", func(_ *gatewaytest.Server, c *client) { c.write(0x88, nil) }, true},
		{"client drops", func(_ *gatewaytest.Server, c *client) { c.nc.Close() }, true},
		{"server drops", func(srv *gatewaytest.Server, _ *client) { srv.Drop(0) }, true},
		{"server closes with 4000", func(srv *gatewaytest.Server, _ *client) { srv.CloseWith(0, 4000, "") }, true},
		{"server closes with 4009", func(srv *gatewaytest.Server, _ *client) { srv.CloseWith(0, 4009, "") }, false},
		{"invalid session", func(srv *gatewaytest.Server, _ *client) { srv.InvalidateSession(0, false) }, false},
		{"invalid but resumable session", func(srv *gatewaytest.Server, _ *client) { srv.InvalidateSession(0, true) }, true},
		{"reconnect", func(srv *gatewaytest.Server, c *client) { srv.Reconnect(0); c.skipTo(7); c.nc.Close() }, true},
		{"overtaken", func(*gatewaytest.Server, *client) {}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			srv := plain(t)
			c, session, resumeURL := begin(t, srv, "")
			test.end(srv, c)
			if strings.HasPrefix(test.name, "client") {
				c.closed()
			}
			c = connect(t, srv, resumeURL, "")
			c.resume(srv, session, 1)
			p := c.next()
			if test.lives && (p.name() != "RESUMED" || p.seq() != 1) || !test.lives && (p.Op != 9 || string(p.D) != "false") {
				t.Errorf("resume was answered by opcode %d, %s, s %d, %s", p.Op, p.name(), p.seq(), p.D)
			}
		})
	}
}

// TestResumeRefused asks for what a session cannot give.
func TestResumeRefused(t *testing.T) {
	t.Run("sequence ahead", func(t *testing.T) {
		srv := plain(t)
		_, session, resumeURL := begin(t, srv, "")
		c := connect(t, srv, resumeURL, "")
		c.resume(srv, session, 2)
		if end := c.closed(); end.code != 4007 {
			t.Errorf("closed with %d, want 4007", end.code)
		}
	})
	t.Run("replay limit", func(t *testing.T) {
		srv := plain(t, gatewaytest.WithReplayLimit(3))
		c, session, resumeURL := begin(t, srv, "")
		for range 10 {
			srv.Dispatch(0, "TYPING_START", []byte("{}"))
			c.next()
		}
		for _, test := range []struct{ seq, op int }{{8, 0}, {7, 9}} {
			c := connect(t, srv, resumeURL, "")
			c.resume(srv, session, int64(test.seq))
			if p := c.next(); p.Op != test.op || test.op == 0 && p.seq() != 9 {
				t.Errorf("resume at %d was answered by opcode %d, s %d", test.seq, p.Op, p.seq())
			}
		}
	})
	t.Run("replay window", func(t *testing.T) {
		srv := plain(t, gatewaytest.WithReplayWindow(0))
		c, session, resumeURL := begin(t, srv, "")
		srv.Dispatch(0, "X", nil)
		c.expect("X 2")
		for _, test := range []struct {
			seq  int64
			want string
		}{{2, "RESUMED 2"}, {1, "op 9 false"}} {
			c := connect(t, srv, resumeURL, "")
			c.resume(srv, session, test.seq)
			c.expect(test.want)
		}
	})
	t.Run("default replay limit", func(t *testing.T) {
		for guilds, limit := range map[int]int{0: 100, 2: 150, 60: 3500} {
			srv := plain(t, gatewaytest.WithGuilds(guilds, 0))
			c, session, resumeURL := begin(t, srv, "")
			for range guilds {
				c.next()
			}
			c.nc.Close()
			for range limit {
				srv.Dispatch(0, "X", nil)
			}
			c = connect(t, srv, resumeURL, "")
			c.resume(srv, session, int64(1+guilds))
			c.expect(fmt.Sprintf("X %d", 2+guilds))
			srv.Dispatch(0, "X", nil)
			c = connect(t, srv, resumeURL, "")
			c.resume(srv, session, int64(1+guilds))
			c.expect("op 9 false")
		}
	})
	t.Run("timeout", func(t *testing.T) {
		srv := plain(t, gatewaytest.WithSessionTimeout(0))
		_, session, resumeURL := begin(t, srv, "")
		srv.Drop(0)
		c := connect(t, srv, resumeURL, "")
		c.resume(srv, session, 1)
		if p := c.next(); p.Op != 9 {
			t.Errorf("got opcode %d, want 9", p.Op)
		}
		c.identify(srv, 0, 1)
		if report := srv.Report(); len(report.Sessions) != 2 || !report.Sessions[0].Ended || report.Sessions[1].Ended {
			t.Errorf("report: %+v", report)
		}
	})
}

// TestControls sends what has no sequence, in every compression.
func TestControls(t *testing.T) {
	eachCompression(t, func(t *testing.T, compress string) {
		srv := plain(t, gatewaytest.WithTraffic(20))
		c, _, _ := begin(t, srv, compress)
		srv.RequestHeartbeat(0)
		c.skipTo(1)
		srv.Reconnect(0)
		c.skipTo(7)
		srv.InvalidateSession(0, true)
		if p, _ := c.skipTo(9); string(p.D) != "true" {
			t.Errorf("opcode 9 says %s, want true", p.D)
		}
		c.identify(srv, 0, 1)
		srv.InvalidateSession(0, false)
		if p, _ := c.skipTo(9); string(p.D) != "false" {
			t.Errorf("opcode 9 says %s, want false", p.D)
		}
	})
}

// TestExactPacing takes traffic of several connections, each event of which has a time of its own.
func TestExactPacing(t *testing.T) {
	eachCompression(t, func(t *testing.T, compress string) {
		srv := plain(t, gatewaytest.WithPacing(gatewaytest.PacingExact), gatewaytest.WithTraffic(1000), gatewaytest.WithMaxConcurrency(3))
		var conns []*client
		for shard := range 3 {
			c := connect(t, srv, srv.URL(), compress)
			c.identify(srv, shard, 3)
			conns = append(conns, c)
		}
		for seq := range int64(30) {
			for shard, c := range conns {
				if p := c.next(); p.seq() != seq+2 {
					t.Fatalf("shard %d: got %s, s %d, want s %d", shard, p.name(), p.seq(), seq+2)
				}
			}
		}
	})
}

// TestInspection looks at what a test can ask the server.
func TestInspection(t *testing.T) {
	srv := plain(t, gatewaytest.WithMaxConcurrency(2))
	c := connect(t, srv, srv.URL(), "zstd-stream")
	session, _ := c.identify(srv, 1, 2)
	c.send(`{"op":1,"d":1}`)
	c.skipTo(11)
	if err := srv.WaitIdentify(wait(t), 1); err != nil {
		t.Fatal(err)
	}
	infos := srv.Sessions()
	if len(infos) != 1 {
		t.Fatalf("sessions: %+v", infos)
	}
	want := gatewaytest.SessionInfo{ID: session, Shard: 1, ShardCount: 2, Intents: 513, Compression: gatewaytest.CompressionZstd, Connected: true, Seq: 1}
	if infos[0] != want {
		t.Errorf("session %+v, want %+v", infos[0], want)
	}
	received := srv.Received(1)
	if len(received) != 2 || !bytes.Contains(received[0], []byte(srv.Token())) || string(received[1]) != `{"op":1,"d":1}` {
		t.Errorf("received %q", received)
	}
	if n := srv.Dispatch(0, "X", nil); n != 0 {
		t.Errorf("shard 0 has %d sessions", n)
	}
	if len(srv.Received(0)) != 0 {
		t.Errorf("shard 0 sent %q", srv.Received(0))
	}
}

// TestVersion asks for what the server does not speak.
func TestVersion(t *testing.T) {
	srv := plain(t)
	if end := dialQuery(t, srv, srv.URL(), "v=5&encoding=json", "").closed(); end.code != 4012 {
		t.Errorf("closed with %d, want 4012", end.code)
	}
}

// TestPrefixedToken identifies and resumes as some libraries do, with the prefix of the REST API, and
// asks for version 9.
func TestPrefixedToken(t *testing.T) {
	srv := plain(t)
	c := dialQuery(t, srv, srv.URL(), "v=9&encoding=json", "")
	c.next()
	c.send(`{"op":2,"d":{"token":"Bot %s","intents":1,%s}}`, srv.Token(), properties)
	session, resumeURL := c.ready()
	c.nc.Close()
	if err := srv.WaitSession(wait(t), 0, func(info gatewaytest.SessionInfo) bool { return info.ID == session && !info.Connected }); err != nil {
		t.Fatal(err)
	}
	c = connect(t, srv, resumeURL, "")
	c.send(`{"op":6,"d":{"token":"Bot %s","session_id":%q,"seq":1}}`, srv.Token(), session)
	c.expect("RESUMED 1")
}

// TestProbe reads the clock out of events.
func TestProbe(t *testing.T) {
	eachCompression(t, func(t *testing.T, compress string) {
		srv := plain(t, gatewaytest.WithProbeShards(1), gatewaytest.WithTraffic(500), gatewaytest.WithMaxConcurrency(2))
		c, _, _ := begin(t, srv, compress)
		before := gatewaytest.MonotonicNow()
		for i := range 20 {
			p := c.next()
			var d struct {
				ProbeNS string `json:"probe_ns"`
			}
			if err := json.Unmarshal(p.D, &d); err != nil || p.name() != "MESSAGE_CREATE" || p.seq() != int64(i+2) {
				t.Fatalf("got %s, s %d, %v", p.name(), p.seq(), err)
			}
			var ns int64
			if _, err := fmt.Sscanf(d.ProbeNS, "%020d", &ns); err != nil || len(d.ProbeNS) != 20 {
				t.Fatalf("probe_ns %q: %v", d.ProbeNS, err)
			}
			if now := gatewaytest.MonotonicNow(); ns > now || ns < before-int64(time.Minute) {
				t.Fatalf("probe_ns %d is not the time: %d", ns, now)
			}
		}
	})
}

// TestShardMultiple refuses a very large bot's count that is no multiple of what it was assigned.
func TestShardMultiple(t *testing.T) {
	srv := plain(t, gatewaytest.WithShardMultiple(16), gatewaytest.WithMaxConcurrency(16))
	c := connect(t, srv, srv.URL(), "")
	c.send(`{"op":2,"d":{"token":%q,"intents":1,"shard":[0,24],%s}}`, srv.Token(), properties)
	if end := c.closed(); end.code != 4010 {
		t.Errorf("closed with %d, want 4010", end.code)
	}
	connect(t, srv, srv.URL(), "").identify(srv, 1, 32)
}
