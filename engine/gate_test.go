package engine

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

// TestGate is asked before each dial, and told what it is for. A refusal parks the shard, and
// is no failure.
func TestGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var asked []lifecycle.Handshake
		refusal := errors.New("somebody else has it")
		refuse := true
		r := start(t, func(c *Config) {
			c.Retries = 1
			c.Gate = func(ctx context.Context, s *Shard, opens lifecycle.Handshake) error {
				mu.Lock()
				defer mu.Unlock()
				asked = append(asked, opens)
				if refuse {
					return refusal
				}
				return ctx.Err()
			}
		})
		s := r.shard(0)
		time.Sleep(time.Minute)
		synctest.Wait()
		v := s.View()
		mu.Lock()
		if n := len(asked); n < 20 || n > 60 || v.Failures != 0 || v.State != lifecycle.Disconnected || !strings.Contains(v.Waits, refusal.Error()) {
			t.Errorf("asked %d times; %v", n, v)
		}
		refuse, asked = false, nil
		mu.Unlock()
		p := r.net.accept(t)
		p.begin()
		waitState(t, s, lifecycle.Ready)
		p.raw(wiretest.Close(4000, ""))
		p.expect("close 4000")
		p.drop()
		close(p.out)
		p = r.net.accept(t)
		p.resume()
		p.send(`{"op":0,"s":2,"t":"RESUMED","d":{}}`)
		waitState(t, s, lifecycle.Ready)
		mu.Lock()
		defer mu.Unlock()
		if len(asked) != 2 || asked[0] != lifecycle.HandshakeIdentify || asked[1] != lifecycle.HandshakeResume {
			t.Errorf("asked for %v", asked)
		}
		r.end(p)
	})
}

// TestGateThatWaits holds up nothing but its shard, and not the end of it.
func TestGateThatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(c *Config) {
			c.Shards = Shards{Total: 300} // more than dials share places
			c.Gate = func(ctx context.Context, s *Shard, _ lifecycle.Handshake) error {
				if s.ID() == 299 {
					return nil
				}
				<-ctx.Done()
				return ctx.Err()
			}
		})
		p := r.net.accept(t)
		p.begin()
		waitState(t, r.shard(299), lifecycle.Ready)
		if _, err := r.shard(7).Close(t.Context(), 0, ""); err != nil {
			t.Error(err)
		}
		r.end(p)
	})
}
