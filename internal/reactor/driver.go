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

// PortableDriver gives every task a goroutine of its own.
type PortableDriver struct{}

// NewLoop implements Driver.
func (PortableDriver) NewLoop(task Task) Loop { return NewPortable(task) }

// Grow implements Driver.
func (PortableDriver) Grow(int) {}

// Wrap implements Driver.
func (PortableDriver) Wrap(conn net.Conn) net.Conn { return conn }

// Close implements Driver.
func (PortableDriver) Close() {}
