package engine

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/pool"
)

var idle = &gateway.Presence{Status: gateway.StatusIdle}

// TestUpdatePresence: what was sent last goes with later identifies.
func TestUpdatePresence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(c *Config) { c.Presence = []byte(`{"status":"dnd"}`) })
		p := r.net.accept(t)
		s := r.shard(0)
		identify := func(p *peer, presence string) {
			t.Helper()
			p.send(testHello)
			if sent := p.expect(`{"op":2,`); !strings.Contains(sent, presence) {
				t.Errorf("identify without %s: %s", presence, sent)
			}
			p.send(strings.Replace(testReady, "wss://us-east1-b.discord.gg", "ws://resume.discord.gg", 1))
			waitState(t, s, lifecycle.Ready)
		}
		lose := func(p *peer) *peer {
			p.raw(wiretest.Close(uint16(gateway.CloseSessionTimedOut), ""))
			<-p.gone
			p.drop()
			close(p.out)
			return r.net.accept(t)
		}
		identify(p, `"presence":{"status":"dnd"}`)
		if err := s.UpdatePresence(context.Background(), idle); err != nil {
			t.Fatal(err)
		}
		p.expect(`{"op":3,"d":{"since":null,"activities":[],"status":"idle","afk":false}}`)

		p = lose(p)
		identify(p, `"presence":{"since":null,"activities":[],"status":"idle","afk":false}`)

		// So is one that Send sent, with fields that Presence has not; what is no object is not.
		for _, payload := range []string{`{"op":3,"d":{"status":"idle","x":[1]}}`, `{"op":3,"d":null}`} {
			if err := s.Send(context.Background(), []byte(payload)); err != nil {
				t.Fatal(err)
			}
			p.expect(payload)
		}
		p = lose(p)
		identify(p, `"presence":{"status":"idle","x":[1]}`)

		// One that was not sent is not remembered.
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := s.UpdatePresence(ctx, &gateway.Presence{Status: gateway.StatusInvisible}); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		// Nor is one that would make the identify too large.
		large := &gateway.Presence{Activities: []gateway.Activity{{Name: strings.Repeat("x", 4000)}}}
		p = lose(p)
		identify(p, `"status":"idle"`)
		if err := s.UpdatePresence(context.Background(), large); err != nil {
			t.Fatal(err)
		}
		p.expect(`{"op":3,`)
		p = lose(p)
		identify(p, `"presence":{"status":"dnd"}`)

		var field *gateway.FieldError
		if err := s.UpdatePresence(context.Background(), &gateway.Presence{Status: "x"}); !errors.As(err, &field) || field.Field != "status" {
			t.Error(err)
		}
		large.Activities[0].Name = strings.Repeat("x", 5000)
		var tooLarge *gateway.PayloadTooLargeError
		if err := s.UpdatePresence(context.Background(), large); !errors.As(err, &tooLarge) {
			t.Error(err)
		}
		r.end(p)
	})
}

func TestUpdateVoiceState(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		p := r.net.accept(t)
		p.begin()
		s := r.shard(0)
		if err := s.UpdateVoiceState(context.Background(), &gateway.VoiceState{GuildID: 1, ChannelID: 2}); err != nil {
			t.Error(err)
		}
		p.expect(`{"op":4,"d":{"guild_id":"1","channel_id":"2","self_mute":false,"self_deaf":false}}`)
		var failed *SendError
		err := s.UpdateVoiceState(context.Background(), &gateway.VoiceState{ChannelID: 2})
		if !errors.As(err, &failed) || failed.Op != gateway.OpVoiceStateUpdate || failed.Unknown {
			t.Error(err)
		}
		r.end(p)
	})
}

// brittle is a connection whose next write fails when told so, after part of it
// has gone.
type brittle struct {
	net.Conn
	fail *atomic.Bool
}

func (b *brittle) Write(p []byte) (int, error) {
	if b.fail.CompareAndSwap(true, false) {
		n, _ := b.Conn.Write(p[:len(p)/2])
		return n, errReset
	}
	return b.Conn.Write(p)
}

// TestConnectionLostDuringTheWrite: a presence is sent again on the next
// connection; what else was written is of unknown fate, and said to be; what
// waits behind it is not affected.
func TestConnectionLostDuringTheWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fail atomic.Bool
		r := prepare(t, func(c *Config) {
			dial := c.Dial
			c.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := dial(ctx, network, address)
				return &brittle{conn, &fail}, err
			}
		}).run()
		p := r.net.accept(t)
		p.begin()
		s := r.shard(0)
		waitState(t, s, lifecycle.Ready)
		next := func() {
			t.Helper()
			<-p.gone
			p.drop()
			close(p.out)
			p = r.net.accept(t)
			p.resume()
		}
		again := func() {
			t.Helper()
			p.send(`{"t":"RESUMED","s":1,"op":0,"d":{}}`)
		}

		fail.Store(true)
		results := make(chan error, 2)
		go func() { results <- s.UpdatePresence(context.Background(), idle) }()
		next()
		go func() { results <- s.Send(context.Background(), presence) }()
		synctest.Wait()
		again()
		p.expect(`{"op":3,"d":{"since":null,"activities":[],"status":"idle"`)
		p.expect(`{"op":3,"d":{"since":null,"activities":[],"status":"online"`)
		for range 2 {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}

		fail.Store(true)
		var failed *SendError
		if err := s.Send(context.Background(), presence); !errors.As(err, &failed) || !failed.Unknown || !errors.Is(err, ErrConnectionLost) {
			t.Error(err)
		}
		next()
		again()
		waitState(t, s, lifecycle.Ready)

		// It is given up with its context, and still unknown.
		fail.Store(true)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		err := s.UpdatePresence(ctx, idle)
		if !errors.As(err, &failed) || !failed.Unknown || !errors.Is(err, ErrConnectionLost) || !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		next()
		again()
		waitState(t, s, lifecycle.Ready)
		r.end(p)
	})
}

// nowhere is a connection that takes everything.
type nowhere struct{ net.Conn }

func (nowhere) Write(p []byte) (int, error)      { return len(p), nil }
func (nowhere) SetWriteDeadline(time.Time) error { return nil }

// TestSendAllocatesNothing on a connection that is open. A presence is the exception: it
// is kept.
func TestSendAllocatesNothing(t *testing.T) {
	if pool.Poisoning {
		t.Skip("race builds give nothing back to pools")
	}
	s := &Shard{engine: &Engine{}}
	s.link.Attach(nowhere{})
	s.link.Start("abc", -1, time.Minute)
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	voice := []byte(`{"op":4,"d":{"guild_id":"1","channel_id":null,"self_mute":false,"self_deaf":false}}`)
	if allocs := testing.AllocsPerRun(1000, func() {
		if err := s.Send(ctx, voice); err != nil {
			t.Fatal(err)
		}
	}); allocs != 0 {
		t.Errorf("%v allocations a Send", allocs)
	}
}
