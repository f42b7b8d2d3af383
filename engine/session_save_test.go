package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/budget"
	"github.com/sluice-go/sluice/engine/internal/saver"
	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gateway"
)

// memory is a session.Store that says how it was used, and fails when told to.
type memory struct {
	session.Memory
	mu     sync.Mutex
	saves  []time.Time
	fail   error // of Load and Save
	slow   time.Duration
	closed int
}

func (m *memory) Load(ctx context.Context) (*session.Snapshot, error) {
	if err := await(ctx, nil, m.slow); err != nil {
		return nil, err
	}
	if m.fail != nil {
		return nil, m.fail
	}
	return m.Memory.Load(ctx)
}

func (m *memory) Save(ctx context.Context, s *session.Snapshot) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.saves = append(m.saves, time.Now())
	if m.fail != nil {
		return m.fail
	}
	if _, err := s.AppendText(nil); err != nil {
		return err // no store could keep it
	}
	return m.Memory.Save(ctx, s)
}

func (m *memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed++
	return nil
}

// count returns how often was saved, and what stands there now.
func (m *memory) count(t *testing.T) (saves int, s *session.Snapshot) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	s, err := m.Memory.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return len(m.saves), s
}

// stored is what a test puts into a store before an engine begins.
func stored(t *testing.T, s *session.Snapshot) *memory {
	m := &memory{}
	if s.Bot == "" {
		s.Bot = NewToken(testToken).Hash()
	}
	if err := m.Memory.Save(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	return m
}

func withStore(m session.Store) func(*Config) {
	return func(c *Config) { c.Sessions = m }
}

// TestPain24_RestartResumes: the next engine resumes what the last one left, at
// its URL, with the sequence of the last event that was delivered; it sends no
// identify.
func TestPain24_RestartResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		r := start(t, withStore(store))
		p := r.net.accept(t)
		p.begin()
		p.event(2)
		p.event(3)
		waitState(t, r.shard(0), lifecycle.Ready)
		r.end(p)
		if store.closed != 1 {
			t.Errorf("closed %d times", store.closed)
		}

		var got []int64
		r = prepare(t, withStore(store))
		r.On(gateway.Events(gateway.EventMessageCreate), func(ev *Event) { got = append(got, ev.Seq) })
		r.run()
		if address := <-r.net.dials; address != "resume.discord.gg:80" {
			t.Errorf("dialled %s", address)
		}
		p = r.net.accept(t)
		p.send(testHello)
		if resume := p.expect(`{"op":6,`); !strings.Contains(resume, `"session_id":"abc","seq":3`) {
			t.Errorf("sent %s", resume)
		}
		p.event(4)
		p.send(`{"t":"RESUMED","s":4,"op":0,"d":{}}`)
		p.event(5)
		waitState(t, r.shard(0), lifecycle.Ready)
		if st := r.Stats(); st.Identifies != 0 || st.Resumes != 1 || fmt.Sprint(got) != "[4 5]" {
			t.Errorf("%d identifies, %d resumes, events %v", st.Identifies, st.Resumes, got)
		}
		r.end(p)
		if _, s := store.count(t); len(s.Sessions) != 1 || s.Sessions[0].Seq != 5 || s.Shards != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// TestSaves: soon after READY, once for many; every 5 s while sequences move; not
// at all while nothing moves.
func TestSaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const shards = 50
		store := &memory{}
		r := start(t, withStore(store), func(c *Config) {
			c.Shards, c.IdentifyQueue = Shards{Total: shards}, identify.Unlimited{}
		})
		var peers []*peer
		for range shards {
			peers = append(peers, r.net.accept(t))
		}
		time.Sleep(time.Second)
		for i, p := range peers {
			p.send(testHello)
			p.expect(`{"op":2,`)
			p.send(strings.Replace(testReady, "abc", fmt.Sprint("abc", i), 1))
		}
		time.Sleep(saver.SaveDelay)
		synctest.Wait()
		if n, s := store.count(t); n != 1 || len(s.Sessions) != shards {
			t.Fatalf("%d saves for %d READYs, %+v", n, shards, s)
		}
		time.Sleep(10 * time.Minute)
		if n, _ := store.count(t); n != 1 {
			t.Errorf("%d saves while nothing moved", n-1)
		}
		begin := time.Now()
		for seq := int64(2); time.Since(begin) < time.Minute; seq++ {
			peers[7].event(seq)
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
			_, s := store.count(t)
			for _, saved := range s.Sessions {
				if behind := time.Duration(r.shard(saved.Shard).Session().Seq-saved.Seq) * 100 * time.Millisecond; behind > saver.SaveEvery {
					t.Fatalf("the saved sequence is %v old", behind)
				}
			}
		}
		if n, _ := store.count(t); n < 12 || n > 14 {
			t.Errorf("%d saves in a minute of events", n-1)
		}
		r.end(peers...)
	})
}

