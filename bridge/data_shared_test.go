package bridge_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/sluice-go/sluice/bridge"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// keeping is a bridge with peers and a directory of its own.
type keeping struct {
	*stand
	data *bridge.Data
	dir  string
}

// newKeeping runs one; it has no shard yet.
func newKeeping(t *testing.T, srv *gatewaytest.Server, peers *directory, dir string) *keeping {
	t.Helper()
	data, err := bridge.OpenData(dir)
	if err != nil {
		t.Fatal(err)
	}
	k := &keeping{data: data, dir: dir}
	k.stand = newReceiver(t, srv, peers, logger(), func(c *bridge.Config) { c.Data = data })
	if err := data.Take(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = data.Close() })
	return k
}

// attach has the engine take up the shard.
func (k *keeping) attach(t *testing.T, peers *directory, spec engine.ShardSpec) {
	t.Helper()
	k.bridge.Restore([]engine.ShardSpec{spec})
	peers.set(0, k.address)
	if _, err := k.eng.Attach([]engine.ShardSpec{spec}); err != nil {
		t.Fatal(err)
	}
}

// journals returns how many there are.
func (k *keeping) journals(t *testing.T) int {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(k.dir, "*.journal"))
	if err != nil {
		t.Fatal(err)
	}
	return len(names)
}

// newKept returns one with a shard, of which a bot has 20 messages.
func newKept(t *testing.T) (srv *gatewaytest.Server, peers *directory, k *keeping, session string) {
	t.Helper()
	srv = gatewaytest.NewServer(t, gatewaytest.WithIdentifyInterval(0), gatewaytest.WithTLS(false), gatewaytest.WithGuilds(1, 5000))
	peers = &directory{total: 1, scheme: "ws://", owner: map[int]string{}, doubted: map[int]string{}}
	k = newKeeping(t, srv, peers, t.TempDir())
	k.attach(t, peers, engine.ShardSpec{ID: 0, Total: 1})
	c := k.dial(t, "v=10&events=MESSAGE_CREATE,GUILD_CREATE")
	session = c.identify(blueToken, gateway.IntentsAll)
	c.until(0, "GUILD_CREATE")
	for i := range 20 {
		srv.Dispatch(0, "MESSAGE_CREATE", message(i))
		c.until(0, "MESSAGE_CREATE")
	}
	return srv, peers, k, session
}

// goesOn wants a bot that has had 12 events of the 22 to get the others, and then the message that comes next.
func (k *keeping) goesOn(t *testing.T, session string) {
	t.Helper()
	c := k.dial(t, "v=10&events=MESSAGE_CREATE,GUILD_CREATE")
	c.say(`{"op":6,"d":{"token":%q,"session_id":%q,"seq":12}}`, blueToken, session)
	for seq := int64(13); seq <= 22; seq++ {
		if p := c.until(0, "MESSAGE_CREATE"); p.S != seq {
			t.Fatalf("event %d, want %d", p.S, seq)
		}
	}
	c.until(0, "RESUMED")
	k.srv.Dispatch(0, "MESSAGE_CREATE", message(99))
	if p := c.until(0, "MESSAGE_CREATE"); p.S != 23 {
		t.Errorf("event %d, want 23", p.S)
	}
}

// TestTake: what lies on a disk is of use to a process whose shard nobody else has had since, also where the last events were
// of no use to anybody. Where the session has gone on without it, the shard begins anew.
func TestTake(t *testing.T) {
	t.Parallel()
	for _, stale := range []bool{false, true} {
		t.Run(fmt.Sprint("stale=", stale), func(t *testing.T) {
			t.Parallel()
			srv, peers, k, session := newKept(t)
			var spec []engine.ShardSpec
			flush := func(events int64) { // as a fleet does when it saves
				eventually(t, "the events", func() bool {
					spec = k.eng.Sessions(spec[:0])
					return len(spec) == 1 && spec[0].Session.Seq >= events
				})
				if err := k.data.Flush(); err != nil {
					t.Fatal(err)
				}
			}
			for range 3 {
				srv.Dispatch(0, "TYPING_START", []byte(`{"guild_id":"1","user_id":"5"}`)) // which the bot does not take
			}
			flush(25)
			copied := t.TempDir()
			if err := os.CopyFS(filepath.Join(copied, "data"), os.DirFS(k.dir)); err != nil {
				t.Fatal(err)
			}
			if stale {
				srv.Dispatch(0, "TYPING_START", []byte(`{"guild_id":"1","user_id":"5"}`))
				flush(26)
			}
			if _, err := k.eng.Detach(t.Context(), k.shardOf(t, 0)); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(copied, "data", "sessions.json"), []byte("of another program"), 0o600); err != nil {
				t.Fatal(err)
			}
			next := newKeeping(t, srv, peers, filepath.Join(copied, "data"))
			next.attach(t, peers, spec[0])
			if stale {
				c := next.dial(t, "v=10")
				c.say(`{"op":6,"d":{"token":%q,"session_id":%q,"seq":12}}`, blueToken, session)
				c.until(9, "")
				c.identify(blueToken, gateway.IntentsAll)
				c.until(0, "GUILD_CREATE")
			} else {
				next.goesOn(t, session)
			}
			if r := srv.Report(); r.Identifies != map[bool]int64{false: 1, true: 2}[stale] {
				t.Errorf("%d identifies", r.Identifies)
			}
		})
	}
}

