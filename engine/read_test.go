package engine

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/sluice-go/sluice/frame"
)

// TestAfterRead: it is called once behind all events of a read, also of those that came while the shard was held, and not
// where a read brought none.
func TestAfterRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		events := 0
		var calls []int
		r.On(messages, func(*Event) { events++ })
		remove := r.AfterRead(func(s *Shard) {
			if s.ID() != 0 {
				t.Errorf("called with shard %v", s)
			}
			calls = append(calls, events)
		})
		r.run()
		p := r.net.accept(t)
		p.begin()
		several := func(first, last int) {
			var wire []byte
			for seq := first; seq <= last; seq++ {
				wire = frame.AppendServerFrame(wire, frame.OpText, fmt.Appendf(nil, `{"t":"MESSAGE_CREATE","s":%d,"op":0,"d":{}}`, seq))
			}
			p.raw(wire)
			synctest.Wait()
		}
		several(2, 6)
		p.send(`{"op":11}`)
		p.send(`{"t":"TYPING_START","s":7,"op":0,"d":{}}`) // which no callback asks for
		synctest.Wait()
		p.event(8)
		synctest.Wait()
		if err := r.shard(0).Hold(t.Context()); err != nil {
			t.Error(err)
		}
		several(9, 11)
		r.shard(0).Release()
		synctest.Wait()
		remove()
		p.event(12)
		synctest.Wait()
		if want := []int{5, 6, 9}; !slices.Equal(calls, want) || events != 10 {
			t.Errorf("called after %v of %d events, want %v", calls, events, want)
		}
		r.end(p)
	})
}
