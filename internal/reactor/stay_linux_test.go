//go:build !portable

package reactor

import (
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// stubborn has the leader stay whenever it has served something.
var stubborn = stayTerms{sample: 1, from: time.Hour, until: time.Hour, always: true}

func init() {
	drivers["staying"] = func(tasks int) (Driver, error) { return newDriver(tasks, 0, stubborn, nil) }
}

// staysOn returns a stay of a driver with one connection, on these terms, and what makes an event.
func staysOn(t *testing.T, terms stayTerms) (y *stay, send func()) {
	t.Helper()
	if runtime.GOMAXPROCS(0) < 2 {
		t.Skip("nobody stays on a single processor")
	}
	var s sets
	if err := s.open(0, terms); err != nil {
		t.Skip(err)
	}
	t.Cleanup(s.close)
	y, err := newStay(&s)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { y.close(); y.upper.close() })
	return y, member(t, &s.connections)
}

// TestStayBegins where many wakes bring few events each in a process that leaves processors idle.
func TestStayBegins(t *testing.T) {
	const interval = time.Second / 5000
	for _, c := range []struct {
		name     string
		every    time.Duration // between wakes
		events   int           // each brings
		busy     float64       // processors that the process keeps busy
		switches float64       // of threads, a wake
		want     bool
	}{
		{"lone events at 5,000/s", interval, 1, 0.2, 1, true},
		{"as few as are worth it", time.Second / 2000, stayFew, 0.2, 1, true},
		{"fewer", time.Second/2000 + 1, 1, 0.2, 1, false},
		{"many at a time", interval, stayFew + 1, 0.2, 1, false},
		{"half of the processors are busy", interval, 1, float64(runtime.GOMAXPROCS(0)) / 2, 1, true},
		{"more than half of them are", interval, 1, float64(runtime.GOMAXPROCS(0))/2 + 0.1, 1, false},
		{"callbacks hand events on", interval, 1, 0.2, 2, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			y, _ := staysOn(t, usualTerms)
			y.wakes = usualTerms.sample
			y.events = y.wakes * c.events
			took := time.Duration(y.wakes) * c.every
			used := y.used
			used.cpu += time.Duration(c.busy * float64(took))
			used.switches += int(c.switches * float64(y.wakes))
			if got := y.judge(y.since.Add(took), used, usualTerms.from); got != c.want || y.on != c.want {
				t.Errorf("it stays: %t", got)
			}
		})
	}
}

// TestStayIsWary for some time after the process kept too many processors busy.
func TestStayIsWary(t *testing.T) {
	y, _ := staysOn(t, usualTerms)
	judge := func(busy time.Duration) bool {
		y.wakes, y.events = 100, 100
		used := y.used
		used.cpu += busy * time.Duration(runtime.GOMAXPROCS(0))
		return y.judge(y.since.Add(10*time.Millisecond), used, usualTerms.from)
	}
	if !judge(time.Millisecond) {
		t.Fatal("it does not begin")
	}
	if judge(6 * time.Millisecond) {
		t.Fatal("it stays where others need the processors")
	}
	if !y.off() {
		t.Fatal("it does not end")
	}
	for n := 1; n < int(waryFor/(10*time.Millisecond)); n++ {
		if judge(0) {
			t.Errorf("it stays again %d ms later", 10*n)
		}
	}
	if !judge(0) {
		t.Error("it never stays again")
	}
}

// TestStayLeavesProcessors to others, however many drivers there are.
func TestStayLeavesProcessors(t *testing.T) {
	on := 0
	for range 2 * runtime.GOMAXPROCS(0) {
		y, _ := staysOn(t, stubborn)
		y.wakes = 1
		if y.judge(time.Now(), usage{}, time.Hour) {
			on++
		}
	}
	if most := runtime.GOMAXPROCS(0) / 2; on == 0 || on > most {
		t.Errorf("%d stay, want at most %d", on, most)
	}
}

// TestStayIsDeaf: what comes while the leader stays wakes nobody in the netpoller, and the limit ends
// it when nothing comes any more.
func TestStayIsDeaf(t *testing.T) {
	y, send := staysOn(t, stubborn)
	var events [batch]syscall.EpollEvent
	send()
	if n := y.upper.wait(events[:]); n != 1 {
		t.Fatalf("%d wakes by an event", n)
	}
	n := y.sets.wait(events[:])
	for range 3 {
		send() // before it is waited for
		if n = y.next(n, events[:]); n != 1 || !y.on {
			t.Fatalf("%d events; it stays: %t", n, y.on)
		}
	}
	send()
	if n := y.upper.wait(events[:]); n != 0 {
		t.Errorf("%d wakes by an event of which the leader hears", n)
	}
	if n := y.leave(events[:]); n != 1 || y.on {
		t.Errorf("%d events came while it was deaf; it stays: %t", n, y.on)
	}
	before := staying.Load()
	if n := y.next(1, events[:]); n != 0 || y.on || staying.Load() != before {
		t.Errorf("silence: %d events; it stays: %t, and so do %d, before %d", n, y.on, staying.Load(), before)
	}
	send()
	if n := y.upper.wait(events[:]); n != 1 {
		t.Errorf("%d wakes by an event afterwards", n)
	}
}

// TestCollectionsDuringStay: a collection stops the world while the leader waits in the system call.
func TestCollectionsDuringStay(t *testing.T) {
	y, send := staysOn(t, stubborn)
	var over atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var events [batch]syscall.EpollEvent
		for !over.Load() {
			y.sets.connections.await(events[:])
		}
	}()
	for range 20 {
		runtime.GC()
	}
	over.Store(true)
	send()
	<-ended
}
