package engine

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
)

// TestCloseAndRestart: what callers of Close, Restart and WaitReady are told.
func TestCloseAndRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		p := r.net.accept(t)
		s := r.shard(0)
		brief, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.WaitReady(brief); err != context.DeadlineExceeded {
			t.Errorf("WaitReady: %v", err)
		}
		if err := s.Restart(brief); err != context.DeadlineExceeded {
			t.Errorf("Restart: %v", err)
		}
		p.goodbye() // the restart happens nevertheless
		close(p.out)
		p = r.net.accept(t)
		p.begin()
		if err := s.WaitReady(t.Context()); err != nil {
			t.Errorf("WaitReady: %v", err)
		}

		restarted := make(chan error)
		go func() { restarted <- s.Restart(t.Context()) }()
		began := time.Now()
		p.goodbye()
		q := r.net.accept(t)
		q.resume()
		q.send(`{"t":"RESUMED","s":2,"op":0,"d":{}}`)
		if err := <-restarted; err != nil || time.Since(began) != 0 || s.State() != lifecycle.Ready {
			t.Errorf("Restart: %v, took %v", err, time.Since(began))
		}

		if _, err := s.Close(t.Context(), 1005, ""); err == nil {
			t.Error("closes with 1005")
		}
		closed := make(chan struct{})
		for range 2 {
			go func() {
				sess, err := s.Close(t.Context(), 0, "moving")
				if want := (session.Session{ID: "abc", ResumeURL: "ws://resume.discord.gg", Seq: 2}); err != nil || sess != want {
					t.Errorf("Close gave %+v, %v", sess, err)
				}
				closed <- struct{}{}
			}()
		}
		q.goodbye()
		<-closed
		<-closed
		if err := s.Restart(t.Context()); err != ErrStopped {
			t.Errorf("Restart: %v", err)
		}
		if err := s.WaitReady(t.Context()); err != ErrStopped {
			t.Errorf("WaitReady: %v", err)
		}
		if r.Shard(0) != nil || r.Stats().Identifies != 1 {
			t.Errorf("the engine still knows %v, or forgot what it did: %+v", r.Shard(0), r.Stats())
		}
		close(p.out)
		close(q.out)
		q.drop()
		r.end() // Run went on without a shard
	})
}

// TestCloseAfterStop: a shard that stopped for a cause of its own says so.
func TestCloseAfterStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		p := r.net.accept(t)
		s := r.shard(0)
		p.raw(wiretest.Close(4014, ""))
		if err := <-r.result; !errors.Is(err, lifecycle.ErrDisallowedIntents) {
			t.Errorf("Run returned %v", err)
		}
		if _, err := s.Close(t.Context(), 0, ""); !errors.Is(err, lifecycle.ErrDisallowedIntents) {
			t.Errorf("Close: %v", err)
		}
		close(p.out)
	})
}
