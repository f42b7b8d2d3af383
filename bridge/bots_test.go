package bridge_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/sluice-go/sluice/bridge"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// TestTwoBots: each bot on a shard gets every event of its own intents and event set, at numbers of its own.
func TestTwoBots(t *testing.T) {
	t.Parallel()
	s := newStand(t, nil, gatewaytest.WithGuilds(1, 5000))
	blue := s.connect(t, blueToken, nil)
	green := s.connect(t, greenToken, func(c *engine.Config) { c.Intents = gateway.IntentGuilds | gateway.IntentGuildMessages })
	urls := s.dial(t, "v=10&events=MESSAGE_DELETE")
	urls.identify(greenToken, gateway.IntentsAll)
	for _, bot := range []*bot{blue, green} {
		bot.wait(t, "GUILD_CREATE", 1)
	}
	for i := range 50 {
		s.srv.Dispatch(0, "TYPING_START", fmt.Appendf(nil, `{"guild_id":"1","user_id":"%d"}`, i))
		send(s.srv, i, 1)
		s.srv.Dispatch(0, "MESSAGE_CREATE", []byte(`{"id":"direct"}`))
		s.srv.Dispatch(0, "MESSAGE_DELETE", fmt.Appendf(nil, `{"guild_id":"1","id":"%d"}`, i))
		s.srv.Dispatch(0, "SOMETHING_NEW", []byte(`{}`))
	}
	blue.wait(t, "SOMETHING_NEW", 50)
	green.wait(t, "SOMETHING_NEW", 50)
	for i := range 50 {
		if p := urls.next(); p.T != "MESSAGE_DELETE" || p.S != int64(i+2) {
			t.Fatalf("the bot with an event set got %s %d, want MESSAGE_DELETE %d", p.T, p.S, i+2)
		}
	}
	for name, want := range map[string][2]int{"TYPING_START": {50, 0}, "MESSAGE_CREATE": {100, 50}, "MESSAGE_DELETE": {50, 50}} {
		if got := [2]int{blue.count(name), green.count(name)}; got != want {
			t.Errorf("%s came %v times, want %v", name, got, want)
		}
	}
	blue.checkSeqs(t)
	green.checkSeqs(t)
}

// TestShare: of bots that share, each event goes to one, and all of them to a bot that does not. A bot that drops
// gets what was its own.
func TestShare(t *testing.T) {
	t.Parallel()
	s := newStand(t, func(c *bridge.Config, _ *engine.Config) { c.Share = []string{"green"} }, gatewaytest.WithGuilds(1, 5000))
	all := s.connect(t, blueToken, nil)
	parts := []*bot{s.connect(t, greenToken, nil), s.connect(t, greenToken, nil), s.connect(t, greenToken, nil)}
	for _, bot := range append(parts, all) {
		bot.wait(t, "GUILD_CREATE", 1)
	}
	const n = 300
	for i := range n {
		send(s.srv, i, 1)
		if i%100 == 50 {
			s.bridge.Drop(0)
		}
	}
	all.wait(t, "MESSAGE_CREATE", n)
	all.checkMessages(t, n)
	sum := func() (sum int) {
		for _, bot := range parts {
			sum += bot.count("MESSAGE_CREATE")
		}
		return sum
	}
	eventually(t, "each event at one bot", func() bool { return sum() >= n })
	seen := map[string]int{}
	for i, bot := range parts {
		bot.checkSeqs(t)
		if bot.count("MESSAGE_CREATE") < n/10 {
			t.Errorf("bot %d got %d of %d events", i, bot.count("MESSAGE_CREATE"), n)
		}
		for _, m := range bot.messages() {
			seen[m]++
		}
	}
	for i := range n {
		if seen[string(message(i))] != 1 {
			t.Fatalf("message %d came %d times", i, seen[string(message(i))])
		}
	}
}

