package core

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// fickle is a gateway that numbers events, loses some for a connection and some
// for good, repeats, and ends connections and sessions, as bytes tell it to.
type fickle struct {
	r      *rig
	script []byte

	numbered bool // RESUMED takes a number of its own
	silent   int  // resumes in a row that were answered by nothing
	sessions []*fickleSession
}

// fickleSession is what the gateway did, and what callbacks were told of it.
type fickleSession struct {
	head  int64          // the last number given out
	gone  map[int64]bool // numbers that no resume brings
	own   map[int64]bool // of RESUMED itself: in no replay, and none the worse for being announced
	ended bool

	got    []int64
	losses []lifecycle.SessionLost
}

func (f *fickle) next() byte {
	if len(f.script) == 0 {
		return 0
	}
	b := f.script[0]
	f.script = f.script[1:]
	return b
}

func (f *fickle) session() *fickleSession { return f.sessions[len(f.sessions)-1] }

// named returns the session with an ID as ready gives them.
func (f *fickle) named(id string) *fickleSession {
	n, err := strconv.Atoi(strings.TrimPrefix(id, "s"))
	if err != nil {
		f.r.t.Fatalf("session %q", id)
	}
	return f.sessions[n]
}

func (f *fickle) watch() {
	events := gateway.AllDispatches().Union(gateway.Events(gateway.EventSessionLost))
	f.r.on(events, func(ev *delivery) {
		if lost, ok := ev.SessionLost(); ok {
			s := f.named(lost.Session)
			s.losses = append(s.losses, lost)
		} else if ev.Seq > 0 && ev.Type != gateway.EventResumed {
			s := f.named(f.r.core.session.ID)
			s.got = append(s.got, ev.Seq)
		}
	})
}

// live answers the client until its session is.
func (f *fickle) live() {
	r := f.r
	for range 1000 {
		switch r.core.state {
		case lifecycle.Ready:
			return
		case lifecycle.Disconnected:
			r.dial()
		case lifecycle.Closing:
			r.peerClose(4000, "")
		case lifecycle.AwaitingHello:
			r.recv(testHello)
		case lifecycle.Queued:
			r.permit()
		case lifecycle.Identifying:
			f.sessions = append(f.sessions, &fickleSession{head: 1, gone: map[int64]bool{}, own: map[int64]bool{}})
			r.recv(strings.Replace(testReady, "abc", fmt.Sprint("s", len(f.sessions)-1), 1))
		case lifecycle.Resuming:
			f.replay()
		default:
			r.t.Fatalf("%v\n%s", r.core.state, r.log.String())
		}
	}
	r.t.Fatalf("the shard is not ready\n%s", r.log.String())
}

// replay brings what the client missed, or part of it.
func (f *fickle) replay() {
	s := f.session()
	if s.ended {
		f.r.recv(`{"op":9,"d":false}`)
		return
	}
	_, tail, _ := strings.Cut(f.r.lastSent(), `"seq":`)
	seq, err := strconv.ParseInt(strings.TrimRight(tail, "}"), 10, 64)
	if err != nil {
		f.r.t.Fatal(err)
	}
	stop := f.next()
	for n := seq + 1; n <= s.head; n++ {
		if stop--; stop == 0 && f.silent < maxResumes-1 {
			f.silent++
			f.r.fail(errReset)
			return
		}
		if !s.gone[n] && !s.own[n] {
			f.r.event(n)
			seq = n
			f.silent = 0
		}
		if f.r.core.state != lifecycle.Resuming {
			return
		}
	}
	if f.numbered {
		s.head++
		seq = s.head
		s.own[seq] = true
	}
	f.r.resumed(seq)
	f.silent = 0
}

func (f *fickle) step() {
	r, s := f.r, f.session()
	switch op := f.next(); op % 13 {
	case 0, 1, 2:
		s.head++
		r.event(s.head)
	case 3: // not written to this connection
		s.head += int64(f.next()%8) + 1
	case 4: // never written
		for range f.next()%8 + 1 {
			s.head++
			s.gone[s.head] = true
		}
	case 5, 6:
		if back := s.head - int64(f.next()%5); back > 0 && !s.gone[back] && !s.own[back] {
			r.event(back)
		}
	case 7:
		r.fail(errReset)
	case 8:
		r.recv(`{"op":7}`)
	case 9:
		r.recv(`{"op":9,"d":true}`)
	case 10:
		s.ended = true
		r.recv(`{"op":9,"d":false}`)
	case 11:
		s.ended = true
		r.peerClose(4009, "")
	case 12:
		r.recv(`{"t":"MESSAGE_CREATE","s":null,"op":0,"d":{}}`)
	}
}

// check holds what was told against what was done: every number was delivered
// once, in order, or announced as lost, and none of them both.
func (f *fickle) check() {
	t := f.r.t
	for i, s := range f.sessions {
		if !slices.IsSorted(s.got) || len(slices.Compact(slices.Clone(s.got))) != len(s.got) {
			t.Errorf("session %d: delivered %v", i, s.got)
		}
		delivered := map[int64]bool{}
		for _, seq := range s.got {
			delivered[seq] = true
		}
		over := 0
		for _, lost := range s.losses {
			if lost.To == 0 {
				over++
				if last := s.got[len(s.got)-1]; !s.ended || lost.From <= last || lost.From > last+1 && !s.own[lost.From-1] {
					t.Errorf("session %d, ended %v: lost from %d on, delivered %v", i, s.ended, lost.From, s.got)
				}
				for n := lost.From; n <= s.head; n++ {
					delivered[n] = true
				}
				continue
			}
			for n := lost.From; n <= lost.To; n++ {
				if delivered[n] || !s.gone[n] && !s.own[n] {
					t.Errorf("session %d: %d is announced as lost; delivered %v, kept from the client %v", i, n, s.got, s.gone)
				}
				delivered[n] = true
			}
		}
		if s.ended != (over == 1) || over > 1 {
			t.Errorf("session %d, ended %v: announced as over %d times", i, s.ended, over)
		}
		for n := int64(1); n <= s.head; n++ {
			if !delivered[n] && !s.own[n] {
				t.Errorf("session %d: %d of %d was neither delivered nor announced", i, n, s.head)
			}
		}
	}
	if t.Failed() {
		t.Log(f.r.log.String())
	}
}

// FuzzLedger: whatever a gateway does to the sequence, nothing is lost in silence,
// nothing is delivered twice, and the shard becomes ready again.
func FuzzLedger(f *testing.F) {
	f.Add([]byte{0, 0, 3, 1, 0, 0, 0})                            // skipped, brought back
	f.Add([]byte{1, 0, 4, 1, 0, 0, 0})                            // skipped for good
	f.Add([]byte{0, 3, 7, 7, 3, 0, 2, 5, 2, 0, 0})                // ends in a replay
	f.Add([]byte{1, 4, 0, 0, 4, 2, 3, 1, 4, 0, 8, 9, 0, 5, 1, 0}) // gaps in a row
	f.Add([]byte{0, 0, 10, 0, 0, 11, 0, 7, 0, 12, 0, 5, 0, 4, 0, 10, 0})
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > 200 {
			return
		}
		g := &fickle{r: newRig(t)}
		g.script = script
		g.numbered = g.next()%2 == 1
		g.watch()
		g.live()
		for len(g.script) > 0 {
			g.step()
			g.live()
		}
		// One event more shows what is missing at the end.
		for range 2 {
			g.session().head++
			g.r.event(g.session().head)
			g.live()
		}
		g.check()
	})
}
