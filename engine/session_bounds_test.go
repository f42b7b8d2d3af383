package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/internal/saver"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
)

// hangingStore is a session.Store of which some methods take as long as they like, whatever
// their context says. It fails the test if two are called at once.
type hangingStore struct {
	session.Memory
	t *testing.T

	mu      sync.Mutex
	busy    string
	hang    map[string]chan struct{} // what a method waits for
	calls   []string
	written []int64 // the sequence of shard 0 in each save, in the order in which they came to pass
}

func newHangingStore(t *testing.T) *hangingStore {
	return &hangingStore{t: t, hang: make(map[string]chan struct{})}
}

// hold has the next calls of a method hang until the function that it returns is called.
func (s *hangingStore) hold(method string) (release func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	until := make(chan struct{})
	s.hang[method] = until
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.hang, method)
		close(until)
	}
}

func (s *hangingStore) enter(method string) (leave func()) {
	s.mu.Lock()
	if s.busy != "" {
		s.t.Errorf("%s was called during %s", method, s.busy)
	}
	s.busy = method
	s.calls = append(s.calls, method)
	until := s.hang[method]
	s.mu.Unlock()
	if until != nil {
		<-until
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.busy = ""
	}
}

// seen returns the calls so far, and the sequences that were saved.
func (s *hangingStore) seen() (calls []string, written []int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls), slices.Clone(s.written)
}

func (s *hangingStore) Load(context.Context) (*session.Snapshot, error) {
	defer s.enter("Load")()
	return s.Memory.Load(context.Background())
}

func (s *hangingStore) Save(ctx context.Context, snapshot *session.Snapshot) error {
	text, _ := snapshot.AppendText(nil)
	defer s.enter("Save")()
	if late, _ := snapshot.AppendText(nil); string(late) != string(text) {
		s.t.Error("a snapshot was changed while Save had it")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	seq := int64(0)
	if len(snapshot.Sessions) > 0 {
		seq = snapshot.Sessions[0].Seq
	}
	s.written = append(s.written, seq)
	return s.Memory.Save(ctx, snapshot)
}

func (s *hangingStore) Close() error {
	defer s.enter("Close")()
	return nil
}

// TestStoreHangsInSave: Run ends within 5 s of the end of Shutdown's context, whatever
// the store does, and says what was not saved. What is left of the call does not get in
// the way of the next engine with the same store.
func TestStoreHangsInSave(t *testing.T) {
	for name, when := range map[string]time.Duration{
		"at the end":         0,
		"long before":        time.Minute,
		"just before":        saver.SaveEvery,
		"since the last one": saver.SaveEvery + saver.SaveTimeout,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := newHangingStore(t)
				r := start(t, withStore(store))
				p := r.net.accept(t)
				p.begin()
				time.Sleep(time.Second) // saved
				release := store.hold("Save")
				p.event(2)
				time.Sleep(when)
				p.event(3)
				synctest.Wait()
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				go p.goodbye()
				begin := time.Now()
				if err := r.Shutdown(ctx); err != context.DeadlineExceeded {
					t.Error(err)
				}
				err := <-r.result
				if d := time.Since(begin); d > 6*time.Second {
					t.Errorf("Run returned %v after the call of Shutdown", d)
				}
				if !errors.Is(err, session.ErrNotSaved) || !strings.Contains(err.Error(), "has not returned") || !strings.Contains(err.Error(), "the one before was made at 2") {
					t.Error(err)
				}
				if errors.Is(err, ErrShutdownTimeout) {
					t.Errorf("callbacks are said to be at fault: %v", err)
				}
				if calls, _ := store.seen(); slices.Contains(calls, "Close") {
					t.Error("closed during a save")
				}
				close(p.out)

				// The next engine waits until the store has ended the last one's call.
				r = start(t, withStore(store))
				time.Sleep(10 * time.Second)
				if len(r.net.conns) > 0 || !strings.Contains(r.logs.String(), "still waiting for the saved sessions; another engine") {
					t.Errorf("%d connections\n%v", len(r.net.conns), r.logs)
				}
				release()
				p = r.net.accept(t)
				p.resume()
				_, written := store.seen()
				seq := written[len(written)-1]
				p.send(fmt.Sprintf(`{"t":"RESUMED","s":%d,"op":0,"d":{}}`, seq))
				p.event(seq + 1)
				waitState(t, r.shard(0), lifecycle.Ready)
				r.end(p)
				want := []string{"Load", "Save", "Close", "Load", "Save", "Close"}
				calls, written := store.seen()
				if !slices.Equal(slices.Compact(calls), want) {
					t.Errorf("called %v", calls)
				}
				if !slices.IsSorted(written) || written[len(written)-1] != seq+1 {
					t.Errorf("saved the sequences %v", written)
				}
			})
		})
	}
}