// TestSlowReader: a bot that does not read is closed, holds up nobody, and resumes with what it missed.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	s := newStand(t, func(c *bridge.Config, _ *engine.Config) { c.MaxLag, c.ReplayBytes = 1<<20, 64<<20 }, gatewaytest.WithGuilds(1, 5000))
	slow := s.dial(t, "v=10")
	id := slow.identify(greenToken, gateway.IntentsAll)
	blue := s.connect(t, blueToken, nil)
	blue.wait(t, "GUILD_CREATE", 1)
	big := fmt.Appendf(nil, `{"id":"0","guild_id":"1","content":"%s"}`, bytes.Repeat([]byte("slow "), 2000))
	n := 0
	for ; s.bridge.Stats().Slow == 0; n++ {
		s.srv.Dispatch(0, "MESSAGE_UPDATE", big)
		if n%100 == 99 {
			blue.wait(t, "MESSAGE_UPDATE", n)
		}
	}
	blue.wait(t, "MESSAGE_UPDATE", n)
	last := int64(0)
	for {
		p := slow.next()
		if p.Op < 0 {
			if p.code != gateway.CloseRateLimited {
				t.Errorf("closed with %v", p.code)
			}
			break
		}
		if p.Op == 0 {
			last = p.S
		}
	}
	again := s.dial(t, "v=10")
	again.say(`{"op":6,"d":{"token":%q,"session_id":%q,"seq":%d}}`, greenToken, id, last)
	for want := last + 1; want <= int64(n)+2; want++ {
		if p := again.until(0, ""); p.S != want {
			t.Fatalf("event %d, want %d", p.S, want)
		}
	}
	again.until(0, "RESUMED")
	if last == 0 || last >= int64(n)+2 {
		t.Errorf("the slow bot read up to %d of %d", last, n+2)
	}
}

// TestMembers: the answer to a request for members goes to the bot that asked, with its own nonce.
func TestMembers(t *testing.T) {
	t.Parallel()
	s := newStand(t, nil, gatewaytest.WithGuilds(1, 20_000), gatewaytest.WithMembers(2500))
	blue := s.connect(t, blueToken, nil)
	blue.wait(t, "GUILD_CREATE", 1)
	var guild uint64
	for guild = range blue.guilds {
	}
	green := s.dial(t, "v=10")
	green.identify(greenToken, gateway.IntentsAll)
	green.until(0, "GUILD_CREATE")
	green.say(`{"op":8,"d":{"guild_id":"%d","query":"","limit":0,"nonce":"green's \"own\""}}`, guild)
	green.say(`{"op":8,"d":{"guild_id":["%d"],"user_ids":["5"]}}`, guild)
	green.say(`{"op":8,"d":{"guild_id":"%d","user_ids":[],"nonce":"nobody"}}`, guild)
	members, chunks, bare, nobody := 0, 0, 0, 0
	for chunks < 3 || bare == 0 || nobody == 0 {
		var chunk struct {
			Nonce   *string           `json:"nonce"`
			Members []json.RawMessage `json:"members"`
		}
		if err := json.Unmarshal(green.until(0, "GUILD_MEMBERS_CHUNK").D, &chunk); err != nil {
			t.Fatal(err)
		}
		switch {
		case chunk.Nonce == nil:
			bare++
		case *chunk.Nonce == "nobody":
			nobody++
		case *chunk.Nonce == `green's "own"`:
			chunks++
			members += len(chunk.Members)
		default:
			t.Errorf("nonce %q", *chunk.Nonce)
		}
	}
	if members != 2500 {
		t.Errorf("%d members, want 2500", members)
	}
	if blue.count("GUILD_MEMBERS_CHUNK") != 0 {
		t.Error("the other bot got an answer, too")
	}
	green.say(`{"op":8,"d":{"guild_id":"%d","query":"","limit":0,"nonce":"again"}}`, guild) // within 30 s
	var limited struct {
		Meta struct{ Nonce string }
	}
	if err := json.Unmarshal(green.until(0, "RATE_LIMITED").D, &limited); err != nil || limited.Meta.Nonce != "again" {
		t.Errorf("RATE_LIMITED with nonce %q, %v", limited.Meta.Nonce, err)
	}
	shard := shardOf(blue)
	got := 0
	for chunk, err := range shard.RequestMembers(t.Context(), &gateway.MembersRequest{GuildID: guild, Query: "a", Limit: 5}) {
		if err != nil {
			t.Fatal(err)
		}
		got += chunk.Count
	}
	if got == 0 {
		t.Error("the engine as a bot got no chunk")
	}
}

