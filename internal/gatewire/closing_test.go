package gatewire

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"
)

// TestClosing ends connections in each way that there is.
func TestClosing(t *testing.T) {
	body := ws.NewCloseFrameBody(4000, "bye")
	for _, tt := range []struct {
		name     string
		play     func(c *Closing, kill func())
		answered bool
		after    time.Duration
	}{
		{"the client answers", func(c *Closing, kill func()) { time.AfterFunc(time.Second, c.Answer) }, true, time.Second},
		{"the client has begun", func(c *Closing, kill func()) { c.Answer(); c.Answer() }, true, 0},
		{"the connection breaks", func(c *Closing, kill func()) { time.AfterFunc(time.Second, kill) }, false, time.Second},
		{"the client is silent", func(c *Closing, kill func()) {}, false, CloseTimeout},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, ends := NewClosing(), 0
				kill := func() { c.End(func() { ends++ }) }
				if c.Begun() || c.Frame() != nil {
					t.Error("it has begun by itself")
				}
				if !c.Begin(body, kill) || c.Begin(ws.NewCloseFrameBody(4008, ""), kill) {
					t.Error("want the first frame alone")
				}
				if want := AppendFrame(nil, ws.OpClose, body); !c.Begun() || !bytes.Equal(c.Frame(), want) {
					t.Errorf("frame % x, want % x", c.Frame(), want)
				}
				begun := time.Now()
				tt.play(c, kill)
				if answered := c.Wait(); answered != tt.answered {
					t.Errorf("answered %t, want %t", answered, tt.answered)
				}
				if after := time.Since(begun); after != tt.after {
					t.Errorf("after %v, want %v", after, tt.after)
				}
				kill()
				<-c.Done()
				time.Sleep(2 * CloseTimeout) // of the fake clock: the timer is over
				if ends != 1 {
					t.Errorf("it has ended %d times", ends)
				}
			})
		})
	}
}
