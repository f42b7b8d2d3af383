package bridge_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sluice-go/sluice/bridge"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
)

// shardOf returns a bridge's shard towards the gateway.
func (s *stand) shardOf(t testing.TB, id int) *engine.Shard {
	t.Helper()
	for up := range s.eng.Shards() {
		if up.ID() == id {
			return up
		}
	}
	t.Fatalf("shard %d is not here", id)
	return nil
}

// handOver moves a shard from one bridge to another, as processes of a fleet do.
func handOver(t *testing.T, dir *directory, id int, from, to *stand) {
	t.Helper()
	up := from.shardOf(t, id)
	h := from.bridge.HandOver(t.Context(), up, dir.scheme+to.address)
	specs, err := from.eng.Detach(t.Context(), up)
	if err != nil {
		t.Fatal(err)
	}
	h.Finish(t.Context(), specs[0].Session)
	dir.set(id, to.address)
	if _, err := to.eng.Attach(specs); err != nil {
		t.Fatal(err)
	}
	h.Left()
}

// TestHandOver: a shard goes from bridge to bridge under load and back, and its bots with it, wherever they are
// connected: each event comes once, at the next number, no session begins anew at the gateway or here, and who begins
// behind it has all guilds as of then.
func TestHandOver(t *testing.T) {
	t.Parallel()
	srv, dir, stands := newPeers(t, 2)
	const hops, each = 4, 50
	var bots []*bot
	for i, s := range stands {
		bots = append(bots, s.connect(t, blueToken, nil))
		bots[i].wait(t, "GUILD_CREATE", 4)
	}
	n := 0
	for hop := range hops {
		var sending sync.WaitGroup
		sending.Go(func() {
			for range each {
				srv.Dispatch(0, "MESSAGE_CREATE", message(n))
				n++
			}
		})
		handOver(t, dir, 0, stands[hop%2], stands[(hop+1)%2])
		sending.Wait()
		for _, b := range bots {
			b.wait(t, "MESSAGE_CREATE", n)
		}
	}
	for _, b := range bots {
		b.checkSeqs(t)
		b.mu.Lock()
		if b.lost > 0 || b.names["READY"] != 2 {
			t.Errorf("%d losses, %d READYs", b.lost, b.names["READY"])
		}
		b.mu.Unlock()
	}
	guild := anyGuild(bots[0], 0, 2)
	srv.Dispatch(0, "CHANNEL_CREATE", fmt.Appendf(nil, `{"id":"77","type":0,"guild_id":"%d","name":"after"}`, guild))
	for _, b := range bots {
		b.wait(t, "CHANNEL_CREATE", 1)
	}
	late := stands[1].dial(t, "v=10")
	late.say(`{"op":2,"d":{"token":%q,"intents":%d,"properties":{},"shard":[0,2]}}`, blueToken, gateway.IntentsAll)
	late.until(0, "READY")
	late.until(0, "GUILD_CREATE")
	late.until(0, "GUILD_CREATE")
	if r := srv.Report(); r.Identifies != 2 {
		t.Errorf("%d identifies", r.Identifies)
	}
}

// TestHandOverFails: a shard that comes without what belongs to it begins a new session, and its bots are told.
func TestHandOverFails(t *testing.T) {
	t.Parallel()
	for name, fails := range map[string]func(ctx context.Context, from *stand, up *engine.Shard, to string) *bridge.Handover{
		"nobody": func(ctx context.Context, from *stand, up *engine.Shard, _ string) *bridge.Handover {
			return from.bridge.HandOver(ctx, up, "")
		},
		"no bridge": func(ctx context.Context, from *stand, up *engine.Shard, _ string) *bridge.Handover {
			return from.bridge.HandOver(ctx, up, "ws://"+srvOf(t))
		},
		"no time": func(ctx context.Context, from *stand, up *engine.Shard, to string) *bridge.Handover {
			over, cancel := context.WithCancel(ctx)
			cancel()
			return from.bridge.HandOver(over, up, to)
		},
		"killed": func(ctx context.Context, from *stand, up *engine.Shard, to string) *bridge.Handover { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv, dir, stands := newPeers(t, 2)
			b := stands[0].connect(t, blueToken, nil)
			b.wait(t, "GUILD_CREATE", 4)
			up := stands[1].shardOf(t, 1)
			h := fails(t.Context(), stands[1], up, dir.scheme+stands[0].address)
			specs, err := stands[1].eng.Detach(t.Context(), up)
			if err != nil {
				t.Fatal(err)
			}
			if h != nil {
				h.Finish(t.Context(), specs[0].Session)
			}
			dir.set(1, stands[0].address)
			if _, err := stands[0].eng.Attach(specs); err != nil {
				t.Fatal(err)
			}
			if h != nil {
				h.Left()
			}
			b.wait(t, "READY", 3)
			b.wait(t, "GUILD_CREATE", 6)
			b.checkSeqs(t)
			b.mu.Lock()
			defer b.mu.Unlock()
			if b.lost != 1 {
				t.Errorf("%d losses were told", b.lost)
			}
			if r := srv.Report(); r.Identifies != 3 {
				t.Errorf("%d identifies", r.Identifies)
			}
		})
	}
}

