//go:build !portable

package reactor

import (
	"net"
	"runtime"
	"sync"
	"time"
)

// loopsPerProcessor is how many loops share a processor. More than one keep the
// shards of a callback that takes long apart from most others.
const loopsPerProcessor = 4

// New returns the fastest driver that the system allows, for so many tasks; one
// that is slower comes with the reason. Bytes may wait for latency, so that one wake serves many
// connections; 0: they do not. A nil guard is none.
func New(tasks int, latency time.Duration, guard Guard) (driver Driver, why error) {
	return newDriver(tasks, latency, usualTerms, guard)
}

func newDriver(tasks int, latency time.Duration, terms stayTerms, guard Guard) (driver Driver, why error) {
	if guard == nil {
		guard = unguarded
	}
	team, err := newTeam(latency, terms)
	if err != nil {
		return PortableDriver{guard}, err
	}
	d := &epollDriver{team: team, guard: guard}
	if err := d.grow(max(tasks, 1)); err != nil {
		d.Close()
		return PortableDriver{guard}, err
	}
	return d, nil
}

// epollDriver spreads tasks evenly over event loops.
type epollDriver struct {
	guard Guard

	mu   sync.Mutex // of those who make loops and count tasks
	team *team
}

// grow makes loops until there are enough for so many tasks.
func (d *epollDriver) grow(tasks int) error {
	most := min(loopsPerProcessor*runtime.GOMAXPROCS(0), maxLoops)
	for len(d.loops()) < min(tasks, most) {
		if err := d.team.grow(); err != nil {
			return err
		}
	}
	return nil
}

func (d *epollDriver) loops() []*loop { return *d.team.loops.Load() }

// Grow implements Driver. If the system refuses more loops, those that there are
// take the new tasks too.
func (d *epollDriver) Grow(tasks int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, l := range d.loops() {
		tasks += int(l.tasks.Load())
	}
	_ = d.grow(tasks)
}

// NewLoop implements Driver: the loop with the fewest tasks gets one more.
func (d *epollDriver) NewLoop(task Task) Loop {
	d.mu.Lock()
	defer d.mu.Unlock()
	loops := d.loops()
	least := loops[0]
	for _, l := range loops[1:] {
		if l.tasks.Load() < least.tasks.Load() {
			least = l
		}
	}
	least.tasks.Add(1)
	return newSource(least, task)
}

// Wrap implements Driver. A TCP connection of the standard library's can be
// adopted by a loop; any other is read and written by goroutines.
func (d *epollDriver) Wrap(conn net.Conn) net.Conn {
	if _, ok := conn.(*net.TCPConn); ok {
		return &socket{Conn: conn, fd: -1}
	}
	return &foreign{Conn: conn, guard: d.guard}
}

// Close implements Driver.
func (d *epollDriver) Close() { d.team.close() }
