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
	if s.loop.BusyFor(now) < busyLimit || !s.link.mu.TryLock() {
		return // at leisure, or at work on a write
	}
	conn, failed := s.link.conn, s.link.err != nil
	s.link.mu.Unlock()
	if conn == nil || failed || !s.core.BeatFor(now) {
		return
	}
	beat := frame.AppendFrame(nil, frame.OpText, frame.NewMask(), gateway.AppendHeartbeat(nil, s.seq.Load()))
	go s.engine.guarded(func() { // ends with the write, which has a deadline, or the connection
		s.link.mu.Lock()
		defer s.link.mu.Unlock()
		if s.link.conn == conn { // not one that came meanwhile
			_ = s.link.put(beat) // the loop finds the error when it is back
		}
	})
}

// abandon closes the connection under a loop that is held up by a callback, so that
// what becomes of the session does not depend on what the callback does. Where a write is under way
// it does nothing, since that write ends by itself and the loop follows.
func (s *Shard) abandon(code gateway.CloseCode) {
	if !s.link.mu.TryLock() {
		return
	}
	defer s.link.mu.Unlock()
	if s.link.conn != nil && s.link.err == nil {
		_ = s.link.put(frame.AppendClose(nil, frame.NewMask(), uint16(code), ""))
		_ = s.link.conn.Close()
	}
}
