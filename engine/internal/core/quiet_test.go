package core

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/internal/inflow"
	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

// TestQuietShardIsPacked: a shard that had no event for minutes takes less memory, whatever
// heartbeats do; events go on where they were, and what they refer to is there.
func TestQuietShardIsPacked(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("windows stay where they are")
	}
	r, e := streamRig(t, zlibStream)
	got := seqs(r)
	r.core.random = func() float64 { return 0 }
	large := func(seq int64) []byte {
		var text strings.Builder
		r := rand.New(rand.NewPCG(1, 2))
		for range 4000 { // nothing of it comes again before the next message
			text.WriteByte("abcdefghijklmnopqrstuvwxyz012345"[r.IntN(32)])
		}
		text.WriteString(strings.Repeat("member of the guild; ", 800))
		return e.Message(fmt.Sprintf(`{"t":"MESSAGE_CREATE","s":%d,"op":0,"d":{"content":%q}}`, seq, text.String()))
	}
	r.binary(large(2))
	before := inflow.WindowsPacked()
	began := r.now
	for r.now.Sub(began) < quietAfter {
		if n := inflow.WindowsPacked() - before; n != 0 {
			t.Fatalf("packed after %v", r.now.Sub(began))
		}
		r.timer()
		r.binary(e.Message(testAck))
	}
	for range 3 {
		r.timer()
		r.binary(e.Message(testAck))
	}
	if n := inflow.WindowsPacked() - before; n != 1 {
		t.Fatalf("%d packed after %v", n, r.now.Sub(began))
	}
	r.want(lifecycle.Ready)
	r.binary(large(3)) // refers to all of the one before
	if n := inflow.WindowsPacked() - before; n != 0 || !slices.Equal(*got, []int64{2, 3}) {
		t.Errorf("%d packed, delivered %v, %v", n, *got, r.core.redial.cause)
	}
	r.after(time.Second)
	r.binary(e.Message(wiretest.Event(4)))
	if !slices.Equal(*got, []int64{2, 3, 4}) {
		t.Errorf("delivered %v, %v", *got, r.core.redial.cause)
	}
	r.fail(errReset)
}
