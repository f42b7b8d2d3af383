package gatewire

import (
	"sync"
	"time"

	"github.com/gobwas/ws"
)

// CloseTimeout is how long a client has to answer a close frame.
const CloseTimeout = 5 * time.Second

// Closing is how a connection ends: in order, by the closing handshake (RFC 6455, section 7.1), or at once. Begin and
// Answer may be called at any time; the connection's sender, who writes the frame, waits for the answer.
type Closing struct {
	answered chan struct{} // closed by Answer
	done     chan struct{} // closed by End
	answer   sync.Once
	end      sync.Once

	mu    sync.Mutex
	frame []byte      // nil while the connection lives
	timer *time.Timer // ends the connection of a client that does not answer
}

// NewClosing returns that of a connection which lives.
func NewClosing() *Closing {
	return &Closing{answered: make(chan struct{}), done: make(chan struct{})}
}

// Begin makes the close frame that the sender has to write, and reports whether there was none yet. If the connection
// has not ended after CloseTimeout, kill is called: who does not read holds the sender, and with it the frame, up.
func (c *Closing) Begin(body []byte, kill func()) (first bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.frame != nil {
		return false
	}
	c.frame = AppendFrame(nil, ws.OpClose, body)
	c.timer = time.AfterFunc(CloseTimeout, kill)
	return true
}

// Answer notes that the client has sent its own close frame: nothing more will come.
func (c *Closing) Answer() { c.answer.Do(func() { close(c.answered) }) }

// Frame returns the close frame that is to be written, nil while the connection lives. It is never changed.
func (c *Closing) Frame() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.frame
}

// Begun reports whether a close frame is, or will be, written.
func (c *Closing) Begun() bool { return c.Frame() != nil }

// Wait waits for the client's close frame. It reports false where the connection has ended without.
func (c *Closing) Wait() bool {
	select {
	case <-c.answered:
		return true
	case <-c.done:
		return false
	}
}

// End ends the connection for good: the first time, it closes Done and calls clear.
func (c *Closing) End(clear func()) {
	c.end.Do(func() {
		close(c.done)
		c.mu.Lock()
		if c.timer != nil {
			c.timer.Stop()
		}
		c.mu.Unlock()
		clear()
	})
}

// Done is closed when the connection has ended.
func (c *Closing) Done() <-chan struct{} { return c.done }