// TestStoreHangsForAWhile: a save that takes long is followed by another, once it has
// returned, also if nothing moved since.
func TestStoreHangsForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newHangingStore(t)
		r := start(t, withStore(store))
		p := r.net.accept(t)
		p.begin()
		time.Sleep(time.Second)
		release := store.hold("Save")
		for seq := int64(2); seq < 60; seq++ { // snapshots are made meanwhile
			p.event(seq)
			time.Sleep(time.Second)
		}
		if n := strings.Count(r.logs.String(), "sessions cannot be saved"); n != 1 {
			t.Errorf("logged %d times:\n%v", n, r.logs)
		}
		release()
		time.Sleep(saver.SaveEvery + time.Second)
		_, written := store.seen()
		if last := written[len(written)-1]; last != 59 || !strings.Contains(r.logs.String(), "saved again") {
			t.Errorf("saved %d\n%v", last, r.logs)
		}
		r.end(p)
	})
}

// TestStoreHangsInLoad: Run gives up after two minutes, or ends with its context.
func TestStoreHangsInLoad(t *testing.T) {
	for _, stop := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			store := newHangingStore(t)
			release := store.hold("Load")
			begin := time.Now()
			r := start(t, withStore(store))
			if stop {
				time.Sleep(time.Second)
				r.stop()
			}
			err := <-r.result
			d := time.Since(begin)
			switch {
			case stop && (err != nil || d > 5*time.Second):
				t.Errorf("stopped: %v after %v", err, d)
			case !stop && (!errors.Is(err, saver.ErrNotReturned) || !strings.HasPrefix(err.Error(), "engine: ") || d > saver.LoadTimeout+saver.SaveTimeout+5*time.Second):
				t.Errorf("%v after %v", err, d)
			}
			release()
			synctest.Wait()
			if calls, _ := store.seen(); !slices.Equal(calls, []string{"Load", "Close"}) {
				t.Errorf("called %v", calls)
			}
		})
	}
}

// TestStoreHangsInClose is said, since the store may not be free for others.
func TestStoreHangsInClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newHangingStore(t)
		r := start(t, withStore(store))
		p := r.net.accept(t)
		p.begin()
		waitState(t, r.shard(0), lifecycle.Ready)
		release := store.hold("Close")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		go p.goodbye()
		begin := time.Now()
		_ = r.Shutdown(ctx)
		err := <-r.result
		if d := time.Since(begin); d > 6*time.Second || err == nil || !strings.Contains(err.Error(), "Close of the session store has not returned") ||
			errors.Is(err, session.ErrNotSaved) {
			t.Errorf("%v after %v", err, d)
		}
		release()
		close(p.out)
	})
}

// TestStoreOfTwoEngines: engines of one process use a store one after another, also one
// that has no lock of its own.
func TestStoreOfTwoEngines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newHangingStore(t)
		first := start(t, withStore(store))
		p := first.net.accept(t)
		p.begin()
		waitState(t, first.shard(0), lifecycle.Ready)
		second := start(t, withStore(store))
		time.Sleep(time.Minute)
		if len(second.net.conns) > 0 {
			t.Error("both are connected")
		}
		first.end(p)
		p = second.net.accept(t)
		p.resume()
		p.send(`{"t":"RESUMED","s":2,"op":0,"d":{}}`)
		waitState(t, second.shard(0), lifecycle.Ready)

		third := start(t, withStore(store))
		if err := <-third.result; err == nil || !strings.Contains(err.Error(), "another engine of this process uses the session store") {
			t.Error(err)
		}
		second.end(p)
	})
}

// incomparable is a store that is no map key.
type incomparable struct{ sessions []*session.Memory }

func (s incomparable) Load(ctx context.Context) (*session.Snapshot, error) {
	return s.sessions[0].Load(ctx)
}
func (s incomparable) Save(ctx context.Context, saved *session.Snapshot) error {
	return s.sessions[0].Save(ctx, saved)
}
func (s incomparable) Close() error { return nil }

// TestStoreIncomparable works, though others that use it are not noticed.
func TestStoreIncomparable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := incomparable{[]*session.Memory{{}}}
		r := start(t, withStore(store))
		p := r.net.accept(t)
		p.begin()
		waitState(t, r.shard(0), lifecycle.Ready)
		r.end(p)
		if s, err := store.Load(t.Context()); err != nil || len(s.Sessions) != 1 {
			t.Error(s, err)
		}
	})
}
