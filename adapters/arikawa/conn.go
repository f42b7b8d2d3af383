package sluicearikawa

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/diamondburned/arikawa/v3/discord"
	"github.com/diamondburned/arikawa/v3/gateway"
	"github.com/diamondburned/arikawa/v3/utils/ws"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
	sluice "github.com/sluice-go/sluice/gateway"
)

// conn is a [ws.Connection] whose other side is an engine's shard. arikawa's gateway calls it
// by one goroutine at a time, but for Send.
type conn struct {
	hub  *Hub
	last identify // as the gateway was made, or as it identified last: a resume says less

	mu   sync.Mutex
	open *opened // nil: closed
}

// opened is a connection from Dial to Close.
type opened struct {
	ops   chan ws.Op
	done  chan struct{} // closed by Close
	at    place         // once there is a run
	run   *run
	shard atomic.Pointer[engine.Shard] // nil: not yet
}

// identify is what counts of an identify or of a resume.
type identify struct {
	Token          string          `json:"token"`
	Properties     properties      `json:"properties"`
	LargeThreshold int             `json:"large_threshold"`
	Shard          *[2]int         `json:"shard"`
	Presence       json.RawMessage `json:"presence"`
	Intents        uint64          `json:"intents"`
}

type properties struct {
	OS      string `json:"os"`
	Browser string `json:"browser"`
	Device  string `json:"device"`
}

var _ ws.Connection = (*conn)(nil)

// noHeartbeat has arikawa's gateway send none, as the engine does.
const noHeartbeat = 1000 * 24 * time.Hour

// closeTimeout is how long Close waits.
const closeTimeout = 10 * time.Second

// Dial implements [ws.Connection]: it says hello, as Discord would. The address is the engine's
// business.
func (c *conn) Dial(context.Context, string) (<-chan ws.Op, error) {
	o := &opened{ops: make(chan ws.Op, 1), done: make(chan struct{})}
	o.ops <- ws.Op{Code: 10, Data: &gateway.HelloEvent{HeartbeatInterval: discord.DurationToMilliseconds(noHeartbeat)}}
	c.mu.Lock()
	c.open = o
	c.mu.Unlock()
	return o.ops, nil
}

// Send implements [ws.Connection]. An identify or a resume opens the shard; heartbeats are the
// engine's own; anything else goes to Discord.
func (c *conn) Send(ctx context.Context, payload []byte) error {
	var envelope struct {
		Op   sluice.Opcode   `json:"op"`
		Data json.RawMessage `json:"d"`
	}
	if err := json.Unmarshal(payload, &envelope); err != nil {
		return err
	}
	c.mu.Lock()
	o := c.open
	c.mu.Unlock()
	if o == nil {
		return ws.ErrWebsocketClosed
	}
	switch envelope.Op {
	case sluice.OpHeartbeat:
		return nil
	case sluice.OpIdentify, sluice.OpResume:
		err := c.begin(ctx, o, envelope.Op, envelope.Data)
		if errors.Is(err, lifecycle.ErrAuthentication) {
			go c.put(closeOp(err))
			return nil
		}
		return err
	}
	s := o.shard.Load()
	if s == nil {
		return ws.ErrWebsocketClosed
	}
	return s.Send(ctx, payload)
}

// begin opens the shard.
func (c *conn) begin(ctx context.Context, o *opened, op sluice.Opcode, data []byte) error {
	var resumed struct {
		SessionID string `json:"session_id"`
		Sequence  int64  `json:"seq"`
	}
	var err error
	if op == sluice.OpResume {
		err = json.Unmarshal(data, &resumed)
	} else {
		c.last = identify{}
		err = json.Unmarshal(data, &c.last)
	}
	if err != nil {
		return err
	}
	spec := engine.ShardSpec{ID: 0, Total: 1, Session: session.Session{ID: resumed.SessionID, Seq: resumed.Sequence}}
	if s := c.last.Shard; s != nil {
		spec.ID, spec.Total = s[0], s[1]
	}
	o.at = place{spec.ID, spec.Total}
	if o.run, err = c.hub.join(ctx, c, o.at); err != nil {
		return err
	}
	shards, err := o.run.engine.Attach([]engine.ShardSpec{spec})
	if err == nil {
		o.shard.Store(shards[0])
	}
	return err
}

// configure has the identify count where the engine's Config says nothing.
func (c *conn) configure(s *engine.ShardConfig) {
	id := &c.last // begin is under way, on arikawa's own goroutine
	if s.LargeThreshold == 0 {
		s.LargeThreshold = id.LargeThreshold
	}
	if s.Presence == nil && len(id.Presence) > 0 && id.Presence[0] == '{' {
		s.Presence = id.Presence
	}
	if s.Properties == (sluice.Properties{}) {
		s.Properties = sluice.Properties(id.Properties)
	}
}

// Close implements [ws.Connection]. With Config.Sessions the session is kept, and what comes
// until the last connection of the hub is closed comes again after the restart.
func (c *conn) Close(gracefully bool) error {
	c.mu.Lock()
	o := c.open
	c.open = nil
	c.mu.Unlock()
	if o == nil {
		return ws.ErrWebsocketClosed
	}
	close(o.done)
	if o.run == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	var err error
	if s := o.shard.Load(); s != nil && c.hub.config.Sessions == nil {
		code := sluice.CloseNormal
		if !gracefully {
			code = 0
		}
		_, err = s.Close(ctx, code, "")
		if stop := (*lifecycle.StopError)(nil); errors.As(err, &stop) {
			err = nil // arikawa has been told
		}
	}
	o.run.leave(ctx, o.at, c)
	return err
}

// put hands an op to arikawa, and reports whether it took it.
func (c *conn) put(op ws.Op) bool {
	c.mu.Lock()
	o := c.open
	c.mu.Unlock()
	if o == nil {
		return false
	}
	select {
	case o.ops <- op:
		return true
	case <-o.done:
		return false
	}
}

// closeOp tells arikawa's gateway that its connection was closed for good.
func closeOp(why error) ws.Op {
	event := &ws.CloseEvent{Err: why, Code: -1}
	if stop := (*lifecycle.StopError)(nil); errors.As(why, &stop) && stop.Code != 0 {
		event.Code = int(stop.Code)
	} else if errors.Is(why, lifecycle.ErrAuthentication) {
		event.Code = int(sluice.CloseAuthenticationFailed)
	}
	return ws.Op{Code: event.Op(), Type: event.EventType(), Data: event}
}
