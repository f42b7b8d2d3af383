package bridge_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/gateway"
)

// TestHandOverAsked: an answer that comes when the shard has moved goes to the bot that asked, with its own nonce, and what a
// bot asked for while the shard was closing is sent when it has moved.
func TestHandOverAsked(t *testing.T) {
	t.Parallel()
	srv, dir, stands := newPeers(t, 2)
	other := stands[0].connect(t, blueToken, nil)
	other.wait(t, "GUILD_CREATE", 4)
	c := stands[0].dial(t, "v=10")
	id := c.identifyAs(blueToken, gateway.IntentsAll, 0, 2)
	const guild = 1 << 23 // of shard 0, and unknown to the gateway, which answers nothing of its own
	asked := func(nonces ...string) (found []string) {
		for _, p := range srv.Received(0) {
			var sent struct{ D struct{ Query, Nonce string } }
			if json.Unmarshal(p, &sent) == nil && slices.Contains(nonces, sent.D.Query) {
				found = append(found, sent.D.Nonce)
			}
		}
		return found
	}
	ask := func(query string) {
		c.say(`{"op":8,"d":{"guild_id":"%d","query":%q,"limit":1,"nonce":"%s <own>"}}`, guild, query, query)
	}
	ask("before")
	eventually(t, "the first request", func() bool { return len(asked("before")) == 1 })
	chunk := func(nonce string, i, n int) {
		srv.Dispatch(0, "GUILD_MEMBERS_CHUNK", fmt.Appendf(nil, `{"guild_id":"%d","members":[],"chunk_index":%d,"chunk_count":%d,"nonce":%q}`, guild, i, n, nonce))
	}
	chunk(asked("before")[0], 0, 2)

	up := stands[0].shardOf(t, 0)
	h := stands[0].bridge.HandOver(t.Context(), up, dir.scheme+stands[1].address)
	ask("meanwhile")
	c.say(`{"op":3,"d":{"status":"dnd","activities":[{"name":"moved","type":0}],"since":null,"afk":false}}`)
	c.say(`{"op":1,"d":null}`)
	c.until(11, "") // all of it is queued
	specs, err := stands[0].eng.Detach(t.Context(), up)
	if err != nil {
		t.Fatal(err)
	}
	h.Finish(t.Context(), specs[0].Session)
	dir.set(0, stands[1].address)
	if _, err := stands[1].eng.Attach(specs); err != nil {
		t.Fatal(err)
	}
	h.Left()
	eventually(t, "the second request", func() bool { return len(asked("meanwhile")) == 1 })
	eventually(t, "the presence", func() bool {
		return slices.ContainsFunc(srv.Received(0), func(p []byte) bool { return strings.Contains(string(p), `"moved"`) })
	})
	chunk(asked("before")[0], 1, 2)
	chunk(asked("meanwhile")[0], 0, 1)
	chunk(asked("before")[0], 2, 2) // nobody waits any more
	srv.Dispatch(0, "MESSAGE_CREATE", message(0))

	c = stands[1].dial(t, "v=10")
	c.say(`{"op":6,"d":{"token":%q,"session_id":%q,"seq":3}}`, blueToken, id)
	var nonces []string
	for p := c.next(); p.T != "MESSAGE_CREATE"; p = c.next() {
		var d struct{ Nonce string }
		if err := json.Unmarshal(p.D, &d); p.T == "GUILD_MEMBERS_CHUNK" && err == nil {
			nonces = append(nonces, d.Nonce)
		}
	}
	if want := []string{"before <own>", "before <own>", "meanwhile <own>"}; !slices.Equal(nonces, want) {
		t.Errorf("answers %q, want %q", nonces, want)
	}
	other.wait(t, "MESSAGE_CREATE", 1)
	if n := other.count("GUILD_MEMBERS_CHUNK"); n > 0 {
		t.Errorf("the other bot had %d answers that were not its own", n)
	}
	other.checkSeqs(t)
}
