package link

import (
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// TestSendOnAStuckConnection: a peer that does not read costs its shard the
// connection after the write's deadline; the payload's fate is unknown.
func TestSendOnAStuckConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		stuck := &Link{}
		stuck.Attach(near)
		stuck.Start("abc", 0, 0)
		begin := time.Now()
		if done, _, _, err := stuck.Try(&Command{Payload: []byte(`{"op":3,"d":{}}`)}); !done || err != ErrConnectionLost {
			t.Errorf("done %v, %v", done, err)
		}
		if d := time.Since(begin); d != WriteTimeout {
			t.Errorf("after %v", d)
		}
		if stuck.Failure() == nil {
			t.Error("the loop is not told")
		}
		stuck.Detach()
		if stuck.Failure() != nil {
			t.Error("the failure outlives its connection")
		}
	})
}
