package fuzz

import (
	"bytes"
	"compress/zlib"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/klauspost/compress/zstd"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
)

// FuzzMessage goes the whole way from compressed messages to a callback. Three
// events are compressed by a library, cut into WebSocket messages, and damaged
// in one byte if flip is not 0. Undamaged, the callback must get exactly the
// three. Damaged, whatever it gets must stand in what the library itself makes of
// the same bytes, in that order, each sequence once.
func FuzzMessage(f *testing.F) {
	for which := range uint8(4) {
		f.Add(which, []byte("hello hello hello"), uint16(0), uint16(0), uint8(0))
		f.Add(which, []byte("a\x00\x00\xff\xffb"), uint16(5), uint16(40), uint8(1))
		f.Add(which, bytes.Repeat([]byte("long "), 9000), uint16(9), uint16(7), uint8(0))
	}
	f.Fuzz(func(t *testing.T, which uint8, content []byte, cut, at uint16, flip uint8) {
		compression := engine.Compression(which % 4)
		sent := make([]string, 3)
		for i := range sent {
			sent[i] = fmt.Sprintf(`{"t":"MESSAGE_CREATE","s":%d,"op":0,"d":%s}`, i+2, strconv.Quote(fmt.Sprintf("%x", content)))
		}
		messages := compressMessages(t, compression, append([]string{readyPayload}, sent...))
		if flip != 0 {
			i := 1 + int(at)%(len(messages)-1)
			messages[i][int(at)/len(messages)%len(messages[i])] ^= flip
		}
		library := decompressMessages(compression, messages)
		got := deliver(t, compression, messages, int(cut))
		if flip == 0 && !slices.Equal(got, sent) {
			t.Fatalf("%v: got %d events, want %d\ngot  %.200q\nwant %.200q", compression, len(got), len(sent), got, sent)
		}
		seen := map[string]bool{}
		for _, payload := range got {
			i := strings.Index(library, payload)
			if i < 0 {
				t.Fatalf("%v: a callback got %.200q, which the library does not make of these bytes", compression, payload)
			}
			library = library[i+len(payload):]
			if seen[payload] {
				t.Fatalf("%v: %.200q came twice", compression, payload)
			}
			seen[payload] = true
		}
	})
}

const readyPayload = `{"t":"READY","s":1,"op":0,"d":{"session_id":"s","resume_gateway_url":"ws://127.0.0.1","guilds":[]}}`

// compressMessages returns one message for each payload.
func compressMessages(t *testing.T, compression engine.Compression, payloads []string) [][]byte {
	var buf bytes.Buffer
	var w interface {
		io.Writer
		Flush() error
	}
	var messages [][]byte
	for _, p := range payloads {
		buf.Reset()
		switch compression {
		case engine.NoCompression:
			messages = append(messages, []byte(p))
			continue
		case engine.PayloadCompression:
			one := zlib.NewWriter(&buf)
			_, _ = one.Write([]byte(p))
			_ = one.Close()
		case engine.ZlibStream:
			if w == nil {
				w = zlib.NewWriter(&buf)
			}
		case engine.ZstdStream:
			if w == nil {
				e, err := zstd.NewWriter(&buf, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(256<<10))
				if err != nil {
					t.Fatal(err)
				}
				defer e.Close()
				w = e
			}
		}
		if w != nil {
			_, _ = w.Write([]byte(p))
			_ = w.Flush()
		}
		messages = append(messages, bytes.Clone(buf.Bytes()))
	}
	return messages
}

