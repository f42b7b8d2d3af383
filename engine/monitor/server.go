package monitor

import (
	"context"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	headerLimit = 5 * time.Second  // for a request's header
	readLimit   = 10 * time.Second // for a whole request
	answerLimit = 30 * time.Second // for an answer, but for streams and profiles
	idleLimit   = time.Minute
	headerBytes = 16 << 10
	maxConns    = 512
)

// NewServer returns a server for a handler with limits for slow and greedy clients: headers
// within 5 s and 16 KiB, requests within 10 s, answers within 30 s, but for streams.
func NewServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: headerLimit,
		ReadTimeout:       readLimit,
		WriteTimeout:      answerLimit,
		IdleTimeout:       idleLimit,
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          log.New(discard{}, "", 0), // what clients do wrong is theirs to know
	}
}

type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }

// Serve serves a handler on a listener until ctx ends. Requests under way have a second
// to end; a [Monitor] ends its streams when it is closed.
func Serve(ctx context.Context, l net.Listener, h http.Handler) error {
	server := NewServer(h)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("monitor: serving on %v: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if server.Shutdown(limit) != nil {
		_ = server.Close()
	}
	<-ended
	return nil
}

// Listen listens on an address such as "127.0.0.1:9600", ":9600" or "9600". Where no host is
// named it is 127.0.0.1: to be reached from other machines, name one (0.0.0.0 is all
// addresses). At most 512 connections are served at once.
func Listen(address string) (net.Listener, error) {
	if !strings.Contains(address, ":") {
		address = ":" + address
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("monitor: %q is no address; want HOST:PORT, such as 127.0.0.1:9600: %w", address, err)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("monitor: cannot listen on %s; if another program does, end it or choose another port: %w", net.JoinHostPort(host, port), err)
	}
	return &limited{Listener: l, places: make(chan struct{}, maxConns), done: make(chan struct{})}, nil
}

// limited is a listener that serves so many connections at once; others wait in the
// system's queue.
type limited struct {
	net.Listener
	places chan struct{}
	done   chan struct{}
	once   sync.Once
}

// Accept implements net.Listener.
func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.places <- struct{}{}:
	case <-l.done:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.places
		return nil, err
	}
	return &place{Conn: c, leave: sync.OnceFunc(func() { <-l.places })}, nil
}

// Close implements net.Listener.
func (l *limited) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

// place is a connection that makes room when it is closed.
type place struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (p *place) Close() error {
	defer p.leave()
	return p.Conn.Close()
}
