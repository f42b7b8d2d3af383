//go:build !portable

package reactor

import (
	"syscall"
	"testing"
	"time"
)

// gathering returns what a seat has that may gather for so long.
func gathering(t *testing.T, latency time.Duration) *gather {
	t.Helper()
	var s sets
	if err := s.open(latency, usualTerms); err != nil {
		t.Skip(err)
	}
	t.Cleanup(s.close)
	g, err := newGather(&s)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { g.close(); g.upper.close() })
	return g
}

// member adds a socket to a set. Each call of send is an event of it.
func member(t *testing.T, p *poller) (send func()) {
	t.Helper()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		syscall.Close(pair[0])
		syscall.Close(pair[1])
	})
	if err := p.control(syscall.EPOLL_CTL_ADD, pair[0], label{}, readable); err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if _, err := syscall.Write(pair[1], []byte{1}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestGatherBegins where many wakes bring few events each, out of idleness.
func TestGatherBegins(t *testing.T) {
	const latency = time.Millisecond
	for _, test := range []struct {
		name   string
		every  time.Duration // between wakes
		takes  time.Duration // to serve one
		events int           // each brings
		want   bool
	}{
		{"lone events at 10,000/s", latency / 10, 10 * time.Microsecond, 1, true},
		{"a few at a time", latency / 4, 100 * time.Microsecond, gatherFew, true},
		{"as many as are worth it", latency / gatherFrom, 10 * time.Microsecond, 1, true},
		{"few in a second", latency, 10 * time.Microsecond, 1, false},
		{"many at a time", latency / 4, 100 * time.Microsecond, gatherFew + 1, false},
		{"without a pause", latency / 10, latency / 10, 1, false},
	} {
		g := gathering(t, latency)
		now := time.Now()
		for range 4 * gatherSample {
			if g.on {
				break
			}
			g.woken(now)
			g.events += test.events
			g.served(now.Add(test.takes))
			now = now.Add(test.every)
		}
		if g.on != test.want {
			t.Errorf("%s: it gathers: %t", test.name, g.on)
		}
	}
}

// TestGatherEnds where ticks bring nothing, or are over before they are served.
func TestGatherEnds(t *testing.T) {
	const latency = time.Millisecond
	g := gathering(t, latency)
	now := time.Now()
	g.turn(now, true)
	for range 10 * gatherSample {
		if now = g.at; g.served(now.Add(latency / 2)) {
			t.Fatal("the next tick is not due")
		}
		g.events += 2
	}
	if !g.on {
		t.Fatal("it was worth it")
	}
	before := g.at
	if g.served(before.Add(-latency/4)) || !g.at.Equal(before) || !g.on {
		t.Error("the wake of an alarm moves the tick")
	}
	// One that took a little too long is followed by the next at once.
	late := g.at.Add(latency * 5 / 4)
	if !g.served(late) || !g.on {
		t.Error("what came during a tick waits for longer than the latency")
	}
	again := false
	for range 3 * gatherSample {
		if g.on {
			again = g.served(g.at.Add(latency / 2))
		}
	}
	if g.on {
		t.Error("it ticks while nothing comes")
	}
	if !again {
		t.Error("what came behind the last tick is left unread")
	}
	g.turn(now, true)
	if again = g.served(g.at.Add(2 * latency)); g.on || !again {
		t.Error("it waits although there is always something to read")
	}
}

// TestGatherEndsInSilence: where the netpoller has not looked since before the seat was deaf, the end
// of deafness wakes nobody, so that what came meanwhile must be read by whoever ends it.
func TestGatherEndsInSilence(t *testing.T) {
	g := gathering(t, time.Millisecond)
	send := member(t, &g.sets.connections)
	netpoller := poller{}
	if err := netpoller.open(); err != nil {
		t.Fatal(err)
	}
	defer netpoller.close()
	if err := netpoller.control(syscall.EPOLL_CTL_ADD, g.upper.fd, label{}, syscall.EPOLLIN|onlyOnce); err != nil {
		t.Fatal(err)
	}
	events := make([]syscall.EpollEvent, 8)
	send()
	if n := netpoller.wait(events); n != 1 {
		t.Fatalf("%d wakes by an event", n)
	}
	g.sets.wait(events)
	g.turn(time.Now(), true)
	send()
	if again := g.served(g.at.Add(2 * g.latency)); g.on || !again {
		t.Fatalf("it gathers: %t; the sets are to be read again: %t", g.on, again)
	}
	if n := g.sets.wait(events); n != 1 {
		t.Errorf("%d events came while it was deaf", n)
	}
}

// TestGatherIsDeaf to connections alone, and only while it gathers.
func TestGatherIsDeaf(t *testing.T) {
	g := gathering(t, time.Hour)
	send := member(t, &g.sets.connections)
	alarm, err := openTimer()
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(int(alarm))
	if err := g.sets.alarms.control(syscall.EPOLL_CTL_ADD, int(alarm), label{index: alarmIndex}, syscall.EPOLLIN|onlyOnce); err != nil {
		t.Fatal(err)
	}
	events := make([]syscall.EpollEvent, 8)
	send()
	if n := g.upper.wait(events); n != 1 {
		t.Fatalf("%d wakes by an event of a connection", n)
	}
	g.turn(time.Now(), true)
	send()
	if n := g.upper.wait(events); n != 0 {
		t.Errorf("%d wakes by an event that may wait", n)
	}
	alarm.set(1)
	until(t, "the alarm", func() bool { return g.upper.wait(events) == 1 })
	if n := g.sets.wait(events); n != 2 || labelOf(&events[0]).index != alarmIndex {
		t.Errorf("%d events, the first of %d", n, events[0].Fd)
	}
	send()
	g.turn(time.Now(), false)
	if n := g.upper.wait(events); n != 1 {
		t.Errorf("%d wakes by an event that has waited", n)
	}
	g.turn(time.Now(), true)
	g.arm(time.Now(), time.Now().Add(1))
	until(t, "the tick", func() bool { return g.upper.wait(events) == 1 })
}
