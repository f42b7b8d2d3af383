package bridge

import (
	"io"
	"net/http"
	"sync"
	"time"
)

// bodyPause is for how long who sends a request may say nothing in the middle of its body. A shard that a peer hands over
// closes meanwhile.
const bodyPause = 30 * time.Second

// limitBody gives each read of a request's body its time. The server waits for what is left of a body, also where nobody has
// read it and the answer is that the request is refused: without a limit, whoever sends less than announced keeps a connection
// for ever, without a token.
func (b *Bridge) limitBody(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength == 0 {
		return
	}
	body := &patientReader{in: r.Body, control: http.NewResponseController(w), pause: b.bodyPause}
	body.limit(time.Now().Add(body.pause))
	r.Body = body
}

// patientReader reads a request's body, with time for each read.
type patientReader struct {
	in      io.ReadCloser
	control *http.ResponseController
	pause   time.Duration

	mu     sync.Mutex
	closed bool // the connection may have another request by now
}

// Read implements io.Reader.
func (p *patientReader) Read(b []byte) (int, error) {
	p.limit(time.Now().Add(p.pause))
	n, err := p.in.Read(b)
	if err == io.EOF {
		p.limit(time.Time{}) // the server watches the connection from here on, however long the answer takes
	}
	return n, err
}

// Close implements io.Closer. What passes requests on may read once more behind it.
func (p *patientReader) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	return p.in.Close()
}

// limit sets until when the connection waits. Where another server than Serve's has it, that may be that one's business.
func (p *patientReader) limit(until time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		_ = p.control.SetReadDeadline(until)
	}
}
