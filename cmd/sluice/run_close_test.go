package main

import (
	"bytes"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/gatewaytest"
)

// Whatever ends the command, the gateway sees a close with 4000, which keeps the
// session, and never 1000 or 1001.
func TestRunClosesWith4000(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		args   []string
		end    func(p *process, srv *gatewaytest.Server, reader io.Closer)
		status int
	}{
		{"SIGTERM", nil, func(p *process, _ *gatewaytest.Server, _ io.Closer) { p.signal(syscall.SIGTERM) }, 0},
		{"SIGINT", nil, func(p *process, _ *gatewaytest.Server, _ io.Closer) { p.signal(os.Interrupt) }, 0},
		{"duration", []string{"--duration=1s"}, func(*process, *gatewaytest.Server, io.Closer) {}, 0},
		{"reader gone", []string{"--out=-"}, func(_ *process, srv *gatewaytest.Server, reader io.Closer) {
			_ = reader.Close()
			srv.Dispatch(0, "MESSAGE_CREATE", []byte(`{}`))
		}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			srv := gatewaytest.NewServer(t, gatewaytest.WithTLS(false))
			wire := newTap(t, strings.TrimPrefix(srv.URL(), "ws://"))
			p := prepare(t, srv.Token(), append([]string{"run", "--gateway-url=ws://" + wire.address(), "--shards=1"}, tt.args...)...)
			reader := p.startPiped()
			awaitReady(t, srv, 0)
			tt.end(p, srv, reader)
			if status := p.wait(); status != tt.status {
				t.Errorf("status %d, want %d", status, tt.status)
			}
			if code := wire.closeCode(t); code != 4000 {
				t.Errorf("the gateway saw a close with %d", code)
			}
			if s := srv.Sessions(); len(s) != 1 {
				t.Errorf("%d sessions can be resumed, want 1", len(s))
			}
		})
	}
}

// tap forwards one connection and keeps what the client sends.
type tap struct {
	listener net.Listener
	sent     bytes.Buffer
	done     sync.WaitGroup
}

func newTap(t *testing.T, target string) *tap {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &tap{listener: listener}
	t.Cleanup(func() { _ = listener.Close(); w.done.Wait() })
	w.done.Go(func() {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		defer client.Close()
		server, err := net.Dial("tcp", target)
		if err != nil {
			return
		}
		defer server.Close()
		w.done.Go(func() {
			_, _ = io.Copy(client, server)
			_ = client.Close()
		})
		_, _ = io.Copy(server, io.TeeReader(client, &w.sent))
	})
	return w
}

func (w *tap) address() string { return w.listener.Addr().String() }

// closeCode returns the code of the close frame that ended what the client sent,
// 0 if none did.
func (w *tap) closeCode(t *testing.T) ws.StatusCode {
	t.Helper()
	_ = w.listener.Close()
	w.done.Wait()
	_, frames, _ := bytes.Cut(w.sent.Bytes(), []byte("\r\n\r\n"))
	for r := bytes.NewReader(frames); r.Len() > 0; {
		h, err := ws.ReadHeader(r)
		if err != nil || h.Length > int64(r.Len()) {
			t.Fatalf("a frame that is cut off: %v", err)
		}
		payload := make([]byte, h.Length)
		_, _ = r.Read(payload)
		if h.OpCode == ws.OpClose {
			ws.Cipher(payload, h.Mask, 0)
			code, _ := ws.ParseCloseFrameData(payload)
			return code
		}
	}
	return 0
}