// TestSavesForget: a session that is gone is soon forgotten.
func TestSavesForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		r := start(t, withStore(store))
		p := r.net.accept(t)
		p.begin()
		time.Sleep(saver.SaveDelay)
		synctest.Wait()
		if _, s := store.count(t); len(s.Sessions) != 1 {
			t.Fatalf("%+v", s)
		}
		p.send(`{"op":9,"d":false}`)
		p.goodbye()
		<-p.gone
		close(p.out)
		time.Sleep(saver.SaveDelay)
		synctest.Wait()
		if _, s := store.count(t); len(s.Sessions) != 0 {
			t.Errorf("%+v", s)
		}
		p = r.net.accept(t)
		p.begin()
		r.end(p)
	})
}

// TestShutdownAtAMessageBoundary: what is behind the message that is being
// delivered is left to the next process, which gets all of it.
func TestShutdownAtAMessageBoundary(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		r := prepare(t, withStore(store))
		var got []int64
		ended := make(chan error, 1)
		r.On(gateway.Events(gateway.EventMessageCreate), func(ev *Event) {
			got = append(got, ev.Seq)
			if ev.Seq == 3 {
				go func() { ended <- r.Shutdown(context.Background()) }()
				time.Sleep(time.Second)
			}
		})
		r.run()
		p := r.net.accept(t)
		p.begin()
		for seq := int64(2); seq < 6; seq++ {
			p.event(seq)
		}
		p.goodbye()
		if err := errors.Join(<-ended, <-r.result); err != nil {
			t.Error(err)
		}
		_, s := store.count(t)
		if last := got[len(got)-1]; len(s.Sessions) != 1 || s.Sessions[0].Seq != last {
			t.Errorf("delivered %v, saved %+v", got, s.Sessions)
		}
		p.drop()
		close(p.out)
	})
}

// TestShutdown before Run, twice, and with less patience than a callback needs.
func TestShutdown(t *testing.T) {
	r := prepare(t)
	if err := r.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if err := r.Run(t.Context()); err != nil {
		t.Error(err)
	}
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		r := prepare(t, withStore(store))
		release := make(chan struct{})
		r.On(gateway.Events(gateway.EventMessageCreate), func(ev *Event) { <-release })
		r.run()
		p := r.net.accept(t)
		p.begin()
		p.event(2)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		if err := r.Shutdown(ctx); err != context.DeadlineExceeded || time.Since(begin) != time.Second {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		if err := <-r.result; !errors.Is(err, ErrShutdownTimeout) {
			t.Error(err)
		}
		if err := r.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		// The event whose callback has not returned will come again.
		if _, s := store.count(t); len(s.Sessions) != 1 || s.Sessions[0].Seq != 1 {
			t.Errorf("saved %+v", s.Sessions)
		}
		close(release)
		p.drop()
		close(p.out)
	})
}

// TestPanicIsNotRepeated: the sessions are saved while a panic ends the program,
// and the event that brought it counts as delivered.
func TestPanicIsNotRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		r := start(t, withStore(store))
		p := r.net.accept(t)
		p.begin()
		p.event(2)
		waitState(t, r.shard(0), lifecycle.Ready)
		r.drainForPanic(&Event{Shard: r.shard(0), Type: gateway.EventMessageCreate, Seq: 3})
		if _, s := store.count(t); len(s.Sessions) != 1 || s.Sessions[0].Seq != 3 {
			t.Errorf("saved %+v", s)
		}
		p.expect("close 4000")
		r.stop()
		<-r.result
		close(p.out)
	})
}

// TestSessionsRefused: sessions of another bot or shard count, or a store that
// fails, end Run before anything was sent, and leave the store as it was.
func TestSessionsRefused(t *testing.T) {
	broken := errors.New("the disk is gone")
	for name, c := range map[string]struct {
		store *memory
		want  string
	}{
		"other bot":    {stored(t, &session.Snapshot{Bot: "other", Shards: 1}), "another token"},
		"other shards": {stored(t, &session.Snapshot{Shards: 16, Sessions: []session.Saved{{Shard: 0, Session: session.Session{ID: "abc", Seq: 1}}}}), "set Config.Shards to 16"},
		"out of order": {stored(t, &session.Snapshot{Shards: 1, Sessions: make([]session.Saved, 2)}), "bad snapshot"},
		"broken":       {&memory{fail: broken}, "the disk is gone"},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, withStore(c.store))
			if err := <-r.result; err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v", name, err)
			}
			if len(r.net.dials) != 0 || len(c.store.saves) != 0 || c.store.closed != 1 {
				t.Errorf("%s: %d dials, %d saves, closed %d times", name, len(r.net.dials), len(c.store.saves), c.store.closed)
			}
		})
	}
}

