package monitor

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
)

// TestSlowClients that never end their header, or do not read their answer, are cut off.
func TestSlowClients(t *testing.T) {
	handled := make(chan struct{}, 1)
	server := NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		defer func() { handled <- struct{}{} }()
		for range 1000 {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
		t.Error("1 GB was written to a client that does not read")
	}))
	for limit, want := range map[time.Duration]time.Duration{
		server.ReadHeaderTimeout: headerLimit, server.ReadTimeout: readLimit, server.WriteTimeout: answerLimit, server.IdleTimeout: idleLimit,
	} {
		if limit != want || limit == 0 {
			t.Errorf("a limit is %v, want %v", limit, want)
		}
	}
	server.ReadHeaderTimeout, server.WriteTimeout = 50*time.Millisecond, 100*time.Millisecond // a test is not to wait for the real ones
	l, err := Listen("localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	dial := func(text string) net.Conn {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(c, text); err != nil {
			t.Fatal(err)
		}
		return c
	}
	loris := dial("GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
	defer loris.Close()
	if text, err := io.ReadAll(loris); err != nil || strings.Contains(string(text), "200 OK") {
		t.Errorf("%s, %v", text, err)
	}
	deaf := dial("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	defer deaf.Close()
	<-handled
	_ = server.Close()
	if err := <-ended; err != http.ErrServerClosed {
		t.Error(err)
	}
}

// TestStreamOutlivesTheLimits of requests and answers, and so does a profile: the limits that the server sets on
// a connection are lifted, or set anew, whatever the time that has passed.
func TestStreamOutlivesTheLimits(t *testing.T) {
	eng, err := engine.New(engine.Config{Token: engine.NewToken("a.b.c")})
	if err != nil {
		t.Fatal(err)
	}
	m, err := New(Config{Engine: eng, Pprof: true})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(m)
	server.Config.ReadTimeout, server.Config.WriteTimeout = time.Hour, time.Hour
	accepted := &limitNotes{Listener: server.Listener}
	server.Listener = accepted
	server.Start()
	defer server.Close()
	defer m.Close()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // a connection for each request

	answer, err := client.Get(server.URL + "/debug/pprof/trace?seconds=0.01")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		t.Error(err)
	}
	answer.Body.Close()
	accepted.check(t, 0, 1)
	if answer, err = client.Get(server.URL + "/api/v1/events"); err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	const ticks = 3
	r := &reader{Scanner: bufio.NewScanner(answer.Body)}
	for range ticks { // the first at once, then one a second
		if _, ok := r.next("tick"); !ok {
			t.Fatal("the stream ended")
		}
	}
	accepted.check(t, 1, ticks)
}

// limitNotes is a listener that notes the limits that are set on its connections.
type limitNotes struct {
	net.Listener
	mu    sync.Mutex
	conns []*limitedConn
}

func (l *limitNotes) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &limitedConn{Conn: conn, notes: l}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = append(l.conns, c)
	return c, nil
}

// check wants that the nth connection's limit for reading was lifted before the answer's end, and the one for writing put off at
// least so often.
func (l *limitNotes) check(t *testing.T, nth, putOff int) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.conns[nth]
	// When the answer is complete the server limits the connection in the past for a moment.
	if over := slices.IndexFunc(c.read, func(at time.Time) bool { return at.Before(time.Now()) }); over < 1 || !c.read[over].IsZero() {
		t.Errorf("limits for reading: %v, want one that is lifted", c.read)
	}
	if len(c.write) < 1+putOff {
		t.Errorf("limits for writing: %v, want one that is put off %d times", c.write, putOff)
	}
}

type limitedConn struct {
	net.Conn
	notes       *limitNotes
	read, write []time.Time
}

func (c *limitedConn) SetReadDeadline(at time.Time) error {
	c.notes.mu.Lock()
	defer c.notes.mu.Unlock()
	c.read = append(c.read, at)
	return c.Conn.SetReadDeadline(at)
}

func (c *limitedConn) SetWriteDeadline(at time.Time) error {
	c.notes.mu.Lock()
	defer c.notes.mu.Unlock()
	c.write = append(c.write, at)
	return c.Conn.SetWriteDeadline(at)
}

// TestListenerIsLimited: of too many connections the last wait until others end.
func TestListenerIsLimited(t *testing.T) {
	l, err := Listen("0")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(l.Addr().String(), "127.0.0.1:") {
		t.Errorf("%v is not loopback", l.Addr())
	}
	l.(*limited).places = make(chan struct{}, 2)
	accepted := make(chan net.Conn)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	for range 3 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	first, second := <-accepted, <-accepted
	select {
	case <-accepted:
		t.Fatal("a third connection was accepted")
	default:
	}
	_ = first.Close()
	_ = first.Close() // makes room once
	third := <-accepted
	_ = l.Close()
	_ = l.Close()
	<-done
	_, _ = second.Close(), third.Close()
}

func TestListenRefuses(t *testing.T) {
	for address, text := range map[string]string{"a:b:c": "is no address", "127.0.0.1:x": "cannot listen", "256.0.0.1:1": "cannot listen"} {
		if l, err := Listen(address); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v, %v", address, l, err)
		}
	}
}

// TestServeEnds with its context, also while a request is under way; and says why it ends else.
func TestServeEnds(t *testing.T) {
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	asked := make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(ctx, l, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(asked)
			<-r.Context().Done()
		}))
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	<-asked
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if l, err = Listen("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	if err := Serve(t.Context(), l, http.NotFoundHandler()); err == nil {
		t.Error("no error of a closed listener")
	}
}
