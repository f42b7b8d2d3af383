package bridge_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// raw is a client that says what it is told to, by gobwas/ws alone.
type raw struct {
	t  testing.TB
	nc net.Conn
	r  *bytes.Reader // what came with the upgrade
}

// payload is what the gateway sends; code is that of a close frame.
type payload struct {
	Op   int             `json:"op"`
	S    int64           `json:"s"`
	T    string          `json:"t"`
	D    json.RawMessage `json:"d"`
	code gateway.CloseCode
}

func (s *stand) dial(t testing.TB, query string) *raw {
	t.Helper()
	nc, rest, _, err := ws.Dialer{Timeout: patience}.Dial(context.Background(), "ws://"+s.address+"/?"+query)
	if err != nil {
		t.Fatal(err)
	}
	c := &raw{t: t, nc: nc, r: bytes.NewReader(nil)}
	if rest != nil {
		early, _ := rest.Peek(rest.Buffered())
		c.r = bytes.NewReader(bytes.Clone(early))
	}
	t.Cleanup(func() { nc.Close() })
	return c
}

func (c *raw) Read(p []byte) (int, error) {
	if c.r.Len() > 0 {
		return c.r.Read(p)
	}
	return c.nc.Read(p)
}

// next reads one payload, or the close frame.
func (c *raw) next() payload {
	c.t.Helper()
	c.nc.SetReadDeadline(time.Now().Add(patience))
	for {
		h, err := ws.ReadHeader(c)
		if err != nil {
			c.t.Fatal(err)
		}
		body := make([]byte, h.Length)
		if _, err := io.ReadFull(c, body); err != nil {
			c.t.Fatal(err)
		}
		switch h.OpCode {
		case ws.OpClose:
			code, _ := ws.ParseCloseFrameData(body)
			return payload{Op: -1, code: gateway.CloseCode(code)}
		case ws.OpText:
			var p payload
			if err := json.Unmarshal(body, &p); err != nil {
				c.t.Fatalf("%.200s: %v", body, err)
			}
			return p
		}
	}
}

// until reads until a payload of an opcode comes, or the event of a name, or the end.
func (c *raw) until(op int, name string) payload {
	c.t.Helper()
	for {
		if p := c.next(); p.Op == op && (name == "" || p.T == name) {
			return p
		} else if p.Op < 0 {
			c.t.Fatalf("closed with %v before op %d %s", p.code, op, name)
		}
	}
}

// closed reads until the close frame and returns its code.
func (c *raw) closed() gateway.CloseCode {
	c.t.Helper()
	for {
		if p := c.next(); p.Op < 0 {
			return p.code
		}
	}
}

func (c *raw) say(format string, args ...any) {
	c.t.Helper()
	c.frame(ws.NewTextFrame(fmt.Appendf(nil, format, args...)))
}

func (c *raw) frame(f ws.Frame) {
	c.t.Helper()
	if err := ws.WriteFrame(c.nc, ws.MaskFrame(f)); err != nil {
		c.t.Fatal(err)
	}
}

const identifyFormat = `{"op":2,"d":{"token":%q,"intents":%d,"properties":{},"shard":[0,1]}}`

// identify begins a session and returns its READY.
func (c *raw) identify(token string, intents gateway.Intents) (sessionID string) {
	c.t.Helper()
	return c.identifyAs(token, intents, 0, 1)
}

// identifyAs is identify for a shard.
func (c *raw) identifyAs(token string, intents gateway.Intents, shard, total int) (sessionID string) {
	c.t.Helper()
	c.say(`{"op":2,"d":{"token":%q,"intents":%d,"properties":{},"shard":[%d,%d]}}`, token, intents, shard, total)
	var ready struct {
		SessionID string `json:"session_id"`
	}
	if err := json.Unmarshal(c.until(0, "READY").D, &ready); err != nil {
		c.t.Fatal(err)
	}
	return ready.SessionID
}

