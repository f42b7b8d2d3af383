package transport

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// answering is a server's end: it reads the request and answers what the test makes of the
// key. It closes the connection after that.
func answering(t *testing.T, conn net.Conn, answer func(accept string) string) *http.Request {
	t.Helper()
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		t.Error(err)
		return nil
	}
	_, _ = io.WriteString(conn, answer(accept(req.Header.Get("Sec-WebSocket-Key"))))
	_ = conn.Close()
	return req
}

func upgradeTo(t *testing.T, rawURL string, answer func(accept string) string) (head []byte, req *http.Request, err error) {
	t.Helper()
	near, far := net.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		req = answering(t, far, answer)
	}()
	u, err := url.Parse(rawURL)
	if err != nil {
		t.Fatal(err)
	}
	if head, err = Upgrade(near, u); err == nil {
		rest, _ := io.ReadAll(near)
		head = append(head, rest...)
	}
	_ = near.Close()
	<-done
	return head, req, err
}

// TestUpgradeAnswers: what proxies and CDNs make of an answer is taken as RFC 9110 and RFC
// 6455 read it, and what neither allows is refused.
func TestUpgradeAnswers(t *testing.T) {
	const line = "HTTP/1.1 101 Switching Protocols\r\n"
	const usual = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n"
	tests := []struct{ name, answer, err string }{
		{"usual", line + usual + "\r\n", ""},
		{"connection is a list", line + "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n", ""},
		{"case and white space", line + "uPGRADE:\tWebSocket \r\nCONNECTION:   keep-alive, uPGRADE  \r\nsec-websocket-accept:ACCEPT\t\r\n\r\n", ""},
		{"connection on two lines", line + "Connection: keep-alive\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n", ""},
		{"empty elements", line + "Connection: ,, upgrade ,\r\nUpgrade: websocket,\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n", ""},
		{"empty header", line + "X-Empty:\r\n" + usual + "\r\n", ""},
		{"long cookie", line + "Set-Cookie: a=" + strings.Repeat("x", 1400) + "; Path=/; Secure\r\n" + usual + "\r\n", ""},
		{"headers of 60 KB", line + strings.Repeat("X-A: "+strings.Repeat("x", 993)+"\r\n", 60) + usual + "\r\n", ""},
		{"another reason phrase", "HTTP/1.1 101 Web Socket Protocol Handshake\r\n" + usual + "\r\n", ""},
		{"no reason phrase", "HTTP/1.1 101 \r\n" + usual + "\r\n", ""},
		{"line feeds alone", strings.ReplaceAll(line+usual+"\r\n", "\r\n", "\n"), ""},
		{"content length", line + usual + "Content-Length: 0\r\n\r\n", ""},
		{"nothing chosen", line + usual + "Sec-WebSocket-Extensions:\r\nSec-WebSocket-Protocol: \r\n\r\n", ""},
		{"early hints", "HTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + line + usual + "\r\n", ""},

		{"HTTP/1.0", "HTTP/1.0 101 Switching Protocols\r\n" + usual + "\r\n", "HTTP/1.0"},
		{"HTTP/2", "HTTP/2.0 101 Switching Protocols\r\n" + usual + "\r\n", ""},
		{"no upgrade", line + "Connection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n", "Upgrade is not websocket"},
		{"another upgrade", line + "Upgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n", "Upgrade is not websocket"},
		{"two upgrades", line + "Upgrade: h2c, websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n", "Upgrade is not websocket"},
		{"no connection", line + "Upgrade: websocket\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n", "Connection does not name Upgrade"},
		{"another connection", line + "Upgrade: websocket\r\nConnection: no-upgrade, upgrades\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n", "Connection does not name Upgrade"},
		{"no accept", line + "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "Sec-WebSocket-Accept does not fit"},
		{"accept in another case", line + "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + "x" + "ACCEPT\r\n\r\n", "Sec-WebSocket-Accept does not fit"},
		{"two accepts", line + usual + "Sec-WebSocket-Accept: ACCEPT\r\n\r\n", "Sec-WebSocket-Accept does not fit"},
		{"an extension", line + usual + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", "an extension that was not asked for"},
		{"a subprotocol", line + usual + "Sec-WebSocket-Protocol: chat\r\n\r\n", "a subprotocol that was not asked for"},
		{"no header", line + "SECRET\r\n\r\n", "a line that is no header"},
		{"SSH", "SSH-2.0-SECRET\r\n\r\n", "the answer is not HTTP/1"},
		{"the end", "", "the connection ended before"},
		{"half", line + usual, "the connection ended before"},
		{"endless headers", line + strings.Repeat("X-A: b\r\n", 10000), "longer than 65536 bytes"},
		{"endless header", line + "X-A: " + strings.Repeat("b", 70000), "longer than 65536 bytes"},
		{"endless interim answers", strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 10) + line + usual + "\r\n", "100 Continue"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			head, req, err := upgradeTo(t, "wss://user:SECRET@gateway.test:8443/path/?v=10&key=K", func(accept string) string {
				answer := strings.ReplaceAll(test.answer, "ACCEPT", accept)
				if test.err == "" {
					answer += "\x81\x02{}behind"
				}
				return answer
			})
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) || strings.Contains(err.Error(), "SECRET") || len(err.Error()) > 300 {
					t.Errorf("got %v, want %s", err, test.err)
				}
			} else if err != nil || string(head) != "\x81\x02{}behind" {
				t.Errorf("got %q, %v", head, err)
			}
			if req.Method != "GET" || req.RequestURI != "/path/?v=10&key=K" || req.Host != "gateway.test:8443" ||
				req.Header.Get("Sec-WebSocket-Version") != "13" || req.Header.Get("Connection") != "Upgrade" || req.Header.Get("Upgrade") != "websocket" ||
				len(req.Header) != 4 {
				t.Errorf("the request is %+v", req)
			}
		})
	}
}

