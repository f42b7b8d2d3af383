package link

import (
	"io"
	"net"
	"runtime"
	"sync"
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

// TestSpent: what was sent within a period, what is left, and no waiting for a write.
func TestSpent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		var l Link
		want := func(what string, used, left int) {
			t.Helper()
			if u, n := l.Spent(time.Now()); u != used || n != left {
				t.Errorf("%s: %d used, %d left; want %d, %d", what, u, n, used, left)
			}
		}
		want("without a connection", 0, 0)
		l.Attach(near)
		want("before a session", 0, 0)
		l.Start("abc", 0, time.Minute)
		most, _ := l.Permits(time.Now())
		want("before the first", 0, most)
		go func() {
			buf := make([]byte, 1024)
			for range 2 {
				_, _ = far.Read(buf)
			}
		}()
		for i := range 2 {
			if done, _, _, err := l.Try(&Command{Payload: []byte(`{}`)}); !done || err != nil {
				t.Fatal(done, err)
			}
			want("sent", i+1, most-i-1)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			l.Try(&Command{Payload: []byte(`{}`)}) // nobody reads
		}()
		synctest.Wait()
		want("while a write is under way", 0, 0)
		<-ended
		if n := l.Commands(); n != 2 {
			t.Errorf("%d commands", n)
		}
		time.Sleep(2 * time.Minute)
		want("a period later", 0, most)
		l.Pause()
		want("when the session is over", 0, 0)
		l.Start("abc", -1, 0)
		want("without a limit", 0, 0)
		l.Detach()
	})
}

// TestCutComesLast: whatever else is done with the link when it is cut, and for however short a time, the
// peer gets the last frame behind it, and then the end.
func TestCutComesLast(t *testing.T) {
	for _, test := range []struct {
		name string
		hold func(l *Link, holds func()) // until holds returns
		want string
	}{
		// Admit is called with the link's lock held, as it is for every look at the link; nothing is written.
		{"a look", func(l *Link, holds func()) {
			_, _, _, _ = l.Try(&Command{Admit: func(time.Time, string) error { holds(); return ErrStopped }})
		}, "the last"},
		{"a write", func(l *Link, holds func()) {
			_, _, _, _ = l.Try(&Command{Admit: func(time.Time, string) error { holds(); return nil }})
		}, "\x81\x80maskthe last"},
	} {
		t.Run(test.name, func(t *testing.T) {
			near, far := net.Pipe()
			var l Link
			l.Attach(near)
			l.Start("abc", 0, 0)
			held, release := make(chan struct{}), make(chan struct{})
			var others sync.WaitGroup
			others.Go(func() { test.hold(&l, func() { close(held); <-release }) })
			<-held
			cut := make(chan struct{})
			go func() {
				defer close(cut)
				l.Cut([]byte("the last"))
			}()
			for range 100 { // Cut begins while the link is held, or it proves nothing
				runtime.Gosched()
			}
			close(release)
			others.Go(func() {
				<-cut
				_ = near.Close() // where Cut has not
			})
			got, err := io.ReadAll(far)
			others.Wait()
			if header := len("\x81\x80mask"); len(got) >= header && got[0] == 0x81 {
				copy(got[2:header], "mask")
			}
			if string(got) != test.want || err != nil {
				t.Errorf("the peer got %q, %v, want %q", got, err, test.want)
			}
		})
	}
}
