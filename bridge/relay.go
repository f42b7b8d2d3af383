package bridge

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
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
	nc net.Conn
	in io.Reader

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
	r := &relay{nc: nc, in: bufio.NewReader(nc)}
	if early != nil {
		r.in = early
	}
	return r, nil
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
		case !c.pass(body):
			c.kill()
			return
		}
	}
}

var errNoBridge = errors.New("bridge: what a peer says is nothing that a bridge says")

// next reads a frame, which a bridge neither masks nor divides.
func (r *relay) next() (op ws.OpCode, body []byte, err error) {
	h, err := ws.ReadHeader(r.in)
	if err != nil {
		return 0, nil, err
	}
	if !h.Fin || h.Masked || h.Length > maxRelayed {
		return 0, nil, errNoBridge
	}
	body, err = io.ReadAll(io.LimitReader(r.in, h.Length)) // which takes no more memory than comes
	if err == nil && int64(len(body)) < h.Length {
		err = io.ErrUnexpectedEOF
	}
	return h.OpCode, body, err
}

// pass writes a payload to the bot, and waits until its socket has taken it.
func (c *conn) pass(payload []byte) bool {
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
