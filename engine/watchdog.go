package engine

import (
	"time"

	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
)

// busyLimit is how long a callback may hold up its loop before the watchdog
// beats in the loop's place, and how often it looks. A beat is then late by twice
// that at most, which matters only where the gateway asks for one every second or
// so; a look costs an atomic load for each shard.
const busyLimit = 200 * time.Millisecond

// watch sends a due heartbeat while a callback holds up the loop. The verdict
// on the connection waits until the loop has looked at it again. The write has a
// goroutine of its own: a peer that does not read must not hold up the watchdog.
func (s *Shard) watch(now time.Time) {
	if s.loop.BusyFor(now) < busyLimit {
		return // at leisure
	}
	conn := s.link.Idle()
	if conn == nil || !s.core.BeatFor(now) {
		return
	}
	beat := frame.AppendFrame(nil, frame.OpText, frame.NewMask(), gateway.AppendHeartbeat(nil, s.seq.Load()))
	// It ends with the write, which has a deadline, or the connection. The loop finds an
	// error when it is back.
	go s.engine.guarded(func() { s.link.WriteTo(conn, beat) })
}

// abandon closes the connection under a loop that is held up by a callback, so that
// what becomes of the session does not depend on what the callback does.
func (s *Shard) abandon(code gateway.CloseCode) {
	s.link.Cut(frame.AppendClose(nil, frame.NewMask(), uint16(code), ""))
}
