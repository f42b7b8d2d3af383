package bridge

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// TestBodyMissing: who announces a body and does not send it is answered all the same, and hung up on.
func TestBodyMissing(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := newReader()
	b.bodyPause = time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- b.serve(ctx, l) }()
	for request, status := range map[string]int{
		"POST /peers/shards/0/1":      http.StatusUnauthorized,
		"POST /api/v10/channels/1":    http.StatusNotFound,
		"GET /api/v10/gateway/bot":    http.StatusUnauthorized,
		"GET /?encoding=etf":          http.StatusBadRequest,
		"PUT /peers/shards/0/1":       http.StatusNotFound,
		"GET /api/v10/gateway":        http.StatusOK,
		"POST /peers/shards/0/1?x=12": http.StatusUnauthorized,
	} {
		for _, length := range []string{"Content-Length: 100", "Transfer-Encoding: chunked"} {
			nc, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(nc, "%s HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n", request, length)
			answer, err := http.ReadResponse(bufio.NewReader(nc), nil)
			if err != nil {
				t.Fatalf("%s: %v", request, err)
			}
			if answer.StatusCode != status || !answer.Close {
				t.Errorf("%s: %s, and the connection goes on %t", request, answer.Status, !answer.Close)
			}
			if _, err := io.Copy(io.Discard, nc); err != nil {
				t.Errorf("%s: %v", request, err)
			}
			nc.Close()
		}
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}