func shardOf(b *bot) *engine.Shard {
	for s := range b.Shards() {
		return s
	}
	return nil
}

// TestFairCommands: a bot that asks for much delays itself alone; the gateway's limit is kept.
func TestFairCommands(t *testing.T) {
	t.Parallel()
	s := newStand(t, func(_ *bridge.Config, e *engine.Config) { e.SendLimit = 20 }, gatewaytest.WithGuilds(1, 5000))
	var guild uint64
	probe := s.connect(t, blueToken, nil)
	probe.wait(t, "GUILD_CREATE", 1)
	for guild = range probe.guilds {
	}
	greedy, modest := s.dial(t, "v=10"), s.dial(t, "v=10")
	for _, c := range []*raw{greedy, modest} {
		c.identify(greenToken, gateway.IntentsAll)
	}
	voice := func(c *raw, mute bool) {
		c.say(`{"op":4,"d":{"guild_id":"%d","channel_id":null,"self_mute":%t,"self_deaf":false}}`, guild, mute)
	}
	for range 100 {
		voice(greedy, false)
	}
	greedy.say(`{"op":1,"d":null}`)
	greedy.until(11, "") // all of them are queued
	for range 3 {
		voice(modest, true)
	}
	sent := func() (greedys, modests int) {
		for _, p := range s.srv.Received(0) {
			switch {
			case !bytes.Contains(p, []byte(`"op":4,`)):
			case bytes.Contains(p, []byte(`"self_mute":true`)):
				modests++
			default:
				greedys++
			}
		}
		return greedys, modests
	}
	s.eng.On(gateway.Events(gateway.EventPayloadSent), func(*engine.Event) {})
	eventually(t, "commands at the gateway", func() bool { _, m := sent(); return m > 0 || s.left() == 0 })
	if g, m := sent(); g > 20 {
		t.Errorf("%d commands of one bot and %d of the other went at once, the limit is 20", g, m)
	}
}

// left returns how many commands the engine's shard may still send at once.
func (s *stand) left() int {
	for up := range s.eng.Shards() {
		return up.View().Permits.Left
	}
	return 0
}

// TestPresence: the newest presence wins, whichever bot's it is; one of an identify counts.
func TestPresence(t *testing.T) {
	t.Parallel()
	s := newStand(t, nil)
	one := s.dial(t, "v=10")
	one.say(`{"op":2,"d":{"token":%q,"intents":1,"properties":{},"presence":{"status":"idle","activities":[{"name":"first","type":0}],"since":null,"afk":false}}}`, blueToken)
	one.until(0, "READY")
	presence := func(text string) func() bool {
		return func() bool {
			var last []byte
			for _, p := range s.srv.Received(0) {
				if bytes.Contains(p, []byte(`"op":3,`)) {
					last = p
				}
			}
			return bytes.Contains(last, []byte(text))
		}
	}
	eventually(t, "the presence of an identify", presence(`"first"`))
	for i := range 20 {
		one.say(`{"op":3,"d":{"status":"online","activities":[{"name":"n%d","type":0}],"since":null,"afk":false}}`, i)
	}
	one.say(`{"op":3,"d":{"status":"dnd","activities":[{"name":"last","type":0}],"since":null,"afk":false}}`)
	one.say(`{"op":1,"d":null}`)
	one.until(11, "")
	changes := 0
	for _, p := range s.srv.Received(0) {
		if bytes.Contains(p, []byte(`"op":3,`)) {
			changes++
		}
	}
	if changes > 6 {
		t.Errorf("%d presences went at once, want 5 in 20 s", changes)
	}
}
