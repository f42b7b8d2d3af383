package bridge

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/gatewire"
)

// relay is the way to the bridge of a peer, for a bot whose shard that one has. What it says comes uncompressed, and
// is compressed for the bot here. It is read as fast as the bot reads, so that who is slow is known there.
type relay struct {
	nc   net.Conn
	in   *bufio.Reader
	body []byte // of the last frame
	head [ws.MaxHeaderSize]byte

	mu sync.Mutex // of writing
}

const (
	// relayHeader marks the request of a bridge for a bot of its own.
	relayHeader = "Sluice-Relayed"

	// relayTimeout is how long a peer has for a dial, and for a write.
	relayTimeout = 5 * time.Second

	// maxRelayed is the longest message that is taken from a peer, in bytes.
	maxRelayed = 256 << 20
)

// relayTo goes on as a bot's connection to a peer, which it begins with a command.
func (c *conn) relayTo(peer string, first gatewire.Command) *gatewire.Refusal {
	r, err := c.dialPeer(peer)
	if err == nil {
		err = r.command(first)
	}
	if err != nil {
		c.bridge.logger.Warn("a bot cannot be passed on to the process that has its shard", "peer", peer, "cause", err)
		if r != nil {
			r.nc.Close()
		}
		return errPeerGone
	}
	c.mu.Lock()
	c.relay = r
	if first.Op == gateway.OpIdentify && c.compression == gatewire.None && asksCompress(first.D) {
		c.compression = gatewire.Payload
	}
	c.mu.Unlock()
	if !c.bridge.startRelay(c) {
		r.nc.Close()
		return errPeerGone
	}
	select {
	case <-c.closing.Done():
		r.nc.Close() // killed in between
	default:
	}
	c.bridge.logger.Info("a bot is passed on to the process that has its shard", "peer", peer, "bot_at", c.peer())
	return nil
}

// startRelay begins to read from the peer, unless the bridge is closed.
func (b *Bridge) startRelay(c *conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	b.workers.Go(c.runRelay)
	return true
}

func (c *conn) dialPeer(peer string) (*relay, error) {
	ctx, cancel := context.WithTimeout(context.Background(), relayTimeout)
	defer cancel()
	query := url.Values{"v": {c.query.Get("v")}, "encoding": {"json"}}
	if events := c.query.Get("events"); events != "" {
		query.Set("events", events)
	}
	d := ws.Dialer{
		TLSConfig: c.bridge.config.PeersTLS, Host: c.host, // by which the peer tells the bot where to resume
		Header: ws.HandshakeHeaderHTTP(http.Header{relayHeader: {"1"}}),
	}
	nc, early, _, err := d.Dial(ctx, strings.TrimSuffix(peer, "/")+"/?"+query.Encode())
	if err != nil {
		return nil, err
	}
	var in io.Reader = nc
	if early != nil {
		in = early
	}
	return &relay{nc: nc, in: bufio.NewReaderSize(in, batchBytes)}, nil
}

// runRelay passes on to the bot what the peer says, apart from its hello, until either is gone.
func (c *conn) runRelay() {
	r := c.relaying()
	defer r.nc.Close()
	for hello := true; ; {
		op, body, err := r.next()
		switch {
		case err != nil:
			if !c.closing.Begun() {
				c.refuse(errPeerGone)
			}
			return
		case op == ws.OpClose:
			code, reason := ws.ParseCloseFrameData(body)
			c.close(gateway.CloseCode(code), reason)
			return
		case op != ws.OpText:
		case hello:
			hello = false
		case !c.pass(r, body):
			c.kill()
			return
		}
	}
}

var errNoBridge = errors.New("bridge: what a peer says is nothing that a bridge says")

// maxBody is the longest frame whose memory is kept for those that follow, in bytes, and that is believed before it has
// come.
const maxBody = 64 << 10

// next reads a frame, which a bridge neither masks nor divides. body is borrowed until the next call.
func (r *relay) next() (op ws.OpCode, body []byte, err error) {
	h, err := ws.ReadHeaderBuffer(r.in, r.head[:])
	if err != nil {
		return 0, nil, err
	}
	switch {
	case !h.Fin || h.Masked || h.Length > maxRelayed:
		return 0, nil, errNoBridge
	case h.Length <= maxBody:
		body = slices.Grow(r.body[:0], int(h.Length))[:h.Length]
		r.body = body
		_, err = io.ReadFull(r.in, body)
		return h.OpCode, body, err
	}
	body, err = io.ReadAll(io.LimitReader(r.in, h.Length)) // which takes no more memory than comes
	if err == nil && int64(len(body)) < h.Length {
		err = io.ErrUnexpectedEOF
	}
	return h.OpCode, body, err
}

// textCame reports whether a payload has come whole, so that next does not wait for it.
func (r *relay) textCame() bool {
	n := r.in.Buffered()
	head, _ := r.in.Peek(min(n, 4)) // of what is buffered
	if len(head) < 4 || head[0] != 0x80|byte(ws.OpText) {
		return false
	}
	switch length := int(head[1]); {
	case length < 126:
		return n >= 2+length
	case length == 126:
		return n >= 4+int(binary.BigEndian.Uint16(head[2:]))
	}
	return false
}

// pass writes a payload of a peer's to the bot, with those that have come behind it, and waits until its socket has taken
// them.
func (c *conn) pass(r *relay, payload []byte) bool {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.mu.Lock()
	compression, owned := c.compression, c.owns
	c.mu.Unlock()
	if c.closing.Begun() {
		return false
	}
	snd := &c.sender
	snd.begin(compression, owned)
	snd.encode(payload)
	for len(snd.out) < batchBytes && r.textCame() {
		_, body, err := r.next()
		if err != nil {
			return false
		}
		snd.encode(body)
	}
	snd.EndRun(false)
	if _, err := c.nc.Write(snd.out); err != nil {
		return false
	}
	c.bridge.sent.Add(int64(len(snd.out)))
	snd.rest()
	return true
}

// command passes a command of the bot's on.
func (r *relay) command(p gatewire.Command) error {
	d := p.D
	if p.Op == gateway.OpIdentify {
		d = withoutCompress(d)
	}
	text, err := json.Marshal(struct {
		Op gateway.Opcode  `json:"op"`
		D  json.RawMessage `json:"d"`
	}{p.Op, d})
	if err != nil {
		return err
	}
	return r.frame(ws.NewTextFrame(text))
}

// frame writes a frame.
func (r *relay) frame(f ws.Frame) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	_ = r.nc.SetWriteDeadline(time.Now().Add(relayTimeout)) // it fails with the write
	return ws.WriteFrame(r.nc, ws.MaskFrame(f))
}

// asksCompress reports whether an identify asks for payload compression.
func asksCompress(d json.RawMessage) bool {
	id, refused := gatewire.ParseIdentify(d)
	return refused == nil && bool(id.Compress)
}

// withoutCompress returns an identify that does not.
func withoutCompress(d json.RawMessage) json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(d, &fields) != nil {
		return d // it is for the peer to judge
	}
	delete(fields, "compress")
	text, err := json.Marshal(fields)
	if err != nil {
		return d
	}
	return text
}

// relaying returns the connection's relay, nil for none.
func (c *conn) relaying() *relay {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.relay
}
