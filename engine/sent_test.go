package engine

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
)

// TestSentBehindASlowCallback: what others send while a callback holds up the loop is told when it is back, with
// the time at which it went; what was too much is counted.
func TestSentBehindASlowCallback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t, func(c *Config) { c.SendLimit = -1 })
		const held = 100 * time.Second
		r.On(gateway.Events(gateway.EventMessageCreate), func(*Event) { time.Sleep(held) })
		var mu sync.Mutex // the race detector knows no order by time
		var ops []byte
		var times []time.Time
		missed := 0
		r.On(gateway.Events(gateway.EventPayloadSent), func(ev *Event) {
			detail, ok := ev.PayloadSent()
			if !ok || ev.Shard == nil || ev.Wire <= len(ev.Payload) {
				t.Errorf("%+v", ev)
			}
			mu.Lock()
			defer mu.Unlock()
			missed += detail.Missed
			ops = append(ops, ev.Payload[len(`{"op":`)])
			times = append(times, ev.Received)
		})
		r.run()
		p := r.net.accept(t)
		p.begin()
		synctest.Wait()
		if string(ops) != "2" {
			t.Fatalf("sent %q before the callback", ops)
		}
		began := time.Now()
		p.event(2)
		synctest.Wait()
		const commands = maxSent + 50
		for range commands {
			if err := r.shard(0).Send(t.Context(), []byte(`{"op":3,"d":{}}`)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		mu.Lock()
		if len(ops) != 1 {
			t.Errorf("a callback was called beside another: %q", ops)
		}
		mu.Unlock()
		time.Sleep(held)
		synctest.Wait()
		beats := len(p.heartbeats())
		if beats < 2 || missed != commands+beats-maxSent || len(ops) != 1+maxSent || strings.Count(string(ops), "1") != beats {
			t.Errorf("%d payloads were told and %d missed, %d heartbeats: %q", len(ops), missed, beats, ops)
		}
		if !slices.IsSortedFunc(times, time.Time.Compare) || !times[1].Equal(began) || !times[len(times)-1].Before(began.Add(held)) {
			t.Errorf("from %v on, told as sent from %v to %v", began, times[1], times[len(times)-1])
		}
		for range commands {
			p.expect(`{"op":3,`)
		}
		r.end(p)
	})
}

func TestFrameSize(t *testing.T) {
	for _, n := range []int{0, 1, 125, 126, 127, 0xffff, 0x10000} {
		if want := len(frame.AppendFrame(nil, frame.OpText, frame.NewMask(), make([]byte, n))); frameSize(n) != want {
			t.Errorf("a payload of %d bytes: %d, want %d", n, frameSize(n), want)
		}
	}
}
