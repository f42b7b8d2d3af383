package reactor

import (
	"io"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// Drained is only said after a look: where a task was held up by another's long
// callback, the proof of life that lies in its socket comes first.
func TestContractDrained(t *testing.T) {
	each(t, 1, func(t *testing.T, d Driver) {
		if _, ok := d.(PortableDriver); ok {
			t.Skip("no task holds up another")
		}
		for _, kind := range kinds[1:] {
			attached := make(chan struct{})
			near, far := pair(t, d, kind, nil)
			var got []byte
			var due time.Time
			k := &task{t: t, feed: func(b []byte) { got = append(got, b...) }}
			k.advance = func(now time.Time, drained bool) (time.Time, bool) {
				switch {
				case k.advices == 1:
					k.loop.Attach(near, nil)
					due = now.Add(50 * time.Millisecond)
					close(attached)
				case !now.Before(due) && len(got) == 0:
					if drained {
						t.Errorf("%s: drained, before the socket was looked at", kind)
					}
				}
				return due, !now.Before(due) && drained
			}
			start(d, k)
			<-attached
			long, free := holdUp(t, d)
			if _, err := far.Write([]byte("proof of life")); err != nil {
				t.Fatal(err)
			}
			for !time.Now().After(due) {
				runtime.Gosched()
			}
			close(free)
			<-k.over
			<-long.over
			far.Close()
			if string(got) != "proof of life" {
				t.Errorf("%s: got %q", kind, got)
			}
		}
	})
}

// A flood on one connection starves neither another, nor a timer, nor a wake.
func TestContractFlood(t *testing.T) {
	each(t, 1, func(t *testing.T, d Driver) {
		for _, kind := range kinds {
			var stop atomic.Bool
			floodNear, floodFar := pair(t, d, kind, nil)
			flooded := &task{t: t}
			flooded.advance = func(time.Time, bool) (time.Time, bool) {
				if flooded.advices == 1 {
					flooded.loop.Attach(floodNear, nil)
				}
				return time.Time{}, stop.Load()
			}
			start(d, flooded)
			go func() {
				b := make([]byte, 1<<20)
				for {
					if _, err := floodFar.Write(b); err != nil {
						floodFar.Close()
						return
					}
				}
			}()
			near, far := pair(t, d, kind, nil)
			echoes, times := 0, 0
			k := &task{t: t}
			k.feed = func(b []byte) {
				echoes += len(b)
				near.Write(b)
			}
			var due time.Time
			k.advance = func(now time.Time, _ bool) (time.Time, bool) {
				if k.advices == 1 {
					k.loop.Attach(near, nil)
				}
				if !now.Before(due) {
					due = now.Add(10 * time.Millisecond)
					times++
				}
				return due, echoes >= 30 && times >= 10
			}
			start(d, k)
			b := make([]byte, 1)
			for range 30 {
				if _, err := far.Write(b); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(far, b); err != nil {
					t.Fatal(err)
				}
				k.loop.Wake()
			}
			<-k.over
			stop.Store(true)
			flooded.loop.Wake()
			<-flooded.over
			far.Close()
		}
	})
}
