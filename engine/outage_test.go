package engine

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/internal/budget"
	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

// This file plays outages that last for minutes, on a fake clock.

// gatewayOf answers every connection of an engine by what its first payload says,
// until the test ends.
type gatewayOf struct {
	t *testing.T
	// answer is given each identify and resume, and returns what to send: payloads,
	// or a close code.
	answer func(o opening) (payloads []string, code uint16)

	over chan struct{}

	mu      sync.Mutex
	told    []opening
	serving sync.WaitGroup // serve itself, and talk

	peers []*peer // serve's, until it has ended
}

// opening is one identify or resume.
type opening struct {
	shard  int
	total  int // of an identify; a resume does not say it
	resume bool
	at     time.Time
}

func (g *gatewayOf) start(n *network) { g.serving.Go(func() { g.serve(n) }) }

// serve takes connections until stop.
func (g *gatewayOf) serve(n *network) {
	for {
		select {
		case <-n.dials: // or they would fill up
		case conn := <-n.conns:
			p, err := asPeer(g.t, conn)
			if err != nil {
				_ = conn.Close() // the engine has called the dial off
				continue
			}
			g.mu.Lock()
			g.peers = append(g.peers, p)
			g.mu.Unlock()
			g.serving.Go(func() { g.talk(p) })
		case <-g.over:
			return
		}
	}
}

func (g *gatewayOf) talk(p *peer) {
	p.send(testHello)
	for {
		got := p.next()
		o := opening{at: time.Now(), resume: strings.HasPrefix(got, `{"op":6,`)}
		switch {
		case got == "":
			return
		case strings.HasPrefix(got, "close "):
			p.raw(wiretest.Close(4000, ""))
			p.drop()
			return
		case o.resume:
			_, id, _ := strings.Cut(got, `"session_id":"of `)
			if _, err := fmt.Sscanf(id, "%d", &o.shard); err != nil {
				g.t.Errorf("%s: %v", got, err)
			}
		default:
			_, id, _ := strings.Cut(got, `"shard":[`)
			if _, err := fmt.Sscanf(id, "%d,%d]", &o.shard, &o.total); err != nil {
				g.t.Errorf("%s: %v", got, err)
			}
		}
		g.mu.Lock()
		g.told = append(g.told, o)
		g.mu.Unlock()
		payloads, code := g.answer(o)
		for _, payload := range payloads {
			p.send(payload)
		}
		if code != 0 {
			p.raw(wiretest.Close(code, ""))
			<-p.gone
			p.drop()
			return
		}
	}
}

// count returns how many identifies and resumes a shard sent, -1 stands for all.
func (g *gatewayOf) count(shard int) (identifies, resumes int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, o := range g.told {
		switch {
		case shard >= 0 && o.shard != shard:
		case o.resume:
			resumes++
		default:
			identifies++
		}
	}
	return identifies, resumes
}

// stop ends the engine and the gateway.
func (g *gatewayOf) stop(r *running) {
	g.t.Helper()
	r.stop()
	if err := <-r.result; err != nil {
		g.t.Errorf("Run returned %v", err)
	}
	close(g.over)
	g.serving.Wait()
	for _, p := range g.peers {
		p.drop()
		close(p.out)
	}
}

func readyOf(shard int) string {
	return fmt.Sprintf(`{"t":"READY","s":1,"op":0,"d":{"v":10,"session_id":"of %d","resume_gateway_url":"ws://resume.discord.gg","guilds":[]}}`, shard)
}

// TestOneBadShard: a gateway that closes one shard of 16 after each of its identifies
// neither has it spend the bot's identifies nor disturbs the others.
func TestOneBadShard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const bad = 5
		r, _ := api(t, 0, budgetAnswer(16, 16, 1000, 1000, budget.Period))
		g := &gatewayOf{t: t, over: make(chan struct{}), answer: func(o opening) ([]string, uint16) {
			if o.shard == bad {
				return nil, 1011
			}
			return []string{readyOf(o.shard)}, 0
		}}
		g.start(r.net)
		r.run()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		identifies, _ := g.count(bad)
		if identifies < 4 || identifies > 12 {
			t.Errorf("%d identifies in 10 minutes", identifies)
		}
		t.Logf("%d identifies in 10 minutes", identifies)
		for s := range r.Shards() {
			if n, resumes := g.count(s.ID()); s.ID() != bad && (s.State() != lifecycle.Ready || n != 1 || resumes != 0) {
				t.Errorf("shard %v is %v after %d identifies and %d resumes", s, s.State(), n, resumes)
			}
		}
		if v := r.shard(bad).View(); v.Waits == "" || !strings.Contains(r.logs.String(), "an identify is put off") {
			t.Errorf("nothing says why it waits: %v", v)
		}
		if b := r.Budget(); b.Remaining != 1000-15-identifies {
			t.Errorf("%+v after %d identifies", b, 15+identifies)
		}
		g.stop(r)
	})
}

// TestOutage: for four minutes every connection is closed behind its resume. No
// shard identifies, and all are back soon after.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const shards = 200
		r, _ := api(t, 0, budgetAnswer(shards, shards, 1000, 1000, budget.Period))
		var down atomic.Bool
		g := &gatewayOf{t: t, over: make(chan struct{})}
		g.answer = func(o opening) ([]string, uint16) {
			switch {
			case down.Load():
				return nil, 4000
			case o.resume:
				return []string{wiretest.Resumed}, 0
			}
			return []string{readyOf(o.shard)}, 0
		}
		g.start(r.net)
		r.run()
		time.Sleep(time.Minute)
		for s := range r.Shards() {
			waitState(t, s, lifecycle.Ready)
		}
		down.Store(true)
		g.mu.Lock()
		up := g.peers
		g.mu.Unlock()
		for _, p := range up {
			p.raw(wiretest.Close(4000, ""))
		}
		time.Sleep(4 * time.Minute)
		down.Store(false)
		end := time.Now()
		for s := range r.Shards() {
			waitState(t, s, lifecycle.Ready)
		}
		if d := time.Since(end); d > 70*time.Second {
			t.Errorf("all are back after %v", d)
		} else {
			t.Logf("all are back after %v", d)
		}
		identifies, resumes := g.count(-1)
		if identifies != shards {
			t.Errorf("%d identifies during the outage", identifies-shards)
		}
		t.Logf("%d resumes", resumes)
		g.stop(r)
	})
}
