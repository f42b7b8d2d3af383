package bridge

import "github.com/sluice-go/sluice/internal/gatewire"

// What a read of the engine's brought is written to bots by the engine's own goroutine, where that waits for nothing:
// to wake a bot's sender for it costs more than all the rest of its way. The sender writes what is more than a
// little, or compressed, or in TLS, and what the socket does not take.

const (
	// maxDirect is to how many bots of a shard what a read brought is written at once; senders write it to others.
	maxDirect = 4

	// directBytes is how much of the log, at most.
	directBytes = 16 << 10
)

// writeDue has those who were idle, and are not, written to. It is called by the engine, which it does not keep
// waiting.
func (sh *shard) writeDue() {
	due, total := sh.takeDue()
	direct := 0
	for _, s := range due {
		c := s.conn.Load()
		if c == nil {
			continue
		}
		if direct < maxDirect && total-s.read.Load() <= directBytes {
			direct++
			if c.writeNow(s) {
				continue
			}
		}
		c.notify()
	}
	sh.putDue(due)
}

// notifyDue has their senders write to them, for whoever is not the engine.
func (sh *shard) notifyDue() {
	due, _ := sh.takeDue()
	for _, s := range due {
		if c := s.conn.Load(); c != nil {
			c.notify()
		}
	}
	sh.putDue(due)
}

// takeDue takes those who are due, until putDue, and the end of the log.
func (sh *shard) takeDue() (due []*session, total int64) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if len(sh.due) > 0 {
		due, sh.due, sh.dueSpare = sh.due, sh.dueSpare, nil
	}
	return due, sh.log.Total()
}

// putDue gives their list back, for the next.
func (sh *shard) putDue(due []*session) {
	if len(due) == 0 {
		return
	}
	clear(due)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.dueSpare = due[:0]
}

// writeNow writes what a session has of the log, if no lock, encoder or socket has to be waited for. It reports
// false where something is left for the sender.
func (c *conn) writeNow(s *session) bool {
	if c.socket == nil || !c.writing.TryLock() {
		return false
	}
	defer c.writing.Unlock()
	snd := &c.sender
	if len(snd.left) > 0 || !c.onlyEvents(s) || !s.mu.TryLock() {
		return false
	}
	snd.begin(gatewire.None, false)
	s.fill(c, snd)
	s.mu.Unlock()
	n := c.socket.write(snd.out)
	c.bridge.sent.Add(int64(n))
	snd.left = snd.out[n:]
	if len(snd.left) > 0 {
		return false
	}
	snd.rest()
	return s.idle.Load()
}

// onlyEvents reports whether a session is the connection's, nothing else is to be written, and nothing is compressed.
func (c *conn) onlyEvents(s *session) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session == s && c.compression == gatewire.None && !c.closing.Begun() && len(c.controls)+len(c.ponging) == 0
}