// TestSessionsDamaged are said, and done without.
func TestSessionsDamaged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{fail: &session.DamagedError{Aside: "there", Err: errors.New("half of it")}}
		r := start(t, withStore(store))
		p := r.net.accept(t)
		store.fail = nil
		p.begin()
		waitState(t, r.shard(0), lifecycle.Ready)
		if !strings.Contains(r.logs.String(), "half of it") || !strings.Contains(r.logs.String(), "aside=there") {
			t.Error(r.logs)
		}
		r.end(p)
	})
}

// TestSessionsWaitedFor: that is said after a second, and ends with the context.
func TestSessionsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{slow: time.Minute}
		r := start(t, withStore(store))
		time.Sleep(2 * saver.LoadPatience)
		if !strings.Contains(r.logs.String(), "still waiting") {
			t.Error("nothing in the log")
		}
		r.stop()
		if err := <-r.result; err != nil || store.closed != 1 {
			t.Errorf("%v, closed %d times", err, store.closed)
		}
	})
}

// TestSaveThatFails is in the log once, is tried again, and is what Run returns
// if it fails to the end.
func TestSaveThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		r := start(t, withStore(store))
		p := r.net.accept(t)
		waitState(t, r.shard(0), lifecycle.AwaitingHello)
		fail := func(err error) {
			store.mu.Lock()
			store.fail = err
			store.mu.Unlock()
		}
		fail(errors.New("no space left"))
		p.begin()
		time.Sleep(time.Minute)
		if n, s := store.count(t); n < 10 || s != nil || strings.Count(r.logs.String(), "no space left") != 1 {
			t.Errorf("%d tries\n%v", n, r.logs)
		}
		fail(nil)
		time.Sleep(saver.SaveEvery)
		synctest.Wait()
		if _, s := store.count(t); s == nil || len(s.Sessions) != 1 || !strings.Contains(r.logs.String(), "saved again") {
			t.Errorf("%+v", s)
		}
		fail(errors.New("read only"))
		p.event(2)
		synctest.Wait()
		r.stop()
		p.goodbye()
		if err := <-r.result; !errors.Is(err, session.ErrNotSaved) || !strings.Contains(err.Error(), "read only") {
			t.Error(err)
		}
		p.drop()
		close(p.out)
	})
}

// TestSessionsOfOthers: those of shards that do not run stay as they are.
func TestSessionsOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		snapshot := savedFleet(4)
		snapshot.Sessions[1].ResumeURL = ""
		store := stored(t, snapshot)
		r := start(t, withStore(store), func(c *Config) { c.Shards = ShardRange(1, 1, 4) })
		p := r.net.accept(t)
		p.resume()
		p.send(`{"t":"RESUMED","s":3,"op":0,"d":{}}`)
		p.event(4)
		waitState(t, r.shard(1), lifecycle.Ready)
		r.end(p)
		_, s := store.count(t)
		snapshot.Sessions[1].Seq = 4
		if !slices.Equal(s.Sessions, snapshot.Sessions) {
			t.Errorf("%+v\nwant %+v", s.Sessions, snapshot.Sessions)
		}
	})
}

// TestPain05_RestartRemembers: what was spent is known to the next process, even
// where that does not ask the API.
func TestPain05_RestartRemembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		r, _ := api(t, 0, budgetAnswer(1, 1, 100, 7, time.Hour))
		r.config.Sessions = store
		r.run()
		p := r.net.accept(t)
		p.begin()
		waitState(t, r.shard(0), lifecycle.Ready)
		if b := r.Budget(); b.Remaining != 6 {
			t.Errorf("%+v", b)
		}
		p.send(`{"op":9,"d":false}`) // the next process must identify
		p.goodbye()
		<-p.gone
		close(p.out)
		r.stop()
		if err := <-r.result; err != nil {
			t.Error(err)
		}

		begin := time.Now()
		for i := range 2 {
			r := start(t, withStore(store))
			p := r.net.accept(t)
			p.begin()
			waitState(t, r.shard(0), lifecycle.Ready)
			if i == 0 {
				p.send(`{"op":9,"d":false}`)
				p.goodbye()
				<-p.gone
				close(p.out)
				r.stop()
				if err := <-r.result; err != nil {
					t.Error(err)
				}
				continue
			}
			if d := time.Since(begin); d < 59*time.Minute { // 5 of 100 are kept in reserve
				t.Errorf("a third identify after %v", d)
			}
			r.end(p)
		}
	})
}

