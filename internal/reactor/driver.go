package reactor

import "net"

// Driver makes loops for tasks.
type Driver interface {
	// NewLoop returns the loop that will drive a task, once its Start is called.
	NewLoop(task Task) Loop

	// Grow makes room for so many tasks beside those that there are, so that
	// NewLoop goes on to spread all of them evenly. Any goroutine may call Grow and
	// NewLoop.
	Grow(tasks int)

	// Wrap prepares a connection that was just dialled for a later Attach. TLS
	// goes on top of what it returns.
	Wrap(conn net.Conn) net.Conn

	// Close ends the driver. All tasks must be done.
	Close()
}

// Guard calls something at the bottom of a goroutine in which a connection of the
// user's is read or written, and may do something if that does not return, but
// panics. It must not recover.
type Guard func(do func())

// unguarded is a Guard that does nothing.
func unguarded(do func()) { do() }

// PortableDriver gives every task a goroutine of its own.
type PortableDriver struct {
	Guard Guard // nil: none
}

// NewLoop implements Driver.
func (d PortableDriver) NewLoop(task Task) Loop {
	l := NewPortable(task)
	if d.Guard != nil {
		l.guard = d.Guard
	}
	return l
}

// Grow implements Driver.
func (PortableDriver) Grow(int) {}

// Wrap implements Driver.
func (PortableDriver) Wrap(conn net.Conn) net.Conn { return conn }

// Close implements Driver.
func (PortableDriver) Close() {}
