package gatewaytest_test

import (
	"bufio"
	"compress/zlib"
	"context"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/sluice-go/sluice/gatewaytest"
)

// patience is how long a test waits for what should happen at once, on a machine that has much
// else to do.
const patience = 2 * time.Minute

// client is a gateway client whose frames are written by hand, and whose decompressors are other
// than the server's encoders. It shares no code with the server or the engine.
type client struct {
	tb    testing.TB
	nc    net.Conn
	br    *bufio.Reader
	json  *json.Decoder
	pongs chan string
	end   chan closing // how the connection ended, once
}

// closing is a close frame; code 0 means that the connection ended without one.
type closing struct {
	code   int
	reason string
}

type payload struct {
	T  *string         `json:"t"`
	S  *int64          `json:"s"`
	Op int             `json:"op"`
	D  json.RawMessage `json:"d"`
}

func (p payload) name() string {
	if p.T == nil {
		return ""
	}
	return *p.T
}

func (p payload) seq() int64 {
	if p.S == nil {
		return -1
	}
	return *p.S
}

// connect dials base with the given compression ("" for none) and reads hello.
func connect(tb testing.TB, srv *gatewaytest.Server, base, compress string) *client {
	tb.Helper()
	c := dial(tb, srv, base, compress)
	if p := c.next(); p.Op != 10 {
		tb.Fatalf("first payload has opcode %d, want hello", p.Op)
	}
	return c
}

func dial(tb testing.TB, srv *gatewaytest.Server, base, compress string) *client {
	tb.Helper()
	query := "v=10&encoding=json"
	if compress != "" && compress != "payload" {
		query += "&compress=" + compress
	}
	return dialQuery(tb, srv, base, query, compress)
}

func dialQuery(tb testing.TB, srv *gatewaytest.Server, base, query, compress string) *client {
	tb.Helper()
	c, res := upgrade(tb, srv, base, query)
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) // RFC 6455, section 1.3
	if got, want := res.Header.Get("Sec-WebSocket-Accept"), base64.StdEncoding.EncodeToString(sum[:]); res.StatusCode != 101 || got != want {
		tb.Fatalf("upgrade: status %s, accept %q, want %q", res.Status, got, want)
	}
	c.decode(compress)
	return c
}

// key is the Sec-WebSocket-Key of every upgrade.
const key = "dGhlIHNhbXBsZSBub25jZQ=="

// upgrade asks for an upgrade and returns the answer, which nobody has looked at.
func upgrade(tb testing.TB, srv *gatewaytest.Server, base, query string) (*client, *http.Response) {
	tb.Helper()
	c, res, err := tryUpgrade(tb, srv, base, query)
	if err != nil {
		tb.Fatal(err)
	}
	return c, res
}

// tryUpgrade returns an error if there is no answer.
func tryUpgrade(tb testing.TB, srv *gatewaytest.Server, base, query string) (*client, *http.Response, error) {
	tb.Helper()
	u, err := url.Parse(base)
	if err != nil {
		tb.Fatal(err)
	}
	nc, err := net.Dial("tcp", u.Host)
	if err != nil {
		tb.Fatal(err)
	}
	if u.Scheme == "wss" {
		config := srv.TLSConfig()
		config.ServerName = u.Hostname()
		nc = tls.Client(nc, config)
	}
	tb.Cleanup(func() { nc.Close() })
	nc.SetDeadline(time.Now().Add(patience))
	c := &client{tb: tb, nc: nc, br: bufio.NewReader(nc), pongs: make(chan string, 16), end: make(chan closing, 1)}

	fmt.Fprintf(nc, "GET /?%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", query, u.Host, key)
	res, err := http.ReadResponse(c.br, nil)
	return c, res, err
}

// decode starts the goroutine that reads frames and feeds the decompressor.
func (c *client) decode(compress string) {
	in := newQueue()
	var plain io.Reader = in
	switch compress {
	case "zlib-stream":
		plain = &lazyReader{open: func() (io.Reader, error) { return zlib.NewReader(in) }}
	case "zstd-stream":
		plain = &lazyReader{open: func() (io.Reader, error) {
			return zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(256<<10))
		}}
	}
	c.json = json.NewDecoder(plain)
	go func() {
		end, err := c.pump(in)
		c.end <- end
		in.close(err)
	}()
}

// queue is a pipe without a bound, so that the server never waits for the test.
type queue struct {
	mu   sync.Mutex
	more sync.Cond
	b    []byte
	err  error
}

func newQueue() *queue {
	q := new(queue)
	q.more.L = &q.mu
	return q
}

func (q *queue) Write(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.b = append(q.b, p...)
	q.more.Signal()
	return len(p), nil
}

func (q *queue) Read(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.b) == 0 {
		if q.err != nil {
			return 0, q.err
		}
		q.more.Wait()
	}
	n := copy(p, q.b)
	q.b = q.b[n:]
	return n, nil
}

func (q *queue) close(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.err = err
	q.more.Signal()
}

// lazyReader opens a decompressor at the first Read, for both want to see their header at once.
type lazyReader struct {
	open func() (io.Reader, error)
	r    io.Reader
}

func (l *lazyReader) Read(p []byte) (int, error) {
	if l.r == nil {
		r, err := l.open()
		if err != nil {
			return 0, err
		}
		l.r = r
	}
	return l.r.Read(p)
}

