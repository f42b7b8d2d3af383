//go:build !portable

package reactor

import (
	"net"
	"sync"
	"time"

	"github.com/sluice-go/sluice/pool"
)

// pump reads a connection that has no descriptor for a loop (a pipe, a proxy's, a
// user's own) in a goroutine, and hands what it read to the loop, one read at a
// time.
type pump struct {
	source *source
	conn   net.Conn
	below  *foreign // conn, or beneath it; nil: conn was not wrapped

	mu      sync.Mutex
	turn    sync.Cond // full, feeding or gone changed
	full    bool      // b and err have not been fed
	feeding bool      // the loop is at it
	gone    bool      // the connection is not wanted any more
	b       []byte
	err     error
}

func newPump(s *source, conn net.Conn, below *foreign) *pump {
	p := &pump{source: s, conn: conn, below: below}
	p.turn.L = &p.mu
	guard := unguarded
	if below != nil {
		guard = below.guard
	}
	go guard(p.run)
	return p
}

// run ends with the connection.
func (p *pump) run() {
	buf := pool.Get(smallRead)
	defer buf.Release()
	for {
		n, err := p.conn.Read(buf.B[:cap(buf.B)])
		p.mu.Lock()
		p.full, p.b, p.err = true, buf.B[:n], err
		if !p.gone {
			p.source.Wake()
		}
		for p.feeding || p.full && !p.gone {
			p.turn.Wait()
		}
		over := p.gone || err != nil
		p.mu.Unlock()
		if over {
			return
		}
	}
}

// stop lets the goroutine end; closing the connection ends its read.
func (p *pump) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.gone = true
	p.turn.Signal()
}

// read feeds what was read, if there is anything; the loop calls it.
func (p *pump) read(now time.Time) (fed, more bool, err error) {
	p.mu.Lock()
	p.feeding = p.full
	p.mu.Unlock()
	if !p.feeding {
		return false, false, nil
	}
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.full, p.feeding = false, false
		p.turn.Signal()
	}()
	p.source.loop.reads++
	fed = p.source.feed(now, p.b)
	if err = p.err; err != nil && p.below != nil {
		err = p.below.cause(err)
	}
	return fed, false, err
}
