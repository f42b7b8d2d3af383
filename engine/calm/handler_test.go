package calm

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// log is a calm logger and what it wrote.
type log struct {
	*slog.Logger
	*Handler
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

// take returns the lines since the last call, without their times.
func (l *log) take() string {
	synctest.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	text := l.text.String()
	l.text.Reset()
	return text
}

func newLog() *log {
	l := new(log)
	l.Handler = New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
	l.Logger = slog.New(l.Handler)
	return l
}

func (l *log) want(t *testing.T, text string) {
	t.Helper()
	if got := l.take(); got != text {
		t.Errorf("%s\nwant\n%s", got, text)
	}
}

// bubble runs a test on a clock of its own.
func bubble(t *testing.T, test func(*testing.T, *log)) {
	synctest.Test(t, func(t *testing.T) {
		l := newLog()
		test(t, l)
		l.Close()
	})
}

var errBroken = errors.New("connection reset by peer")

// TestStorm is one line at its begin, one with a count, and one when it is over.
func TestStorm(t *testing.T) {
	bubble(t, func(t *testing.T, l *log) {
		for i := range 10_000 {
			l.Warn("connection ended", "shard", (i+17)%10_000, "cause", fmt.Errorf("read 127.0.0.1:%d: %w", 30_000+i, errBroken))
			if i%1000 == 0 {
				time.Sleep(100 * time.Millisecond)
			}
		}
		l.want(t, `level=WARN msg="connection ended" shard=17 cause="read 127.0.0.1:30000: connection reset by peer"
`)
		time.Sleep(4100 * time.Millisecond)
		l.want(t, `level=WARN msg="connection ended" count=9999 shards=0-16,18-9999 example.shard=18 example.cause="read 127.0.0.1:30001: connection reset by peer"
`)
		time.Sleep(time.Minute)
		l.want(t, `level=INFO msg="connection ended: over" count=9999 shards=0-16,18-9999 lasted=900ms
`)
	})
}

// TestLongStorm is told of three times a minute.
func TestLongStorm(t *testing.T) {
	bubble(t, func(t *testing.T, l *log) {
		for range 600 {
			for shard := range 3 {
				l.Warn("connection ended", "shard", shard, "cause", errBroken)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if n := strings.Count(l.take(), "\n"); n != 4 {
			t.Errorf("%d lines in a minute, want 4", n)
		}
		time.Sleep(time.Minute)
		l.want(t, `level=INFO msg="connection ended: over" count=1799 shards=0-2 lasted=59.9s
`)
	})
}

// TestNothingIsRepeatedForEver: what comes one by one is counted too.
func TestNothingIsRepeatedForEver(t *testing.T) {
	for _, every := range []time.Duration{time.Second, 3 * time.Second, 6 * time.Second, 11 * time.Second} {
		bubble(t, func(t *testing.T, l *log) {
			told := 0
			for range 10 {
				for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(every) {
					l.Error("cannot learn the budget", "cause", errBroken)
				}
				lines := strings.Count(l.take(), "\n")
				if lines > 6 {
					t.Errorf("every %v: %d lines in a minute", every, lines)
				}
				told += lines
			}
			if told < 10 {
				t.Errorf("every %v: %d lines in 10 minutes", every, told)
			}
		})
	}
}

// TestFewLinesPass as they are.
func TestFewLinesPass(t *testing.T) {
	bubble(t, func(t *testing.T, l *log) {
		l.Warn("connection ended", "shard", 1, "cause", errBroken)
		l.Warn("connection ended", "shard", 1, "cause", "zombie")
		l.Error("connection ended", "shard", 1, "cause", errBroken)
		for range 3 {
			l.Info("running", "events", 7)
			l.Debug("state changed", "shard", 1)
		}
		l.want(t, `level=WARN msg="connection ended" shard=1 cause="connection reset by peer"
level=WARN msg="connection ended" shard=1 cause=zombie
level=ERROR msg="connection ended" shard=1 cause="connection reset by peer"
`+strings.Repeat(`level=INFO msg=running events=7
level=DEBUG msg="state changed" shard=1
`, 3))
		l.Warn("connection ended", "shard", 2, "cause", errBroken)
		l.want(t, "")
		time.Sleep(6 * time.Second) // one is told as it is, late
		l.want(t, `level=WARN msg="connection ended" shard=2 cause="connection reset by peer"
`)
		time.Sleep(2 * time.Minute)
		l.want(t, "")
	})
}

// TestManyCauses of one message are told together from the fifth on.
func TestManyCauses(t *testing.T) {
	bubble(t, func(t *testing.T, l *log) {
		for i := range 1000 {
			l.Warn("connection ended", "shard", i, "cause", strings.Repeat("x", i))
		}
		time.Sleep(time.Minute)
		if n := strings.Count(l.take(), "\n"); n > 10 {
			t.Errorf("%d lines", n)
		}
	})
}

// TestMemoryIsBounded: of too many kinds, new ones pass, until old ones are forgotten.
func TestMemoryIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T, l *log) {
		for i := range 2 * maxKinds {
			l.Warn(fmt.Sprintf("message %d %s", i, strings.Repeat("x", 1000)))
		}
		if n := strings.Count(l.take(), "\n"); n != 2*maxKinds || len(l.state.kinds) > maxKinds {
			t.Errorf("%d lines, %d kinds", n, len(l.state.kinds))
		}
		time.Sleep(time.Minute)
		l.Warn("another")
		if n := len(l.state.kinds); n != 1 || len(l.state.causes) != 1 {
			t.Errorf("%d kinds are left", n)
		}
	})
}

// TestClose tells what is left, and passes what comes then.
func TestClose(t *testing.T) {
	bubble(t, func(t *testing.T, l *log) {
		derived := l.With("shard", 3).WithGroup("of")
		for range 3 {
			derived.Info("shard ready")
		}
		l.Close()
		l.Close()
		time.Sleep(time.Minute) // nothing is written behind Close
		derived.Info("shard ready")
		derived.Info("shard ready")
		l.want(t, `level=INFO msg="shard ready" shard=3
level=INFO msg="shard ready" shard=3 of.count=2
level=INFO msg="shard ready" shard=3
level=INFO msg="shard ready" shard=3
`)
	})
}

func TestShardSet(t *testing.T) {
	for _, c := range []struct {
		ids  []int
		want string
	}{
		{nil, ""}, {[]int{-1, maxShard}, ""}, {[]int{5}, "5"}, {[]int{0, 1, 2, 64, 65, 63}, "0-2,63-65"},
		{[]int{0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 19}, "0,2,4,6,8,10,12,14 and 3 more"},
	} {
		var s shardSet
		for _, id := range c.ids {
			s.add(id)
		}
		if got := s.String(); got != c.want {
			t.Errorf("%v: %q, want %q", c.ids, got, c.want)
		}
	}
}
