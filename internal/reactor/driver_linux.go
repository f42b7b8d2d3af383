//go:build !portable

package reactor

import (
	"net"
	"runtime"
	"sync/atomic"
)

// loopsPerProcessor is how many loops share a processor. More than one keep the
// shards of a callback that takes long apart from most others.
const loopsPerProcessor = 4

// New returns the fastest driver that the system allows, for so many tasks; one
// that is slower comes with the reason.
func New(tasks int) (d Driver, why error) {
	e := &epollDriver{}
	for range min(max(tasks, 1), loopsPerProcessor*runtime.GOMAXPROCS(0)) {
		l, err := newLoop()
		if err != nil {
			e.Close()
			return PortableDriver{}, err
		}
		e.loops = append(e.loops, l)
	}
	return e, nil
}

// epollDriver spreads tasks evenly over event loops.
type epollDriver struct {
	loops []*loop
	next  atomic.Uint32
}

// NewLoop implements Driver.
func (d *epollDriver) NewLoop(task Task) Loop {
	return newSource(d.loops[int(d.next.Add(1)-1)%len(d.loops)], task)
}

// Wrap implements Driver. A TCP connection of the standard library's can be
// adopted by a loop; any other is read and written by goroutines.
func (d *epollDriver) Wrap(conn net.Conn) net.Conn {
	if _, ok := conn.(*net.TCPConn); ok {
		return &socket{Conn: conn, fd: -1}
	}
	return &foreign{Conn: conn}
}

// Close implements Driver.
func (d *epollDriver) Close() {
	for _, l := range d.loops {
		l.close()
	}
}
