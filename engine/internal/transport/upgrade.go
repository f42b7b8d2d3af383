package transport

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

const (
	// maxUpgrade is how many bytes a server's answer to the upgrade may have, with
	// what it answers before that, and a proxy's answer to CONNECT.
	maxUpgrade = 64 << 10

	// maxInterim is how many answers of the kind 1xx may come before the one that
	// counts (RFC 9110, section 15.2), as in net/http.
	maxInterim = 5
)

// StatusError is an answer to the upgrade that is no 101.
type StatusError struct {
	Status     int
	RetryAfter time.Duration // what a 429 or a 503 asks to be waited for, at most [MaxRetryAfter]; 0: nothing
}

// RetryIn returns RetryAfter.
func (e *StatusError) RetryIn() time.Duration { return e.RetryAfter }

// Error names cause and remedy.
func (e *StatusError) Error() string {
	s := fmt.Sprintf("the server answered the WebSocket upgrade with %d %s", e.Status, http.StatusText(e.Status))
	switch {
	case e.Status >= 300 && e.Status < 400:
		s += ": redirects are not followed, they could take the token elsewhere; check the gateway URL"
	case e.RetryAfter > 0:
		s += "; it asks to wait " + e.RetryAfter.String()
	}
	return s
}

// Upgrade asks for a WebSocket (RFC 6455, section 4.1) and checks the answer. No
// extension and no subprotocol is asked for, so none may be chosen. The bytes that came
// behind the answer are returned in head. An answer that is no 101 gives a
// [*StatusError].
func Upgrade(conn net.Conn, u *url.URL) (head []byte, err error) {
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce) // never fails
	key := base64.StdEncoding.EncodeToString(nonce)
	req := &http.Request{
		Method: http.MethodGet,
		URL:    &url.URL{Scheme: "http", Host: u.Host, Path: u.Path, RawPath: u.RawPath, RawQuery: u.RawQuery},
		Header: http.Header{
			"User-Agent":            {""}, // none
			"Connection":            {"Upgrade"},
			"Upgrade":               {"websocket"},
			"Sec-WebSocket-Version": {"13"},
			"Sec-WebSocket-Key":     {key},
		},
	}
	// In one write: some servers take only what comes in one read.
	var text bytes.Buffer
	if err := req.Write(&text); err != nil {
		return nil, err
	}
	if _, err := conn.Write(text.Bytes()); err != nil {
		return nil, err
	}
	return readAnswer(conn, req, key, time.Now())
}

// readAnswer reads the answer to an upgrade with a key.
func readAnswer(conn io.Reader, req *http.Request, key string, now time.Time) (head []byte, err error) {
	limited := &io.LimitedReader{R: conn, N: maxUpgrade}
	r := bufio.NewReader(limited)
	var resp *http.Response
	for range maxInterim + 1 {
		// The body of an answer is neither read nor closed, which would read it.
		if resp, err = http.ReadResponse(r, req); err != nil {
			return nil, unreadable(err, limited)
		}
		if resp.StatusCode/100 != 1 || resp.StatusCode == http.StatusSwitchingProtocols {
			break
		}
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		e := &StatusError{Status: resp.StatusCode}
		if e.Status == http.StatusTooManyRequests || e.Status == http.StatusServiceUnavailable {
			e.RetryAfter = RetryAfter(resp.Header, now)
		}
		return nil, e
	}
	if err := checkAnswer(resp, key); err != nil {
		return nil, err
	}
	if n := r.Buffered(); n > 0 {
		head, _ = r.Peek(n) // buffered bytes cannot fail
		head = bytes.Clone(head)
	}
	return head, nil
}

// checkAnswer checks a 101 as RFC 6455, section 4.1, has it. Field names and tokens have
// any case, and Connection is a list (RFC 9110, section 7.6.1).
func checkAnswer(resp *http.Response, key string) error {
	h := resp.Header
	upgrades := list(h["Upgrade"])
	switch {
	case !resp.ProtoAtLeast(1, 1):
		return errors.New("the answer is of HTTP/1.0, which has no upgrade; a proxy in front of the gateway may have made it so")
	case len(upgrades) != 1 || !strings.EqualFold(upgrades[0], "websocket"):
		return errors.New("the answer's Upgrade is not websocket")
	case !httpguts.HeaderValuesContainsToken(h["Connection"], "upgrade"):
		return errors.New("the answer's Connection does not name Upgrade; a proxy in front of the gateway may take it away")
	case h.Get("Sec-WebSocket-Accept") != accept(key) || len(h["Sec-Websocket-Accept"]) != 1:
		return errors.New("the answer's Sec-WebSocket-Accept does not fit the key; is this a WebSocket server?")
	case len(list(h["Sec-Websocket-Extensions"])) > 0:
		return errors.New("the answer chooses an extension that was not asked for")
	case len(list(h["Sec-Websocket-Protocol"])) > 0:
		return errors.New("the answer chooses a subprotocol that was not asked for")
	}
	return nil
}

// list returns the elements of a header's values that are lists, without empty ones
// (RFC 9110, section 5.6.1).
func list(values []string) (elements []string) {
	for _, v := range values {
		for element := range strings.SplitSeq(v, ",") {
			if element = strings.Trim(element, " \t"); element != "" {
				elements = append(elements, element)
			}
		}
	}
	return elements
}

// accept returns what a server answers to a key (RFC 6455, section 4.2.2).
func accept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// unreadable says why net/http could not read an answer. It does not repeat what the peer
// wrote.
func unreadable(err error, answer *io.LimitedReader) error {
	switch text := err.Error(); {
	case answer.N <= 0:
		return fmt.Errorf("the answer is longer than %d bytes", maxUpgrade)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the connection ended before the answer did: %w", err)
	case strings.HasPrefix(text, "malformed HTTP"):
		return errors.New("the answer is not HTTP/1")
	case strings.HasPrefix(text, "malformed MIME header"):
		return errors.New("the answer has a line that is no header")
	}
	return err
}
