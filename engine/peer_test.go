package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/frame"
)

// network is a Config.Dial whose other end is the test. Its connections are
// pipes, so that testing/synctest knows when everybody waits.
type network struct {
	conns chan net.Conn
	dials chan string
}

func newNetwork() *network {
	return &network{conns: make(chan net.Conn, 1000), dials: make(chan string, 1000)}
}

func (n *network) dial(ctx context.Context, _, address string) (net.Conn, error) {
	near, far := net.Pipe()
	n.dials <- address
	n.conns <- far
	return near, nil
}

// peer is the gateway's end of one connection. What it writes is queued, as a
// socket's buffer would; what it reads is taken off at once.
type peer struct {
	t      *testing.T
	conn   net.Conn
	uri    string
	out    chan []byte
	in     chan string   // payloads, and "close CODE"
	gone   chan struct{} // the client's end is closed
	silent bool          // heartbeats are not answered
	mu     sync.Mutex
	beats  []time.Time
}

// accept waits for a connection and upgrades it.
func (n *network) accept(t *testing.T) *peer {
	t.Helper()
	p, err := asPeer(t, <-n.conns)
	if err != nil {
		t.Fatalf("upgrade: %v", err)
	}
	return p
}

// asPeer upgrades a connection.
func asPeer(t *testing.T, conn net.Conn) (*peer, error) {
	p := &peer{t: t, conn: conn, out: make(chan []byte, 10000), in: make(chan string, 10000), gone: make(chan struct{})}
	upgrader := ws.Upgrader{OnRequest: func(uri []byte) error { p.uri = string(uri); return nil }}
	if _, err := upgrader.Upgrade(p.conn); err != nil {
		return nil, err
	}
	go p.read()
	go p.write()
	return p, nil
}

func (p *peer) write() {
	for b := range p.out {
		if _, err := p.conn.Write(b); err != nil {
			return
		}
	}
}

func (p *peer) read() {
	defer close(p.gone)
	defer close(p.in)
	for {
		h, err := ws.ReadHeader(p.conn)
		if err != nil {
			return
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(p.conn, payload); err != nil {
			return
		}
		if !h.Masked {
			p.t.Error("a frame is not masked")
		}
		ws.Cipher(payload, h.Mask, 0)
		switch h.OpCode {
		case ws.OpClose:
			code, _, _ := frame.ParseClose(payload)
			p.in <- fmt.Sprintf("close %d", code)
		case ws.OpText:
			if bytes.HasPrefix(payload, []byte(`{"op":1,`)) {
				p.mu.Lock()
				p.beats = append(p.beats, time.Now())
				silent := p.silent
				p.mu.Unlock()
				if !silent {
					p.send(testAck)
				}
				continue
			}
			p.in <- string(payload)
		}
	}
}

// heartbeats returns when heartbeats came.
func (p *peer) heartbeats() []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.beats
}

func (p *peer) send(payload string) {
	p.raw(frame.AppendServerFrame(nil, frame.OpText, []byte(payload)))
}
func (p *peer) raw(b []byte) { p.out <- b }

func (p *peer) event(seq int64) {
	p.send(fmt.Sprintf(`{"t":"MESSAGE_CREATE","s":%d,"op":0,"d":{"id":"%d"}}`, seq, seq))
}

// drop closes the connection without a close frame.
func (p *peer) drop() { _ = p.conn.Close() }

// next returns what the client sent next, heartbeats left out; "" if it is gone.
func (p *peer) next() string { return <-p.in }

// expect takes what the client sends next, which must begin so.
func (p *peer) expect(prefix string) string {
	p.t.Helper()
	got := p.next()
	if !strings.HasPrefix(got, prefix) {
		p.t.Fatalf("the client sent %q, want %s…", got, prefix)
	}
	return got
}

// begin says hello, takes the identify and answers READY.
func (p *peer) begin() {
	p.t.Helper()
	p.send(testHello)
	p.expect(`{"op":2,`)
	p.send(strings.Replace(testReady, "wss://us-east1-b.discord.gg", "ws://resume.discord.gg", 1))
}

// resume says hello and takes the resume.
func (p *peer) resume() {
	p.t.Helper()
	p.send(testHello)
	p.expect(`{"op":6,`)
}

// goodbye answers the close frame of a shutdown.
func (p *peer) goodbye() {
	p.t.Helper()
	p.expect("close 4000")
	p.raw(wiretest.Close(4000, ""))
}

