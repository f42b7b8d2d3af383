package bridge

import (
	"fmt"
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
}

var (
	errUnknownShards = &gatewire.Refusal{Code: gateway.CloseUnknownError, Reason: "The shards are not known yet."}
	errNobodys       = &gatewire.Refusal{Code: gateway.CloseUnknownError, Reason: "No gateway has the shard now; try again."}
	errMoved         = &gatewire.Refusal{Code: gateway.CloseUnknownError, Reason: "The shard has moved; connect again."}
	errPeerGone      = &gatewire.Refusal{Code: gateway.CloseUnknownError, Reason: "The process that has the shard does not answer; try again."}
)

// find returns the shard that a bot identifies for, or the address of the peer that has it.
func (c *conn) find(id, count int) (sh *shard, peer string, refused *gatewire.Refusal) {
	sh, refused = c.bridge.shardOf(id, count)
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

// peerOf returns the address of the peer that has a session of another bridge's, "" for none.
func (c *conn) peerOf(sessionID string) (peer string) {
	_, name, found := strings.Cut(sessionID, "-")
	var at place
	if n, err := fmt.Sscanf(name, "%d-%d", &at.id, &at.total); !found || n != 2 || err != nil || at.id < 0 {
		return ""
	}
	if c.bridge.config.Peers == nil {
		return ""
	}
	_, peer, _ = c.find(at.id, at.total)
	return peer
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
