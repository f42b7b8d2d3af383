package gatewaytest

import (
	"sync"
	"time"

	"github.com/sluice-go/sluice/gatewaytest/fault"
	"github.com/sluice-go/sluice/internal/gatewire"
	"github.com/sluice-go/sluice/internal/traffic"
)

// batchBytes is how much is encoded for one connection before it is written.
const batchBytes = 64 << 10

// sender is what the goroutine that writes keeps from step to step.
type sender struct {
	gatewire.Stream
	inSegment bool // the last event written was of a shared segment that has more
	quiet     bool // traffic had ended when the last step began
	cut       int  // bytes that a fault has written at a time; 0: all
	split     int  // bytes of a payload that a fault has go into a message; 0: all
	fragment  int  // bytes of a message that a fault has go into a frame; 0: all
	*scratch
}

// scratch is memory that a sender needs while it has something to write.
type scratch struct {
	out     []byte
	payload []byte
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// batch is what one step writes, and what it means to the session.
type batch struct {
	frames  []byte
	session *session
	seq     int64 // of the last event in it; 0: no event
	events  int64
	ends    bool          // the session ends with what it says
	faults  []fault.Fault // to perform when it is written
}

// send writes until the connection ends.
func (c *conn) send() {
	defer c.srv.wg.Done()
	defer c.kill()
	snd := sender{scratch: scratches.Get().(*scratch)}
	defer snd.EndRun(true)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	if pacer := c.srv.pacer; pacer != nil {
		defer pacer.forget(c)
	}
	for {
		for _, f := range c.takeFaults(&snd) {
			if c.perform(&snd, &f) != nil {
				return
			}
		}
		if c.finish(&snd) {
			return
		}
		now := time.Now()
		b, wait := c.step(&snd, now)
		if len(b.frames) > 0 || len(b.faults) > 0 {
			if c.write(&snd, b.frames) != nil {
				return
			}
			if b.session != nil {
				b.session.wrote(&b)
			}
			c.suffer(b.faults)
			continue
		}
		if snd.quiet {
			c.settle()
		}
		var due <-chan time.Time
		if wait >= 0 {
			if pacer := c.srv.pacer; pacer != nil {
				pacer.notify(c, now.Add(wait))
			} else {
				timer.Reset(max(wait, 100*time.Microsecond))
				due = timer.C
			}
		}
		scratches.Put(snd.scratch)
		snd.scratch = nil
		select {
		case <-c.wake:
		case <-due:
		case <-c.closing.Done():
			return
		}
		snd.scratch = scratches.Get().(*scratch)
	}
}

// finish writes the close frame, if it is time to, with the controls before it. Then it waits for
// the client's own and hangs up. It reports whether it did.
func (c *conn) finish(snd *sender) bool {
	closing := c.closing.Frame()
	if closing == nil {
		return false
	}
	c.mu.Lock()
	controls := c.controls
	c.controls = nil
	snd.Compression, snd.Owned = c.compression, c.owns
	c.mu.Unlock()
	snd.out = snd.out[:0]
	for _, payload := range controls {
		snd.control(payload)
	}
	if c.write(snd, append(snd.out, closing...)) != nil {
		return true
	}
	c.settle()
	if c.closing.Wait() {
		c.hangUp()
	}
	return true
}

// settle notes that no more traffic will be written.
func (c *conn) settle() {
	if !c.rest.Swap(true) {
		c.srv.change()
	}
}

// step collects what is to be written now. When that is nothing, wait is how long it will stay so
// unless something wakes the sender, negative for ever.
func (c *conn) step(snd *sender, now time.Time) (b batch, wait time.Duration) {
	c.mu.Lock()
	snd.Compression, snd.Owned = c.compression, c.owns
	snd.out = append(snd.out[:0], c.ponging...)
	c.ponging = nil
	s := c.session
	snd.quiet = c.srv.quiet.Load()
	if s == nil || c.urgent || snd.quiet || snd.Compression.Stateless() {
		// A segment can be left at any event, but gone on with only if nothing refers to what
		// came before.
		snd.inSegment = false
	}
	var controls [][]byte
	if !snd.inSegment {
		controls, c.controls, c.urgent = c.controls, nil, false
	}
	c.mu.Unlock()

	for _, payload := range controls {
		snd.control(payload)
	}
	wait = -1
	if s != nil {
		b, wait = s.fill(c, snd, now)
		if b.ends {
			c.end() // before the client can answer what is written
		}
	}
	snd.EndRun(false)
	if b.frames == nil {
		b.frames = snd.out
	}
	return b, wait
}

// control encodes a payload that is no event.
func (snd *sender) control(payload []byte) {
	if snd.Encoding() {
		snd.encode(payload)
		return
	}
	snd.out = snd.AppendStored(snd.out, payload)
	snd.inSegment = false
}

// encode encodes a payload for this connection alone, and begins a run for it if there is none.
func (snd *sender) encode(payload []byte) {
	snd.out = encode(snd.Run(), snd.Compression, snd.out, payload)
	snd.inSegment = false
}

// fill collects events for c, which snd writes: first what the session gave out already and this
// connection has not, then what is new.
func (s *session) fill(c *conn, snd *sender, now time.Time) (b batch, wait time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != c || s.muted {
		return b, -1
	}
	b.session = s
	for len(snd.out) < batchBytes {
		switch {
		case s.next <= s.head:
			snd.payload = s.appendEvent(snd.payload[:0], s.next)
			snd.encode(snd.payload)
			b.seq, s.replayed = s.next, s.next
			b.events++
			s.next++
			if b.seq == s.ackBehind {
				s.ackBehind = 0
				snd.encode(gatewire.HeartbeatACK)
			}
			if b.faults = s.faultsBehind(c, b.seq); len(b.faults) > 0 {
				return b, 0
			}
			if s.probe && s.next > s.srv.burst() {
				return b, 0
			}
		case s.resuming && s.replayHalf > 0 && s.srv.plan.May(fault.AtReplay, s.shard):
			s.replayHalf = 0 // nothing was missed
			if b.faults = s.srv.fault(fault.AtReplay, s.shard, c.wire.via); len(b.faults) > 0 {
				return b, 0
			}
		case s.resuming:
			s.resuming = false
			snd.encode(appendResumed(nil, s.replayed))
			if s.exhausted {
				snd.encode(gatewire.InvalidSession(false))
				b.ends = true
				return b, 0
			}
		case len(s.pending) > 0:
			s.assign()
		default:
			due := s.due(now)
			if due == s.shared {
				if due >= s.feed.events && s.feed.ends && !s.exhausted {
					s.exhausted = true
					snd.encode(gatewire.Reconnect)
					continue
				}
				return b, s.wait(now)
			}
			stream := s.feed.streams[snd.Compression]
			if !s.inStep() || s.srv.plan.May(fault.AtEvent, s.shard) || !(snd.inSegment || stream.begins(s.shared) || snd.Compression.Stateless()) {
				s.shared++
				s.head++
				continue
			}
			if len(snd.out) > 0 {
				return b, 0
			}
			end := min(due, stream.segmentEnd(s.shared))
			b.frames = stream.frames(s.shared, end)
			b.events = end - s.shared
			s.head += b.events
			s.next, s.shared, b.seq = s.head+1, end, s.head
			snd.inSegment = !stream.begins(end)
			return b, 0
		}
	}
	return b, 0
}

// appendResumed appends the event that ends a replay.
func appendResumed(dst []byte, seq int64) []byte {
	return traffic.AppendPayload(dst, "RESUMED", seq, []byte(`{"_trace":["[\"gateway-gatewaytest\",{\"micros\":0.0}]"]}`))
}