// pump copies messages to w until the connection ends.
func (c *client) pump(w io.Writer) (closing, error) {
	for {
		op, body, err := c.frame()
		if err != nil {
			return closing{}, err
		}
		switch op {
		case 1:
			if _, err := w.Write(body); err != nil {
				return closing{}, err
			}
		case 2:
			if _, err := w.Write(c.inflatePayload(body)); err != nil {
				return closing{}, err
			}
		case 8:
			end := closing{code: 1005}
			if len(body) >= 2 {
				end = closing{int(binary.BigEndian.Uint16(body)), string(body[2:])}
			}
			return end, errors.New("closed by the server")
		case 10:
			c.pongs <- string(body)
		default:
			return closing{}, fmt.Errorf("frame opcode %d", op)
		}
	}
}

// inflatePayload undoes payload compression, which, unlike a stream, ends its zlib stream.
func (c *client) inflatePayload(body []byte) []byte {
	zr, err := zlib.NewReader(strings.NewReader(string(body)))
	if err != nil {
		return body
	}
	plain, err := io.ReadAll(zr)
	if err != nil {
		return body
	}
	return plain
}

// frame reads one frame (RFC 6455, section 5.2), which must be whole and unmasked.
func (c *client) frame() (op byte, body []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(c.br, head[:]); err != nil {
		return 0, nil, err
	}
	if head[0]&0xf0 != 0x80 || head[1]&0x80 != 0 {
		return 0, nil, fmt.Errorf("frame header %x", head)
	}
	n := uint64(head[1])
	switch n {
	case 126:
		var b [2]byte
		if _, err := io.ReadFull(c.br, b[:]); err != nil {
			return 0, nil, err
		}
		n = uint64(binary.BigEndian.Uint16(b[:]))
	case 127:
		var b [8]byte
		if _, err := io.ReadFull(c.br, b[:]); err != nil {
			return 0, nil, err
		}
		n = binary.BigEndian.Uint64(b[:])
	}
	body = make([]byte, n)
	_, err = io.ReadFull(c.br, body)
	return head[0] & 15, body, err
}

// write writes one masked frame; first holds FIN, the reserved bits and the opcode.
func (c *client) write(first byte, body []byte) {
	c.tb.Helper()
	mask := [4]byte{0xa1, 0x5b, 0x00, 0xff}
	b := []byte{first}
	switch n := len(body); {
	case n < 126:
		b = append(b, 0x80|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, 0x80|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, 0x80|127), uint64(n))
	}
	b = append(b, mask[:]...)
	for i, x := range body {
		b = append(b, x^mask[i%4])
	}
	if _, err := c.nc.Write(b); err != nil {
		c.tb.Logf("write: %v", err)
	}
}

// send sends a payload as a text message.
func (c *client) send(format string, args ...any) {
	c.tb.Helper()
	c.write(0x81, fmt.Appendf(nil, format, args...))
}

// next returns the next payload, which must come.
func (c *client) next() payload {
	c.tb.Helper()
	var p payload
	if err := c.json.Decode(&p); err != nil {
		c.tb.Fatalf("next payload: %v", err)
	}
	return p
}

// skipTo returns the next payload with the opcode, and how many came before it.
func (c *client) skipTo(op int) (p payload, skipped int) {
	c.tb.Helper()
	for p = c.next(); p.Op != op; p = c.next() {
		skipped++
	}
	return p, skipped
}

// closed returns how the connection ended, with all payloads until then read and dropped.
func (c *client) closed() closing {
	c.tb.Helper()
	for {
		var p payload
		if err := c.json.Decode(&p); err != nil {
			break
		}
	}
	return <-c.end
}

// eof reports that the server ends TCP after the close frame that the client sends.
func (c *client) answer(code int) {
	c.tb.Helper()
	c.write(0x88, binary.BigEndian.AppendUint16(nil, uint16(code)))
}

const properties = `"properties":{"os":"linux","browser":"test","device":"test"}`

// identify identifies as a shard and returns the session's id, from READY.
func (c *client) identify(srv *gatewaytest.Server, shard, count int) (session, resumeURL string) {
	c.tb.Helper()
	c.send(`{"op":2,"d":{"token":%q,"intents":513,"shard":[%d,%d],%s}}`, srv.Token(), shard, count, properties)
	return c.ready()
}

func (c *client) ready() (session, resumeURL string) {
	c.tb.Helper()
	p := c.next()
	if p.name() != "READY" || p.seq() != 1 {
		c.tb.Fatalf("got op %d, %s, s %d; want READY with 1", p.Op, p.name(), p.seq())
	}
	var d struct {
		SessionID string `json:"session_id"`
		ResumeURL string `json:"resume_gateway_url"`
	}
	if err := json.Unmarshal(p.D, &d); err != nil || d.SessionID == "" {
		c.tb.Fatalf("READY: %s (%v)", p.D, err)
	}
	return d.SessionID, d.ResumeURL
}

func (c *client) resume(srv *gatewaytest.Server, session string, seq int64) {
	c.tb.Helper()
	c.send(`{"op":6,"d":{"token":%q,"session_id":%q,"seq":%d}}`, srv.Token(), session, seq)
}

// wait returns a context for what should happen at once.
func wait(tb testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	tb.Cleanup(cancel)
	return ctx
}