// TestWrongInput: what a bot says wrongly gets Discord's close code, and harms nobody else.
func TestWrongInput(t *testing.T) {
	t.Parallel()
	s := newStand(t, nil, gatewaytest.WithGuilds(2, 5000), gatewaytest.WithShards(2), gatewaytest.WithAllowedIntents(gateway.IntentsAll))
	var good *raw
	for _, shard := range []string{"[0,2]", "[1,2]"} {
		good = s.dial(t, "v=10&encoding=json")
		good.say(strings.Replace(identifyFormat, "[0,1]", shard, 1), greenToken, 1)
		good.until(0, "READY") // of Discord's session, too
	}
	id := func(more string) string {
		return fmt.Sprintf(`{"op":2,"d":{"token":%q,"intents":1,"properties":{},"shard":[1,2]%s}}`, blueToken, more)
	}
	const decode = gateway.CloseDecodeError
	for _, c := range []struct {
		name, query string
		says        []string
		want        gateway.CloseCode
	}{
		{"no version", "encoding=json", nil, gateway.CloseInvalidAPIVersion},
		{"version 8", "v=8", nil, gateway.CloseInvalidAPIVersion},
		{"no JSON", "v=10", []string{`{"op":`}, decode},
		{"no opcode", "v=10", []string{`{"d":1}`}, decode},
		{"not UTF-8", "v=10", []string{"{\"op\":1,\"d\":\"\xff\"}"}, 1007},
		{"opcode 5", "v=10", []string{`{"op":5,"d":{}}`}, gateway.CloseUnknownOpcode},
		{"opcode -1", "v=10", []string{`{"op":-1,"d":{}}`}, gateway.CloseUnknownOpcode},
		{"too large", "v=10", []string{`{"op":1,"d":"` + strings.Repeat("a", 4096) + `"}`}, decode},
		{"heartbeat without d", "v=10", []string{`{"op":1}`}, decode},
		{"command before identify", "v=10", []string{`{"op":3,"d":{}}`}, gateway.CloseNotAuthenticated},
		{"wrong token", "v=10", []string{`{"op":2,"d":{"token":"wrong","intents":1,"properties":{}}}`}, gateway.CloseAuthenticationFailed},
		{"Discord's token", "v=10", []string{fmt.Sprintf(`{"op":2,"d":{"token":%q,"intents":1,"properties":{}}}`, s.srv.Token())}, gateway.CloseAuthenticationFailed},
		{"no properties", "v=10", []string{`{"op":2,"d":{"token":"` + blueToken + `","intents":1}}`}, decode},
		{"no shard", "v=10", []string{`{"op":2,"d":{"token":"` + blueToken + `","intents":1,"properties":{}}}`}, gateway.CloseShardingRequired},
		{"shard beyond", "v=10", []string{strings.Replace(id(""), "[1,2]", "[2,2]", 1)}, gateway.CloseInvalidShard},
		{"another total", "v=10", []string{strings.Replace(id(""), "[1,2]", "[1,4]", 1)}, gateway.CloseInvalidShard},
		{"unknown intents", "v=10", []string{strings.Replace(id(""), `"intents":1`, `"intents":2147483648`, 1)}, gateway.CloseInvalidIntents},
		{"large threshold", "v=10", []string{id(`,"large_threshold":5`)}, decode},
		{"identify twice", "v=10", []string{id(""), id("")}, gateway.CloseAlreadyAuthenticated},
		{"resume with a wrong token", "v=10", []string{`{"op":6,"d":{"token":"x","session_id":"y","seq":1}}`}, gateway.CloseAuthenticationFailed},
		{"resume without seq", "v=10", []string{`{"op":6,"d":{"token":"x","session_id":"y"}}`}, decode},
		{"presence of a number", "v=10", []string{id(""), `{"op":3,"d":5}`}, decode},
		{"presence with a wrong status", "v=10", []string{id(""), `{"op":3,"d":{"status":"away","activities":[],"since":null,"afk":false}}`}, decode},
		{"voice state without a guild", "v=10", []string{id(""), `{"op":4,"d":{"channel_id":null}}`}, decode},
		{"members with query and ids", "v=10", []string{id(""), `{"op":8,"d":{"guild_id":"1","query":"","limit":0,"user_ids":["1"]}}`}, decode},
		{"all members without the intent", "v=10", []string{id(""), `{"op":8,"d":{"guild_id":"1","query":"","limit":0}}`}, gateway.CloseDisallowedIntents},
		{"sounds of no guild", "v=10", []string{id(""), `{"op":31,"d":{"guild_ids":[]}}`}, decode},
		{"channel info of a wrong field", "v=10", []string{id(""), `{"op":43,"d":{"guild_id":"1","fields":["x"]}}`}, decode},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := s.dial(t, c.query)
			for _, text := range c.says {
				client.say("%s", text)
			}
			if got := client.closed(); got != c.want {
				t.Errorf("closed with %v, want %v", got, c.want)
			}
		})
	}
	t.Run("too many", func(t *testing.T) {
		client := s.dial(t, "v=10")
		for range 121 {
			client.say(`{"op":1,"d":null}`)
		}
		if got := client.closed(); got != gateway.CloseRateLimited {
			t.Errorf("closed with %v", got)
		}
	})
	t.Run("unmasked", func(t *testing.T) {
		client := s.dial(t, "v=10")
		if err := ws.WriteFrame(client.nc, ws.NewTextFrame([]byte(`{"op":1,"d":null}`))); err != nil {
			t.Fatal(err)
		}
		if got := client.closed(); got != 1002 {
			t.Errorf("closed with %v", got)
		}
	})
	good.say(`{"op":1,"d":null}`)
	good.until(11, "")
	if r := s.srv.Report(); r.Identifies != 2 || r.Connections != 2 {
		t.Errorf("the gateway saw %d identifies on %d connections, want 2 on 2: %+v", r.Identifies, r.Connections, r)
	}
}

