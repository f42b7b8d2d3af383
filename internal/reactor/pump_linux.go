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
	more   chan struct{} // the loop has fed what was read
	gone   chan struct{} // the connection is not wanted any more

	mu   sync.Mutex
	full bool
	buf  *pool.Buffer
	n    int
	err  error
}

func newPump(s *source, conn net.Conn) *pump {
	p := &pump{source: s, conn: conn, more: make(chan struct{}, 1), gone: make(chan struct{})}
	go p.run()
	return p
}

func (p *pump) run() {
	buf := pool.Get(smallRead)
	defer buf.Release()
	for {
		n, err := p.conn.Read(buf.B[:cap(buf.B)])
		p.mu.Lock()
		p.full, p.buf, p.n, p.err = true, buf, n, err
		p.mu.Unlock()
		p.source.Wake()
		select {
		case <-p.more:
		case <-p.gone:
			return
		}
		if err != nil {
			return
		}
	}
}

// stop ends the goroutine; closing the connection ends its read.
func (p *pump) stop() { close(p.gone) }

// takePumped feeds what the pump has read, if there is anything.
func (s *source) takePumped() {
	p := s.pump
	if p == nil || s.ended {
		return
	}
	p.mu.Lock()
	full, n, err := p.full, p.n, p.err
	p.full = false
	p.mu.Unlock()
	if !full {
		return
	}
	now := time.Now()
	if n > 0 {
		s.feed(now, p.buf.B[:n])
	}
	if s.pump != p {
		return
	}
	if err != nil {
		s.failed(now, err)
		return
	}
	p.more <- struct{}{}
}
