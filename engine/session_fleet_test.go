package engine

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/saver"
	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gateway"
)

// TestSavesWhileFleetIsReplaced: a save while the old shards are being closed has the new
// ones, all of them, and never what is left of the old.
func TestSavesWhileFleetIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		r := start(t, withStore(store), func(c *Config) { c.Shards, c.IdentifyQueue = Shards{Total: 2}, identify.Unlimited{} })
		ready := func(n int) (peers []*peer) {
			for range n {
				p := r.net.accept(t)
				p.begin()
				peers = append(peers, p)
			}
			time.Sleep(saver.SaveDelay)
			synctest.Wait()
			return peers
		}
		old := ready(2)
		olds := []*Shard{r.shard(0), r.shard(1)}
		fresh, err := r.AddShards(Shards{Total: 3})
		if err != nil {
			t.Fatal(err)
		}
		new := ready(3)
		if _, s := store.count(t); s.Shards != 2 || len(s.Sessions) != 2 {
			t.Fatalf("while both run, saved %+v", s)
		}
		removed := make(chan error)
		go func() { removed <- r.RemoveShards(context.Background(), olds...) }()
		old[0].expect("close 1000")
		old[0].raw(wiretest.Close(1000, "")) // the other one does not answer for now
		left := olds[0]                      // whichever that is
		select {
		case <-olds[0].done:
			left = olds[1]
		case <-olds[1].done:
		}
		new[1].event(2) // there is something to save
		waitState(t, fresh[1], lifecycle.Ready)
		r.saver.Poke()
		time.Sleep(saver.SaveDelay)
		synctest.Wait()
		select {
		case <-left.done:
			t.Fatal("the old shards are gone")
		default:
		}
		if _, s := store.count(t); s.Shards != 3 || len(s.Sessions) != 3 {
			t.Errorf("while the old shards are being closed, saved %+v", s)
		}
		if err := <-removed; err != nil {
			t.Error(err)
		}
		for _, p := range old {
			p.drop()
			close(p.out)
		}
		r.end(new...)
		if _, s := store.count(t); s.Shards != 3 || len(s.Sessions) != 3 {
			t.Errorf("at the end, saved %+v", s)
		}
	})
}

// TestSavesOfShardThatCameAndWent: a session that was loaded for a shard is that shard's,
// and does not come back when the shard has left before the next save.
func TestSavesOfShardThatCameAndWent(t *testing.T) {
	for _, code := range []gateway.CloseCode{gateway.CloseNormal, 0} {
		synctest.Test(t, func(t *testing.T) {
			snapshot := savedFleet(4)
			for i := range snapshot.Sessions {
				snapshot.Sessions[i].ResumeURL = ""
			}
			store := stored(t, snapshot)
			r := start(t, withStore(store), func(c *Config) { c.Shards = ShardRange(0, 0, 4) })
			p := r.net.accept(t)
			p.resume()
			p.send(`{"t":"RESUMED","s":2,"op":0,"d":{}}`)
			waitState(t, r.shard(0), lifecycle.Ready)
			time.Sleep(saver.SaveEvery)
			saves, _ := store.count(t)

			shards, err := r.AddShards(ShardRange(1, 1, 4))
			if err != nil {
				t.Fatal(err)
			}
			q := r.net.accept(t)
			q.resume()
			closed := make(chan session.Session)
			go func() {
				session, _ := shards[0].Close(context.Background(), code, "")
				closed <- session
			}()
			want := uint16(code)
			if code == 0 {
				want = 4000
			}
			q.expect(fmt.Sprintf("close %d", want))
			q.raw(wiretest.Close(want, ""))
			if sess := <-closed; (sess == session.Session{}) == (code == 0) {
				t.Errorf("Close(%d) returned %+v", code, sess)
			}
			q.drop()
			close(q.out)
			between, _ := store.count(t)
			r.end(p)
			if between != saves {
				return // a save came between, and tells nothing of the last one
			}
			_, s := store.count(t)
			for _, saved := range s.Sessions {
				if saved.Shard == 1 {
					t.Errorf("closed with %d, but saved %+v", code, saved)
				}
			}
			if len(s.Sessions) != 3 { // 0, and those of 2 and 3, which never ran
				t.Errorf("saved %+v", s.Sessions)
			}
		})
	}
}
