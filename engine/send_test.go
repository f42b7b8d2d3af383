package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

var presence = []byte(`{"op":3,"d":{"since":null,"activities":[],"status":"online","afk":false}}`)

// TestSendWindow: as many at once as leave room for heartbeats, then as the
// window slides; never more than 120 in 60 s, with the engine's own.
func TestSendWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		p := r.net.accept(t)
		p.begin()
		s := r.shard(0)
		waitState(t, s, lifecycle.Ready)
		var sent []time.Time
		for range 300 {
			if err := s.Send(context.Background(), presence); err != nil {
				t.Fatal(err)
			}
			sent = append(sent, time.Now())
		}
		if d := sent[114].Sub(sent[0]); d != 0 {
			t.Errorf("the first 115 took %v", d)
		}
		if d := sent[115].Sub(sent[0]); d < time.Minute || d > time.Minute+time.Second {
			t.Errorf("the 116th went after %v", d)
		}
		synctest.Wait()
		all := append(append([]time.Time(nil), sent...), p.heartbeats()...)
		for _, from := range all {
			n := 0
			for _, at := range all {
				if d := at.Sub(from); d >= 0 && d < time.Minute {
					n++
				}
			}
			if n > 120-1 { // one for the identify
				t.Fatalf("%d payloads in a minute", n)
			}
		}
		for range 300 {
			p.expect(`{"op":3,`)
		}
		r.end(p)
	})
}

// TestSendOrder: callers are served in the order in which they began to wait.
func TestSendOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		p := r.net.accept(t)
		s := r.shard(0)
		var wg sync.WaitGroup
		for i := range 150 { // all wait for READY, the last ones for the window too
			wg.Go(func() {
				if err := s.Send(context.Background(), fmt.Appendf(nil, `{"op":3,"d":%d}`, i)); err != nil {
					t.Error(err)
				}
			})
			synctest.Wait()
		}
		p.begin()
		for i := range 150 {
			p.expect(fmt.Sprintf(`{"op":3,"d":%d}`, i))
		}
		wg.Wait()
		r.end(p)
	})
}

// TestPain16_SendKeepsToItsContext, and TestPain15: what waits survives a
// reconnect.
func TestPain16_SendKeepsToItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		p := r.net.accept(t)
		s := r.shard(0)
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		begin := time.Now()
		if err := s.Send(ctx, presence); !errors.Is(err, context.DeadlineExceeded) || time.Since(begin) != 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		if err := s.Send(ctx, presence); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with a ctx that has ended: %v", err)
		}
		p.begin()
		waitState(t, s, lifecycle.Ready)
		if err := s.Send(ctx, presence); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("ready, with a ctx that has ended: %v", err)
		}
		// Two callers wait: one at the window, one for its turn.
		for range 115 {
			if err := s.Send(context.Background(), presence); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel = context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		results := make(chan error, 2)
		for range 2 {
			go func() { results <- s.Send(ctx, presence) }()
		}
		for range 2 {
			if err := <-results; !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		}
		for range 115 {
			p.expect(`{"op":3,`)
		}
		r.end(p)
	})
}

func TestPain15_WhatWaitsSurvivesAReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		p := r.net.accept(t)
		p.begin()
		s := r.shard(0)
		waitState(t, s, lifecycle.Ready)
		p.drop()
		close(p.out)
		waitState(t, s, lifecycle.Disconnected)
		result := make(chan error, 1)
		go func() { result <- s.Send(context.Background(), presence) }()
		q := r.net.accept(t)
		q.resume()
		q.send(`{"t":"RESUMED","s":1,"op":0,"d":{}}`)
		q.expect(`{"op":3,`)
		if err := <-result; err != nil {
			t.Error(err)
		}
		r.end(q)
	})
}

// TestSendRefuses what the gateway would close the connection for.
func TestSendRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		p := r.net.accept(t)
		p.begin()
		s := r.shard(0)
		waitState(t, s, lifecycle.Ready)
		var large *gateway.PayloadTooLargeError
		payload := []byte(`{"op":3,"d":"` + strings.Repeat("x", 4096-15) + `"}`)
		if err := s.Send(context.Background(), payload); err != nil || len(payload) != 4096 {
			t.Errorf("%d bytes: %v", len(payload), err)
		}
		payload = []byte(`{"op":3,"d":"` + strings.Repeat("x", 4097-15) + `"}`)
		if err := s.Send(context.Background(), payload); !errors.As(err, &large) || large.Size != 4097 || large.Op != 3 {
			t.Errorf("%d bytes: %v", len(payload), err)
		}
		for bad, want := range map[string]string{
			``:                          "engine: shard 0: not sent: the gateway would close the connection",
			`x`:                         "engine: shard 0: not sent: the gateway would close the connection",
			`{"d":{}}`:                  "engine: shard 0: not sent: the gateway would close the connection",
			`{"op":3,"d":{x}}`:          "engine: shard 0: Presence Update not sent: the gateway would close the connection",
			`{"op":3,"d":{}`:            "engine: shard 0: not sent: the gateway would close the connection",
			"{\"op\":3,\"d\":\"\xff\"}": "engine: shard 0: Presence Update not sent: the gateway would close the connection",
			`{"op":3}`:                  "d is missing",
			`{"op":259,"d":{}}`:         "op is no opcode",
			`{"op":0,"d":{}}`:           "op is for the gateway alone to send",
			`{"op":1,"d":null}`:         "Heartbeat: op is for the engine alone to send",
			`{"op":2,"d":{}}`:           "Identify: op is for the engine alone to send",
			`{"op":6,"d":{}}`:           "Resume: op is for the engine alone to send",
			`{"op":7,"d":null}`:         "op is for the gateway alone to send",
			`{"op":9,"d":false}`:        "op is for the gateway alone to send",
			`{"op":10,"d":{}}`:          "op is for the gateway alone to send",
			`{"op":11,"d":null}`:        "op is for the gateway alone to send",
		} {
			var failed *SendError
			err := s.Send(context.Background(), []byte(bad))
			if !errors.As(err, &failed) || failed.Unknown || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", bad, err)
			}
		}
		p.expect(`{"op":3,`)
		r.end(p)
	})
}

// TestSendAfterStop: who waits is told when the shard stops for good.
func TestSendAfterStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		p := r.net.accept(t)
		s := r.shard(0)
		result := make(chan error, 1)
		go func() { result <- s.Send(context.Background(), presence) }()
		synctest.Wait()
		p.raw(wiretest.Close(4004, ""))
		if err := <-result; !errors.Is(err, ErrStopped) {
			t.Errorf("Send: %v", err)
		}
		if err := <-r.result; !errors.Is(err, lifecycle.ErrAuthentication) {
			t.Errorf("Run: %v", err)
		}
		p.drop()
		close(p.out)
	})
}