// TestHandOverTakesJournal: a shard that goes to another process leaves no journal behind, and has one there; a shard that goes
// to nobody leaves all that there is.
func TestHandOverTakesJournal(t *testing.T) {
	t.Parallel()
	srv, peers, k, session := newKept(t)
	other := newKeeping(t, srv, peers, t.TempDir())
	if err := k.data.Flush(); err != nil || k.journals(t) != 1 {
		t.Fatalf("%d journals, %v", k.journals(t), err)
	}
	handOver(t, peers, 0, k.stand, other.stand)
	if err := other.data.Flush(); err != nil || k.journals(t) != 0 || other.journals(t) != 1 {
		t.Errorf("%d journals where the shard was, %d where it is, %v", k.journals(t), other.journals(t), err)
	}

	up := other.shardOf(t, 0)
	h := other.bridge.HandOver(t.Context(), up, "")
	specs, err := other.eng.Detach(t.Context(), up)
	if err != nil {
		t.Fatal(err)
	}
	h.Finish(t.Context(), specs[0].Session)
	h.Left()
	other.stop()
	if err := other.data.Close(); err != nil {
		t.Fatal(err)
	}
	again := newKeeping(t, srv, peers, other.dir)
	again.attach(t, peers, specs[0])
	again.goesOn(t, session)
	if r := srv.Report(); r.Identifies != 1 {
		t.Errorf("%d identifies", r.Identifies)
	}
}

// TestFlushFails: as long as a journal lacks something, Flush says so, also where it does not try again yet: a sequence that is
// saved then has Discord leave out what the journal does not have.
func TestFlushFails(t *testing.T) {
	t.Parallel()
	srv := gatewaytest.NewServer(t, gatewaytest.WithIdentifyInterval(0), gatewaytest.WithTLS(false), gatewaytest.WithGuilds(1, 5000))
	peers := &directory{total: 1, scheme: "ws://", owner: map[int]string{}, doubted: map[int]string{}}
	dir := t.TempDir()
	inTheWay := filepath.Join(dir, "shard-0-of-1.journal.new")
	if err := os.MkdirAll(filepath.Join(inTheWay, "full"), 0o700); err != nil {
		t.Fatal(err)
	}
	k := newKeeping(t, srv, peers, dir)
	k.attach(t, peers, engine.ShardSpec{ID: 0, Total: 1})
	c := k.dial(t, "v=10&events=MESSAGE_CREATE,GUILD_CREATE")
	session := c.identify(blueToken, gateway.IntentsAll)
	c.until(0, "GUILD_CREATE")
	for i := range 20 {
		srv.Dispatch(0, "MESSAGE_CREATE", message(i))
		c.until(0, "MESSAGE_CREATE")
		if err := k.data.Flush(); err == nil {
			t.Fatal("nothing is in the journal, and Flush says that all is")
		}
	}
	if err := os.RemoveAll(inTheWay); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the journal", func() bool { return k.data.Flush() == nil })
	if k.journals(t) != 1 {
		t.Fatalf("%d journals", k.journals(t))
	}
	specs, err := k.eng.Detach(t.Context(), k.shardOf(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(copied, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	next := newKeeping(t, srv, peers, copied)
	next.attach(t, peers, specs[0])
	next.goesOn(t, session)
}

// TestHandOverFailsClosesJournal: a shard that has left, or is gone, has no file open, though it could not be handed over: another
// one of its own could not take its journal's place then, where files that are open stay.
func TestHandOverFailsClosesJournal(t *testing.T) {
	t.Parallel()
	if _, err := os.ReadDir("/proc/self/fd"); err != nil {
		t.Skip("which files are open cannot be seen here")
	}
	for name, leave := range map[string]func(k *keeping, up *engine.Shard){
		"no bridge": func(k *keeping, up *engine.Shard) {
			h := k.bridge.HandOver(t.Context(), up, "ws://"+srvOf(t))
			specs, err := k.eng.Detach(t.Context(), up)
			if err != nil {
				t.Fatal(err)
			}
			h.Finish(t.Context(), specs[0].Session)
			h.Left()
		},
		"gone": func(k *keeping, up *engine.Shard) {
			if _, err := k.eng.Detach(t.Context(), up); err != nil {
				t.Fatal(err)
			}
		},
	} {
		_, _, k, _ := newKept(t)
		if err := k.data.Flush(); err != nil {
			t.Fatal(err)
		}
		leave(k, k.shardOf(t, 0))
		eventually(t, name+": no journal that is open", func() bool {
			open, err := os.ReadDir("/proc/self/fd")
			if err != nil {
				t.Fatal(err)
			}
			for _, fd := range open {
				if to, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && to == filepath.Join(k.dir, "shard-0-of-1.journal") {
					return false
				}
			}
			return true
		})
	}
}
