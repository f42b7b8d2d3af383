package bridge

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/gatewire"
)

// Peers are other processes that run shards of the same bot. Each has a bridge of its own, with the same
// [Config.Bots]. Its methods are called by any goroutine, and must not wait.
type Peers interface {
	// Total returns how many shards the bot has, 0 while that is not known.
	Total() int

	// Owner returns the address, ws:// or wss://, of the bridge that has a shard; "" where nobody else has it.
	Owner(shard, total int) (url string)

	// Doubts reports whether another process may have a shard by now that this one has, which cannot find out. Bots
	// are then closed with 4000, so that they look for the shard elsewhere.
	Doubts(shard, total int) bool
}

var (
	errUnknownShards = &gatewire.Refusal{Code: gateway.CloseUnknownError, Reason: "The shards are not known yet."}
	errNobodys       = &gatewire.Refusal{Code: gateway.CloseUnknownError, Reason: "No gateway has the shard now; try again."}
	errMoved         = &gatewire.Refusal{Code: gateway.CloseUnknownError, Reason: "The shard has moved; connect again."}
	errDoubted       = &gatewire.Refusal{Code: gateway.CloseUnknownError, Reason: "Another gateway may have the shard; try again."}
	errPeerGone      = &gatewire.Refusal{Code: gateway.CloseUnknownError, Reason: "The process that has the shard does not answer; try again."}
)

// find returns the shard that a bot identifies for, or the address of the peer that has it.
func (c *conn) find(id, count int) (sh *shard, peer string, refused *gatewire.Refusal) {
	sh, refused = c.bridge.shardOf(id, count)
	if sh != nil && sh.inDoubt() {
		return nil, "", errDoubted
	}
	peers, total := c.bridge.config.Peers, c.bridge.total()
	if sh != nil || peers == nil || count != total || id >= total {
		return sh, "", refused
	}
	if c.relayed {
		return nil, "", errMoved // the one that relays knows less than this one: no circles
	}
	if peer = peers.Owner(id, count); peer == "" {
		return nil, "", errNobodys
	}
	return nil, peer, nil
}

// findSession returns the session that a bot resumes, or the address of the peer that has its shard. A refusal says that
// nobody can tell now. Without any of them there is no such session.
func (c *conn) findSession(id string) (s *session, peer string, refused *gatewire.Refusal) {
	if s = c.bridge.find(id); s != nil {
		if s.shard.inDoubt() {
			return nil, "", errDoubted
		}
		return s, "", nil
	}
	_, name, found := strings.Cut(id, "-")
	var at place
	if n, err := fmt.Sscanf(name, "%d-%d", &at.id, &at.total); !found || n != 2 || err != nil || at.id < 0 || c.bridge.config.Peers == nil {
		return nil, "", nil
	}
	_, peer, refused = c.find(at.id, at.total)
	if refused != nil && refused.Code != gateway.CloseUnknownError {
		refused = nil // it is of a number of shards that there is no longer
	}
	return nil, peer, refused
}

// turnAway has bots that wait for a shard, which is no longer here, connect again.
func (sh *shard) turnAway() {
	sh.mu.Lock()
	waiting := sh.waiting
	sh.waiting = make(map[*conn]struct{})
	sh.mu.Unlock()
	for c := range waiting {
		c.refuse(errMoved)
	}
}

// sendAway has all bots of a shard connect again, which a peer has now or may get, and forgets their sessions here: if
// they were handed over, they go on there.
func (sh *shard) sendAway() {
	sh.mu.Lock()
	sessions := sh.sessions
	sh.sessions, sh.wanted, sh.ready = nil, gateway.EventSet{}, false
	sh.log.Clear()
	sh.mu.Unlock()
	for _, s := range sessions {
		s.end()
		if c := s.conn.Load(); c != nil {
			c.control(gatewire.Reconnect)
			c.refuse(errMoved)
		}
	}
	sh.turnAway()
	sh.commands.close()
}

// maxDoubts is how often in a row, a second apart, a shard has to be in doubt until its bots are closed: what is over
// soon does not concern them.
const maxDoubts = 2

// heedDoubts closes the bots of a shard that may be another process's. Their sessions stay, in case it is not.
func (sh *shard) heedDoubts() {
	peers := sh.bridge.config.Peers
	if peers == nil {
		return
	}
	doubted := peers.Doubts(sh.id, sh.total)
	var conns []*conn
	sh.mu.Lock()
	if sh.doubts++; !doubted {
		sh.doubts = 0
	}
	if sh.doubts >= maxDoubts {
		for _, s := range sh.sessions {
			if c := s.conn.Load(); c != nil && !c.closing.Begun() {
				conns = append(conns, c)
			}
		}
	}
	sh.mu.Unlock()
	if len(conns) > 0 {
		sh.bridge.logger.Warn("another process may have a shard of this one by now: its bots are to look there", "shard", sh.id, "bots", len(conns))
	}
	for _, c := range conns {
		c.refuse(errDoubted)
	}
	if sh.inDoubt() {
		sh.turnAway()
	}
}

func (sh *shard) inDoubt() bool {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.doubts >= maxDoubts
}

// peerClient is how this bridge asks others for what no bot does.
type peerClient struct {
	http  *http.Client
	proof string
}

// peerScheme stands in front of the proof in the header Authorization.
const peerScheme = "Sluice "

func newPeerClient(config *Config) *peerClient {
	// Who has Discord's token can make the proof; nobody can make the token of it.
	mac := hmac.New(sha256.New, []byte(gatewire.TrimToken(config.Token.Reveal())))
	mac.Write([]byte("sluice bridge peer"))
	dialer := net.Dialer{Timeout: relayTimeout}
	return &peerClient{
		proof: peerScheme + hex.EncodeToString(mac.Sum(nil)),
		http: &http.Client{Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSClientConfig: config.PeersTLS.Clone(), TLSHandshakeTimeout: relayTimeout, DisableKeepAlives: true,
		}},
	}
}

// shows reports whether a request comes from a peer.
func (p *peerClient) shows(r *http.Request) bool {
	return subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte(p.proof)) == 1
}

// post sends a body to a path of a peer, whose address is as Peers has it. reached is called for each mark in the body that the
// peer has come to.
func (p *peerClient) post(ctx context.Context, peer, path string, body io.Reader, reached func()) error {
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{Got1xxResponse: func(code int, _ textproto.MIMEHeader) error {
		if code == http.StatusProcessing {
			reached()
		}
		return nil
	}})
	if rest, found := strings.CutPrefix(peer, "ws"); found {
		peer = "http" + rest
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(peer, "/")+path, body)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", p.proof)
	answer, err := p.http.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusNoContent {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<10))
	return errors.Join(fmt.Errorf("the peer answers %s: %s", answer.Status, strings.TrimSpace(string(text))), err)
}