// TestResumeWrongly: a sequence that was never given out ends the session, one that is of nobody gets op 9.
func TestResumeWrongly(t *testing.T) {
	t.Parallel()
	s := newStand(t, nil, gatewaytest.WithGuilds(1, 5000))
	first := s.dial(t, "v=10")
	first.identify(blueToken, 1)
	first.until(0, "GUILD_CREATE") // so that others begin with it
	first.nc.Close()
	first = s.dial(t, "v=10")
	id := first.identify(blueToken, 1)
	first.nc.Close()
	ask := func(token, session string, seq int) payload {
		c := s.dial(t, "v=10")
		c.until(10, "")
		c.say(`{"op":6,"d":{"token":%q,"session_id":%q,"seq":%d}}`, token, session, seq)
		return c.next()
	}
	if p := ask(blueToken, "nobody's", 1); p.Op != 9 || string(p.D) != "false" {
		t.Errorf("a session of nobody's: %+v", p)
	}
	if p := ask(greenToken, id, 1); p.Op != 9 || string(p.D) != "false" {
		t.Errorf("another bot's session: %+v", p)
	}
	if p := ask(blueToken, id, 1); p.T != "GUILD_CREATE" || p.S != 2 {
		t.Errorf("resumed behind READY: %+v, want GUILD_CREATE", p)
	}
	if p := ask(blueToken, id, 99); p.code != gateway.CloseInvalidSeq {
		t.Errorf("a sequence to come: %+v", p)
	}
	if p := ask(blueToken, id, 1); p.Op != 9 {
		t.Errorf("a session that ended: %+v", p)
	}
}

// closeFrame returns a close frame with a code.
func closeFrame(code ws.StatusCode) ws.Frame { return ws.NewCloseFrame(ws.NewCloseFrameBody(code, "")) }

// TestResumeOfNothing: a bot that resumes before it had a session is told to begin one, and can, on the same
// connection.
func TestResumeOfNothing(t *testing.T) {
	t.Parallel()
	s := newStand(t, nil, gatewaytest.WithGuilds(1, 5000))
	c := s.dial(t, "v=10")
	c.say(`{"op":6,"d":{"token":%q,"session_id":null,"seq":null}}`, blueToken)
	if p := c.until(9, ""); string(p.D) != "false" {
		t.Errorf("opcode 9 with %s, want false", p.D)
	}
	c.identify(blueToken, gateway.IntentsAll)
	c.until(0, "GUILD_CREATE")
}
