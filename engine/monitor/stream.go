package monitor

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxClients is how many may listen to the stream, and clientBuffer how many messages
	// wait for each. writeLimit is how long one may take to be written.
	maxClients   = 64
	clientBuffer = 64
	writeLimit   = 5 * time.Second
)

// hub hands messages to whoever listens. One that does not keep up is dropped; nobody waits.
type hub struct {
	mu      sync.Mutex
	clients map[*client]struct{}
	count   atomic.Int64
	dropped atomic.Uint64
	done    chan struct{} // closed: all streams end
}

// client is one listener.
type client struct {
	messages chan []byte
	slow     chan struct{} // closed when it was dropped
}

// streamState is how the stream is, as it is shown.
type streamState struct {
	Clients           int64  `json:"clients"`
	DroppedClients    uint64 `json:"dropped_clients"`
	DroppedHappenings uint64 `json:"dropped_happenings"`
}

func (h *hub) state(happenings uint64) streamState {
	return streamState{h.count.Load(), h.dropped.Load(), happenings}
}

// listened reports whether anybody listens.
func (h *hub) listened() bool { return h.count.Load() > 0 }

// join adds a listener, nil if there are too many.
func (h *hub) join() *client {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.clients) >= maxClients {
		return nil
	}
	if h.clients == nil {
		h.clients = make(map[*client]struct{})
	}
	c := &client{messages: make(chan []byte, clientBuffer), slow: make(chan struct{})}
	h.clients[c] = struct{}{}
	h.count.Store(int64(len(h.clients)))
	return c
}

// leave takes a listener away, and reports whether it was there.
func (h *hub) leave(c *client) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, there := h.clients[c]
	delete(h.clients, c)
	h.count.Store(int64(len(h.clients)))
	return there
}

// send encodes a message once, and leaves it for all listeners.
func (h *hub) send(event string, v any) {
	message := fmt.Appendf(nil, "event: %s\ndata: %s\n\n", event, mustJSON(v))
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.clients {
		select {
		case c.messages <- message:
		default:
			delete(h.clients, c)
			close(c.slow)
			h.dropped.Add(1)
		}
	}
	h.count.Store(int64(len(h.clients)))
}

// serveEvents is /api/v1/events.
func (m *Monitor) serveEvents(w http.ResponseWriter, r *http.Request) {
	c := m.stream.join()
	if c == nil {
		w.Header().Set("Retry-After", "10")
		refuse(w, r, http.StatusServiceUnavailable, fmt.Sprintf("%d clients listen already; try again later", maxClients))
		return
	}
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Time{}) // the server's limit would end the stream; nothing more is read
	write := func(b []byte) bool {
		_ = control.SetWriteDeadline(time.Now().Add(writeLimit)) // else the server's limit holds
		if _, err := w.Write(b); err != nil {
			return false
		}
		return control.Flush() == nil
	}
	failed := false
	defer func() {
		if m.stream.leave(c) && failed {
			m.stream.dropped.Add(1)
		}
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would collect the stream
	if !write(fmt.Appendf(nil, "retry: 2000\nevent: tick\ndata: %s\n\n", mustJSON(m.summary()))) {
		return
	}
	for {
		select {
		case message := <-c.messages:
			if failed = !write(message); failed {
				failed = r.Context().Err() == nil // it may just have left
				return
			}
		case <-c.slow:
			return
		case <-r.Context().Done():
			return
		case <-m.done:
			return
		}
	}
}