// decompressMessages returns all that the libraries get out of the messages
// before they find fault with them.
func decompressMessages(compression engine.Compression, messages [][]byte) string {
	var out bytes.Buffer
	all := bytes.Join(messages, nil)
	switch compression {
	case engine.NoCompression:
		return string(all)
	case engine.PayloadCompression:
		for _, m := range messages {
			out.Write(m) // one that no longer looks like zlib is taken as it is
			if r, err := zlib.NewReader(bytes.NewReader(m)); err == nil {
				_, _ = io.Copy(&out, r)
			}
		}
	case engine.ZlibStream:
		if r, err := zlib.NewReader(bytes.NewReader(all)); err == nil {
			_, _ = io.Copy(&out, r)
		}
	case engine.ZstdStream:
		if r, err := zstd.NewReader(bytes.NewReader(all), zstd.WithDecoderConcurrency(1)); err == nil {
			_, _ = io.Copy(&out, r)
			r.Close()
		}
	}
	return out.String()
}

// deliver has an engine receive the messages and returns the payloads of the
// events that it delivers. A message of zlib-stream may be cut in two.
func deliver(t *testing.T, compression engine.Compression, messages [][]byte, cut int) (got []string) {
	conn := newScript()
	op := frame.OpBinary
	if compression == engine.NoCompression {
		op = frame.OpText
	}
	for _, m := range messages {
		if cut > 0 && cut < len(m) && compression == engine.ZlibStream {
			conn.then = frame.AppendServerFrame(conn.then, op, m[:cut])
			m = m[cut:]
		}
		conn.then = frame.AppendServerFrame(conn.then, op, m)
	}
	eng, err := engine.New(engine.Config{
		Token:       engine.NewToken("token"),
		Shards:      engine.Shards{Total: 1},
		Compression: compression,
		GatewayURL:  "ws://127.0.0.1",
		Driver:      engine.PortableDriver,
		Dial:        func(context.Context, string, string) (net.Conn, error) { return conn, nil },
		Logger:      slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	conn.over = cancel
	eng.On(gateway.AllDispatches().Without(gateway.Events(gateway.EventReady)), func(ev *engine.Event) {
		got = append(got, string(ev.Payload))
	})
	if err := eng.Run(ctx); err != nil {
		t.Fatal(err)
	}
	return got
}

// script is the client's end of a connection to a gateway that answers the
// upgrade, says hello, and after the identify plays what it is given.
type script struct {
	mu      sync.Mutex
	changed sync.Cond
	now     []byte // to be read
	then    []byte // to be read after the identify
	writes  int
	closed  bool
	expired bool   // the read deadline
	over    func() // everything was read, or the client closes
}

func newScript() *script {
	s := &script{}
	s.changed.L = &s.mu
	return s
}

func (s *script) Read(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.closed:
			return 0, io.EOF
		case len(s.now) > 0:
			n := copy(b, s.now)
			s.now = s.now[n:]
			return n, nil
		case s.writes > 1 && s.over != nil:
			s.over()
			s.over = nil
		case s.expired:
			s.expired = false
			return 0, os.ErrDeadlineExceeded
		default:
			s.changed.Wait()
		}
	}
}

// Write takes the upgrade's request, the identify, and then the close frame.
func (s *script) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.writes++; s.writes {
	case 1:
		var answer bytes.Buffer
		if _, err := ws.Upgrade(struct {
			io.Reader
			io.Writer
		}{bytes.NewReader(b), &answer}); err != nil {
			return 0, err
		}
		s.now = frame.AppendServerFrame(answer.Bytes(), frame.OpText, []byte(`{"op":10,"d":{"heartbeat_interval":3600000}}`))
	case 2:
		s.now = append(s.now, s.then...)
	default:
		s.closed = true
		if s.over != nil {
			s.over()
			s.over = nil
		}
	}
	s.changed.Broadcast()
	return len(b), nil
}

func (s *script) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.changed.Broadcast()
	return nil
}

// SetReadDeadline knows two deadlines: past, and far off.
func (s *script) SetReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.expired = !t.IsZero() && time.Until(t) <= 0
	s.changed.Broadcast()
	return nil
}

func (s *script) SetDeadline(t time.Time) error    { return s.SetReadDeadline(t) }
func (s *script) SetWriteDeadline(time.Time) error { return nil }
func (s *script) LocalAddr() net.Addr              { return nil }
func (s *script) RemoteAddr() net.Addr             { return nil }
