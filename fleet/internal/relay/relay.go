// Package relay stands between a client and a TCP server, and can be cut in several ways: what
// a network does to a process, on one machine.
package relay

import (
	"net"
	"sync"
)

// Way is how a connection is cut.
type Way int

const (
	// Open lets everything through.
	Open Way = iota
	// Refused ends connections and refuses others.
	Refused
	// Hole takes bytes, in both directions, and lets none through: nobody is told.
	Hole
	// OneWay lets only the client's bytes through.
	OneWay
)

// Relay is one listener in front of one server.
type Relay struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	way   Way
	conns map[net.Conn]struct{}
	work  sync.WaitGroup
}

// Start listens on a free port of 127.0.0.1.
func Start(target string) (*Relay, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &Relay{listener: l, target: target, conns: map[net.Conn]struct{}{}}
	r.work.Go(r.serve)
	return r, nil
}

// Addr returns where clients connect to.
func (r *Relay) Addr() string { return r.listener.Addr().String() }

// Cut cuts all connections, and those that follow, in a way.
func (r *Relay) Cut(way Way) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.way = way
	if way == Refused {
		r.drop()
	}
}

// Heal lets everything through again. Connections that were cut silently end: bytes of
// theirs are missing.
func (r *Relay) Heal() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.way != Open {
		r.drop()
	}
	r.way = Open
}

// Close ends the relay.
func (r *Relay) Close() {
	_ = r.listener.Close()
	r.Cut(Refused)
	r.work.Wait()
}

// drop ends all connections. mu is held.
func (r *Relay) drop() {
	for c := range r.conns {
		_ = c.Close()
	}
	clear(r.conns)
}

func (r *Relay) serve() {
	for {
		near, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		if r.way == Refused {
			r.mu.Unlock()
			_ = near.Close()
			continue
		}
		r.conns[near] = struct{}{}
		r.mu.Unlock()
		r.work.Go(func() { r.join(near) })
	}
}

// join connects a client to the server.
func (r *Relay) join(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", r.target)
	if err != nil {
		return
	}
	defer far.Close()
	r.mu.Lock()
	r.conns[far] = struct{}{}
	r.mu.Unlock()
	r.work.Go(func() { r.copy(near, far, OneWay) })
	r.copy(far, near, Open)
}

// copy carries bytes, or, while it is cut, takes them and carries none. back is OneWay for what
// goes to the client.
func (r *Relay) copy(to, from net.Conn, back Way) {
	defer to.Close()
	defer from.Close()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if err != nil {
			return
		}
		r.mu.Lock()
		way := r.way
		r.mu.Unlock()
		if way == Hole || way == OneWay && back == OneWay {
			continue
		}
		if _, err := to.Write(b[:n]); err != nil {
			return
		}
	}
}