// TestUpgradeRefused: a status is an error of its own, with what is asked to be waited.
func TestUpgradeRefused(t *testing.T) {
	now := time.Now().UTC()
	for _, test := range []struct {
		status int
		header string
		want   time.Duration
	}{
		{429, "Retry-After: 17", 17 * time.Second},
		{503, "Retry-After: 0.5", 500 * time.Millisecond},
		{429, "Retry-After: 3600", time.Hour},
		{429, "Retry-After: 86400", MaxRetryAfter},
		{429, "Retry-After: 1e999", MaxRetryAfter},
		{429, "Retry-After: " + now.Add(10*time.Minute).Format(http.TimeFormat), 10 * time.Minute},
		{503, "Retry-After: " + now.Add(72*time.Hour).Format(http.TimeFormat), MaxRetryAfter},
		{503, "Retry-After: " + now.Add(-time.Hour).Format(http.TimeFormat), 0},
		{429, "Retry-After: soon", 0},
		{429, "Retry-After: -5", 0},
		{429, "Retry-After: NaN", 0},
		{429, "X-RateLimit-Reset-After: 2.5", 2500 * time.Millisecond},
		{429, "X: Y", 0},
		{500, "Retry-After: 17", 0},
		{302, "Retry-After: 17", 0},
	} {
		_, _, err := upgradeTo(t, "ws://gateway.test", func(string) string {
			return fmt.Sprintf("HTTP/1.1 %d X\r\n%s\r\n\r\n<html>", test.status, test.header)
		})
		var e *StatusError
		if !errors.As(err, &e) || e.Status != test.status {
			t.Errorf("%d: %v", test.status, err)
			continue
		}
		if d := test.want - e.RetryAfter; d < 0 || d > 30*time.Second && strings.Contains(test.header, "GMT") || d > 0 && !strings.Contains(test.header, "GMT") {
			t.Errorf("%s: wait %v, want %v", test.header, e.RetryAfter, test.want)
		}
	}
}

// FuzzUpgrade: an answer that the library gobwas/ws takes is taken with the same bytes
// behind it; whatever comes, nothing is accepted under another key, and no more than the
// limit is read.
func FuzzUpgrade(f *testing.F) {
	const key = "dGhlIHNhbXBsZSBub25jZQ==" // of RFC 6455, section 1.3
	const usual = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
	f.Add([]byte(usual))
	f.Add([]byte(usual + "\x81\x02{}"))
	f.Add([]byte("HTTP/1.1 101 X\r\nUPGRADE:  WebSocket \r\nX-Empty:\r\nCONNECTION:   keep-alive, uPGRADE  \r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 103 Early Hints\r\n\r\n" + usual))
	f.Add([]byte("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 5\r\n\r\n"))
	f.Add([]byte("HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		read := bytes.NewReader(append(answer[:len(answer):len(answer)], make([]byte, 2*maxUpgrade)...))
		size := read.Len()
		head, err := readAnswer(read, nil, key, time.Unix(0, 0))
		if n := size - read.Len(); n > maxUpgrade {
			t.Errorf("%d bytes were read", n)
		}
		if err == nil && !bytes.Contains(answer, []byte("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")) {
			t.Errorf("accepted without the accept: %q", answer)
		}
		if !bytes.Equal(answer, bytes.ToValidUTF8(answer, nil)) || bytes.ContainsFunc(answer, func(r rune) bool { return r < ' ' && r != '\r' && r != '\n' && r != '\t' || r == 0x7f }) {
			return // gobwas/ws takes any bytes in a header, RFC 9110 does not
		}
		theirs, ok := byGobwas(answer)
		if !ok {
			return
		}
		if err != nil {
			t.Errorf("refused: %v\n%q", err, answer)
		} else if !bytes.HasPrefix(head, theirs) {
			t.Errorf("head %q, want %q", head, theirs)
		}
	})
}

// byGobwas is what another implementation makes of an answer to the key of the fuzz target.
func byGobwas(answer []byte) (head []byte, ok bool) {
	conn := &scripted{answer: answer}
	u := &url.URL{Scheme: "ws", Host: "gateway.test"}
	r, _, err := ws.Dialer{}.Upgrade(conn, u)
	if err != nil || r == nil && conn.at < len(conn.answer) {
		return nil, false
	}
	if r != nil {
		head, _ = r.Peek(r.Buffered())
		head = bytes.Clone(head)
		ws.PutReader(r)
	}
	return head, true
}

// scripted answers as if the key had been that of the fuzz target: it puts the accept of
// the key that was sent in the place of the target's.
type scripted struct {
	answer []byte
	at     int
}

func (s *scripted) Write(b []byte) (int, error) {
	if req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(b))); err == nil {
		s.answer = bytes.ReplaceAll(s.answer, []byte("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), []byte(accept(req.Header.Get("Sec-WebSocket-Key"))))
	}
	return len(b), nil
}

func (s *scripted) Read(b []byte) (int, error) {
	if s.at == len(s.answer) {
		return 0, io.EOF
	}
	n := copy(b, s.answer[s.at:])
	s.at += n
	return n, nil
}
