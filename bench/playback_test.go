package bench

import (
	"bytes"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/frame"
)

// playback is the client's end of a connection to a gateway that answers the
// upgrade, says hello, and after the identify plays laps from memory, so many
// events in all behind the first. It gives 16 KiB a Read, as TLS would.
type playback struct {
	lap *lap

	mu       sync.Mutex
	changed  sync.Cond
	deadline time.Time
	timer    *time.Timer
	closed   bool
	upgraded bool
	head     []byte // before the laps
	playing  bool
	at       int // in lap.data
	left     int // bytes still to be played
}

func newPlayback(l *lap, events int) *playback {
	messages := events + 1
	whole := messages / len(l.ends) * len(l.data)
	if part := messages % len(l.ends); part > 0 {
		whole += l.ends[part-1]
	}
	p := &playback{lap: l, left: whole}
	p.changed.L = &p.mu
	return p
}

func (p *playback) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		switch {
		case p.closed:
			return 0, io.EOF
		case !p.deadline.IsZero() && !time.Now().Before(p.deadline):
			return 0, os.ErrDeadlineExceeded
		case len(p.head) > 0:
			n := copy(b, p.head)
			p.head = p.head[n:]
			return n, nil
		case p.playing && p.left > 0:
			n := copy(b[:min(len(b), 16<<10, p.left)], p.lap.data[p.at:])
			p.left -= n
			if p.at += n; p.at == len(p.lap.data) {
				p.at = 0
			}
			return n, nil
		}
		p.changed.Wait()
	}
}

// Write takes the upgrade's request, and then frames: the first is the identify,
// as the heartbeat is far off.
func (p *playback) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.changed.Broadcast()
	switch {
	case !p.upgraded:
		p.upgraded = true
		var answer bytes.Buffer
		request := struct {
			io.Reader
			io.Writer
		}{bytes.NewReader(b), &answer}
		if _, err := ws.Upgrade(request); err != nil {
			return 0, err
		}
		p.head = frame.AppendServerFrame(answer.Bytes(), frame.OpText, []byte(`{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":3600000}}`))
		if len(p.lap.head) > 0 {
			p.head = frame.AppendServerFrame(p.head, frame.OpBinary, p.lap.head)
		}
	case !p.playing:
		p.playing = true
	default:
		p.closed = true // the close frame at the end
	}
	return len(b), nil
}

func (p *playback) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.changed.Broadcast()
	return nil
}

func (p *playback) SetReadDeadline(t time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deadline = t
	if p.timer != nil {
		p.timer.Stop()
	}
	if !t.IsZero() {
		p.timer = time.AfterFunc(time.Until(t), p.changed.Broadcast)
	}
	p.changed.Broadcast()
	return nil
}

func (p *playback) SetDeadline(t time.Time) error    { return p.SetReadDeadline(t) }
func (p *playback) SetWriteDeadline(time.Time) error { return nil }
func (p *playback) LocalAddr() net.Addr              { return nil }
func (p *playback) RemoteAddr() net.Addr             { return nil }