// TestLogout ends the sessions, here and there, and announces no loss.
func TestLogout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		r := prepare(t, withStore(store), func(c *Config) {
			c.Shards, c.IdentifyQueue = Shards{Total: 3}, identify.Unlimited{}
		})
		release := make(chan struct{})
		r.On(gateway.Events(gateway.EventMessageCreate), func(ev *Event) { <-release })
		r.On(gateway.Events(gateway.EventSessionLost), func(ev *Event) { t.Error("a loss is announced") })
		r.run()
		var peers []*peer
		for range 3 {
			peers = append(peers, r.net.accept(t))
			peers[len(peers)-1].begin()
		}
		time.Sleep(saver.SaveDelay)
		synctest.Wait()
		if _, s := store.count(t); len(s.Sessions) != 3 {
			t.Fatalf("%+v", s)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		peers[1].drop() // has no connection to say it on
		<-peers[1].gone
		peers[2].event(2) // is held up by a callback
		synctest.Wait()
		go func() {
			peers[0].expect("close 1000")
			peers[0].raw(wiretest.Close(1000, ""))
		}()
		if err := r.Logout(ctx); err != context.DeadlineExceeded {
			t.Error(err)
		}
		if err := <-r.result; !errors.Is(err, ErrShutdownTimeout) {
			t.Error(err)
		}
		peers[2].expect("close 1000")
		if _, s := store.count(t); len(s.Sessions) != 0 {
			t.Errorf("saved %+v", s.Sessions)
		}
		if err := r.Logout(t.Context()); err != nil {
			t.Error(err)
		}
		close(release)
		for _, p := range peers {
			p.drop()
			close(p.out)
		}
		for len(r.net.conns) > 0 {
			(<-r.net.conns).Close()
		}
	})
}

// TestLogoutTooLate: what ended first counts.
func TestLogoutTooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &memory{}
		r := start(t, withStore(store))
		p := r.net.accept(t)
		p.begin()
		waitState(t, r.shard(0), lifecycle.Ready)
		r.end(p)
		if err := r.Logout(t.Context()); err != ErrShuttingDown {
			t.Error(err)
		}
		if _, s := store.count(t); len(s.Sessions) != 1 {
			t.Errorf("%+v", s)
		}
	})
}

// BenchmarkSave is what keeping the sessions of a fleet costs, each time: where
// sequences moved, and where a look shows that nothing did.
func BenchmarkSave(b *testing.B) {
	for _, shards := range []int{200, 2000, 20000} {
		for _, moving := range []bool{true, false} {
			b.Run(fmt.Sprintf("shards=%d/moving=%v", shards, moving), func(b *testing.B) {
				e := &Engine{config: *testConfig(b), budget: budget.New(0, slog.Default(), func() {})}
				saved := savedFleet(shards)
				for _, session := range saved.Sessions {
					s := &Shard{id: session.Shard, total: shards}
					s.public.session = session.Session
					e.fleet.shards = append(e.fleet.shards, s)
				}
				e.config.Sessions = session.NewFile(filepath.Join(b.TempDir(), "sessions.json"))
				if err := e.loadSessions(b.Context()); err != nil {
					b.Fatal(err)
				}
				defer e.saver.Abandon()
				b.ReportAllocs()
				for b.Loop() {
					if moving {
						e.fleet.shards[0].public.session.Seq++
					}
					if err := e.saver.Save(b.Context()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// savedFleet is one of so many shards, all with sessions.
func savedFleet(shards int) *session.Snapshot {
	s := &session.Snapshot{
		Bot: NewToken(testToken).Hash(), Shards: shards, Saved: time.Date(2026, 8, 1, 12, 0, 0, 123, time.UTC),
		Budget: identify.Budget{Total: 1000, Remaining: 990, ResetAt: time.Date(2026, 8, 2, 11, 0, 0, 0, time.UTC)},
	}
	for id := range shards {
		s.Sessions = append(s.Sessions, session.Saved{Shard: id, Session: session.Session{
			ID: strings.Repeat("0123456789abcdef", 2), ResumeURL: "wss://gateway-us-east1-b.discord.gg", Seq: int64(id) + 1,
		}})
	}
	return s
}