// TestHandOverWaits: a shard may not close before the peer says that it has taken what there is, however long its state
// takes to read.
func TestHandOverWaits(t *testing.T) {
	t.Parallel()
	_, _, stands := newPeers(t, 1)
	c := stands[0].dial(t, "v=10")
	c.identify(blueToken, gateway.IntentsAll) // which waits for READY
	var reached atomic.Bool
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		whole := make([]byte, 1<<20)
		if _, err := r.Body.Read(whole); err != nil {
			t.Errorf("nothing came: %v", err)
		}
		w.WriteHeader(http.StatusProcessing)
		reached.Store(true)
		w.WriteHeader(http.StatusProcessing)
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer slow.Close()
	h := stands[0].bridge.HandOver(t.Context(), stands[0].shardOf(t, 0), "ws"+strings.TrimPrefix(slow.URL, "http"))
	if !reached.Load() {
		t.Error("the hand-over did not wait for the peer")
	}
	h.Stayed()
}

// TestStayed: a hand-over that is called off leaves everything as it was.
func TestStayed(t *testing.T) {
	t.Parallel()
	srv, dir, stands := newPeers(t, 2)
	b := stands[0].connect(t, blueToken, nil)
	b.wait(t, "GUILD_CREATE", 4)
	h := stands[0].bridge.HandOver(t.Context(), stands[0].shardOf(t, 0), dir.scheme+stands[1].address)
	c := stands[0].dial(t, "v=10")
	c.identifyAs(blueToken, gateway.IntentsAll, 0, 2)
	c.say(`{"op":3,"d":{"status":"idle","activities":[],"since":null,"afk":false}}`)
	c.say(`{"op":1,"d":null}`)
	c.until(11, "") // it is queued
	h.Stayed()
	eventually(t, "a command that waited", func() bool {
		return slices.ContainsFunc(srv.Received(0), func(p []byte) bool { return strings.Contains(string(p), `"idle"`) })
	})
	srv.Dispatch(0, "MESSAGE_CREATE", message(0))
	b.wait(t, "MESSAGE_CREATE", 1)
	handOver(t, dir, 0, stands[0], stands[1])
	srv.Dispatch(0, "MESSAGE_CREATE", message(1))
	b.wait(t, "MESSAGE_CREATE", 2)
	b.checkSeqs(t)
}

// TestDoubted: bots of a shard that another process may have are closed with 4000, and so is who comes, until that is
// known. Their sessions go on.
func TestDoubted(t *testing.T) {
	t.Parallel()
	_, dir, stands := newPeers(t, 1)
	c := stands[0].dial(t, "v=10")
	id := c.identify(blueToken, gateway.IntentsAll)
	c.until(0, "GUILD_CREATE")
	dir.mu.Lock()
	dir.doubted[0] = stands[0].address
	dir.mu.Unlock()
	if code := c.closed(); code != gateway.CloseUnknownError {
		t.Errorf("closed with %v", code)
	}
	resume := fmt.Sprintf(`{"op":6,"d":{"token":%q,"session_id":%q,"seq":3}}`, blueToken, id)
	for _, say := range []string{resume, fmt.Sprintf(identifyFormat, blueToken, 1)} {
		c = stands[0].dial(t, "v=10")
		c.say("%s", say)
		if code := c.closed(); code != gateway.CloseUnknownError {
			t.Errorf("closed with %v", code)
		}
	}
	dir.mu.Lock()
	dir.doubted[0] = ""
	dir.mu.Unlock()
	eventually(t, "an end of the doubts", func() bool {
		c = stands[0].dial(t, "v=10")
		c.say("%s", resume)
		for {
			if p := c.next(); p.Op < 0 || p.T == "RESUMED" {
				return p.T == "RESUMED"
			}
		}
	})
}

// TestTakeOverRefuses: nobody but a peer hands anything over, and what is no shard is not taken.
func TestTakeOverRefuses(t *testing.T) {
	t.Parallel()
	srv, _, stands := newPeers(t, 1)
	mac := hmac.New(sha256.New, []byte(srv.Token()))
	mac.Write([]byte("sluice bridge peer"))
	proof := "Sluice " + hex.EncodeToString(mac.Sum(nil))
	for name, one := range map[string]struct {
		proof, path, body string
		status            int
	}{
		"no proof":    {"", "/peers/shards/0/1", "", http.StatusUnauthorized},
		"a bot's":     {"Bot " + blueToken, "/peers/shards/0/1", "", http.StatusUnauthorized},
		"no shard":    {proof, "/peers/shards/x", "", http.StatusBadRequest},
		"none such":   {proof, "/peers/shards/1/1", "", http.StatusBadRequest},
		"no journal":  {proof, "/peers/shards/0/1", "hello", http.StatusUnprocessableEntity},
		"nothing":     {proof, "/peers/shards/0/1", "", http.StatusUnprocessableEntity},
		"no such way": {proof, "/peers/", "", http.StatusNotFound},
	} {
		r, err := http.NewRequest("POST", "http://"+stands[0].address+one.path, strings.NewReader(one.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", one.proof)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != one.status {
			t.Errorf("%s: %s", name, answer.Status)
		}
	}
}
