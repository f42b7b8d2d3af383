package bridge

import (
	"sync"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/bridge/internal/eventlog"
	"github.com/sluice-go/sluice/internal/gatewire"
)

// batchBytes is how much is encoded for one connection before it is written.
const batchBytes = 64 << 10

// sender is what whoever writes keeps from step to step.
type sender struct {
	gatewire.Stream
	*scratch        // nil: there is nothing to write
	left     []byte // of the scratch: it is encoded, and goes before anything else
}

// scratch is memory that a sender needs while it has something to write.
type scratch struct {
	out     []byte
	payload []byte
}

// maxScratch is how large a scratch buffer is kept.
const maxScratch = 1 << 20

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// begin gets memory, for payloads that go out in a compression.
func (snd *sender) begin(compression gatewire.Compression, owned bool) {
	if snd.scratch == nil {
		snd.scratch = scratches.Get().(*scratch)
	}
	snd.Compression, snd.Owned, snd.out = compression, owned, snd.out[:0]
}

// rest gives the memory back.
func (snd *sender) rest() {
	if s := snd.scratch; s != nil && cap(s.out) <= maxScratch && cap(s.payload) <= maxScratch {
		scratches.Put(s)
	}
	snd.scratch, snd.left = nil, nil
}

// send writes until the connection ends.
func (c *conn) send() {
	defer c.bridge.workers.Done()
	defer c.kill()
	defer c.endRun()
	for c.writeAll() {
		select {
		case <-c.wake:
		case <-c.closing.Done():
			return
		}
	}
}

// endRun gives the encoder back.
func (c *conn) endRun() {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.sender.EndRun(true)
}

// writeAll writes what there is. It reports false when the connection has ended.
func (c *conn) writeAll() (lives bool) {
	c.writing.Lock()
	defer c.writing.Unlock()
	snd := &c.sender
	for {
		if len(snd.left) > 0 {
			if _, err := c.nc.Write(snd.left); err != nil {
				return false
			}
			c.bridge.sent.Add(int64(len(snd.left)))
			snd.left = nil
		}
		if c.finish(snd) {
			return false
		}
		if c.step(snd); len(snd.out) == 0 {
			snd.rest()
			return true
		}
		snd.left = snd.out
	}
}

// finish writes the close frame, if it is time to, with the controls before it. Then it waits for the bot's own
// and hangs up. It reports whether it did.
func (c *conn) finish(snd *sender) bool {
	closing := c.closing.Frame()
	if closing == nil {
		return false
	}
	c.mu.Lock()
	controls := c.controls
	c.controls = nil
	snd.begin(c.compression, c.owns)
	c.mu.Unlock()
	for _, payload := range controls {
		snd.control(payload)
	}
	if _, err := c.nc.Write(append(snd.out, closing...)); err == nil && c.closing.Wait() {
		c.hangUp()
	}
	return true
}

// step collects what is to be written now.
func (c *conn) step(snd *sender) {
	c.mu.Lock()
	snd.begin(c.compression, c.owns)
	snd.out = append(snd.out, c.ponging...)
	c.ponging = nil
	s, waits := c.session, c.waits
	controls := c.controls
	c.controls = nil
	c.mu.Unlock()
	for _, payload := range controls {
		snd.control(payload)
	}
	if s == nil && waits != nil {
		if s = waits.begin(c); s != nil {
			snd.Compression = s.compressionOn(snd.Compression)
		}
	}
	if s != nil {
		s.mu.Lock()
		s.fill(c, snd)
		s.mu.Unlock()
	}
	snd.EndRun(false)
}

// control encodes a payload that is no event.
func (snd *sender) control(payload []byte) {
	if snd.Encoding() {
		snd.encode(payload)
		return
	}
	snd.out = snd.AppendStored(snd.out, payload)
}

// event encodes an event of a log with the number that it has in a session.
func (snd *sender) event(e *eventlog.Event, seq int64) { snd.dispatch(e.Name, seq, e.Data) }

// dispatch encodes an event. Uncompressed, its data is copied once, into what is written.
func (snd *sender) dispatch(name []byte, seq int64, data []byte) {
	snd.payload = gatewire.AppendDispatchHead(snd.payload[:0], name, seq)
	if snd.Compression == gatewire.None {
		snd.out = gatewire.AppendFrameHeader(snd.out, ws.OpText, len(snd.payload)+len(data)+1)
		snd.out = append(append(append(snd.out, snd.payload...), data...), gatewire.DispatchEnd)
		return
	}
	snd.payload = append(append(snd.payload, data...), gatewire.DispatchEnd)
	snd.encode(snd.payload)
}

// encode encodes a payload for this connection alone, and begins a run for it if there is none.
func (snd *sender) encode(payload []byte) {
	snd.out = snd.Run().Encode(snd.out, payload)
}