// running is an engine in a test, with what its logger was given.
type running struct {
	*Engine
	t      *testing.T
	net    *network
	stop   context.CancelFunc
	result chan error
	logs   *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// prepare makes an engine on a network of pipes.
func prepare(t *testing.T, edit ...func(*Config)) *running {
	t.Helper()
	r := &running{t: t, net: newNetwork(), result: make(chan error, 1), logs: &lockedBuffer{}}
	config := Config{
		Driver: PortableDriver, // the only one that a synctest bubble can hold
		Token:  NewToken(testToken), Compression: NoCompression, GatewayURL: "ws://gateway.discord.gg", Shards: Shards{Total: 1},
		Dial:   r.net.dial,
		Logger: slog.New(slog.NewTextHandler(r.logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, f := range edit {
		f(&config)
	}
	var err error
	if r.Engine, err = New(config); err != nil {
		t.Fatal(err)
	}
	return r
}

// run starts Run.
func (r *running) run() *running {
	ctx, stop := context.WithCancel(context.Background())
	r.stop = stop
	go func() { r.result <- r.Run(ctx) }()
	return r
}

func start(t *testing.T, edit ...func(*Config)) *running { return prepare(t, edit...).run() }

// shard returns the shard with an id; Run must have learned its shards.
func (r *running) shard(id int) *Shard {
	r.t.Helper()
	synctest.Wait()
	for s := range r.Shards() {
		if s.ID() == id {
			return s
		}
	}
	r.t.Fatalf("no shard %d", id)
	return nil
}

// end shuts down with the peers that are connected, and wants nil from Run.
func (r *running) end(peers ...*peer) {
	r.t.Helper()
	r.stop()
	for _, p := range peers {
		p.goodbye()
	}
	if err := <-r.result; err != nil {
		r.t.Errorf("Run returned %v", err)
	}
	for _, p := range peers {
		p.drop()
		close(p.out)
	}
	if strings.Contains(r.logs.String(), testToken) {
		r.t.Errorf("the log holds the token:\n%s", r.logs.String())
	}
}

// restServer answers the REST requests of an engine with handlers in order; the
// last one answers all that follow.
type restServer struct {
	mu       sync.Mutex
	requests []string
	answers  []string
}

// dial is a Config.Dial for the host api.discord.test.
func (s *restServer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	near, far := net.Pipe()
	go s.serve(far)
	return near, nil
}

func (s *restServer) serve(conn net.Conn) {
	defer conn.Close()
	head := make([]byte, 0, 4096)
	for !bytes.Contains(head, []byte("\r\n\r\n")) {
		n, err := conn.Read(head[len(head):cap(head)])
		if err != nil {
			return
		}
		head = head[:len(head)+n]
	}
	s.mu.Lock()
	s.requests = append(s.requests, string(head))
	answer := s.answers[min(len(s.requests), len(s.answers))-1]
	s.mu.Unlock()
	if answer == "silence" {
		_, _ = io.Copy(io.Discard, conn)
		return
	}
	if rest, endless := strings.CutSuffix(answer, "…"); endless {
		_, err := io.WriteString(conn, rest)
		for err == nil {
			_, err = io.WriteString(conn, strings.Repeat("a", 4096))
		}
		return
	}
	_, _ = io.WriteString(conn, answer)
}

func (s *restServer) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.requests)
}

// httpAnswer is a whole HTTP answer.
func httpAnswer(status int, header, body string) string {
	return fmt.Sprintf("HTTP/1.1 %d X\r\nContent-Length: %d\r\n%s\r\n%s", status, len(body), header, body)
}

func gatewayBotAnswer(url string, shards, concurrency int) string {
	body, _ := json.Marshal(map[string]any{
		"url": url, "shards": shards,
		"session_start_limit": map[string]any{"total": 1000, "remaining": 999, "reset_after": 1, "max_concurrency": concurrency},
	})
	return httpAnswer(200, "Content-Type: application/json\r\n", string(body))
}

// waitState waits for a shard's state, on a fake clock.
func waitState(t *testing.T, s *Shard, want lifecycle.State) {
	t.Helper()
	for range 10000 {
		synctest.Wait()
		if s.State() == want {
			return
		}
		time.Sleep(10 * time.Millisecond) // of the fake clock
	}
	t.Fatalf("state %v, want %v", s.State(), want)
}
