package core

import (
	"sync"
	"time"

	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
)

// room is where a heartbeat is written. All shards share a few: garbage of their heartbeats is
// all that an idle process would ever collect.
type room struct{ payload, out []byte }

var rooms = sync.Pool{New: func() any { return new(room) }}

// sendHeartbeat is send for a heartbeat.
func (c *Core) sendHeartbeat(now time.Time) {
	if c.Out != nil {
		c.send(now, gateway.AppendHeartbeat(nil, c.session.Seq))
		return
	}
	r := rooms.Get().(*room)
	r.payload = gateway.AppendHeartbeat(r.payload[:0], c.session.Seq)
	c.host.Sends(now, r.payload)
	c.Out = frame.AppendFrame(r.out[:0], frame.OpText, frame.NewMask(), r.payload)
	c.room = r
}

// Written says that Out is written, or never will be, and empties it.
func (c *Core) Written() {
	if r := c.room; r != nil {
		if cap(c.Out) <= 1024 { // something larger may have come behind the heartbeat
			r.out = c.Out[:0]
		}
		c.room = nil
		rooms.Put(r)
	}
	c.Out = nil // it is seldom needed, and there may be thousands of shards
}
