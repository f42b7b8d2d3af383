package bridge

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/gateway"
)

// Stats are a bridge's figures. Counts are since New.
type Stats struct {
	Connections int `json:"connections"` // of bots, now
	Sessions    int `json:"sessions"`    // of bots, now, also of those that are away

	Starts  int64 `json:"starts"`  // sessions that began
	Resumes int64 `json:"resumes"` // accepted
	Slow    int64 `json:"slow"`    // connections closed because the bot read too slowly
	Sent    int64 `json:"sent"`    // bytes to bots, before TLS

	// Closes counts the close frames that the bridge sent of itself, by code.
	Closes map[gateway.CloseCode]int64 `json:"closes,omitempty"`

	LogBytes   int64 `json:"log_bytes"`   // memory of the events that are kept
	StateBytes int64 `json:"state_bytes"` // memory of the guilds that bots begin with, without the dictionary
	Guilds     int   `json:"guilds"`      // that are kept
}

// Stats returns the figures as of now. It takes time for each guild.
func (b *Bridge) Stats() Stats {
	stats := Stats{
		Starts: b.starts.Load(), Resumes: b.resumes.Load(), Slow: b.slow.Load(), Sent: b.sent.Load(),
		Closes: b.closes.counts(),
	}
	b.mu.Lock()
	stats.Connections, stats.Sessions = len(b.conns), len(b.sessions)
	b.mu.Unlock()
	for _, sh := range b.all() {
		state := sh.state.Stats()
		stats.Guilds += state.Guilds
		stats.StateBytes += state.Bytes
		sh.mu.Lock()
		stats.LogBytes += int64(sh.log.Bytes())
		sh.mu.Unlock()
	}
	return stats
}

// BotView is a bot session as it stands at one moment. Its session's ID is not in it, which whoever has the token
// could resume.
type BotView struct {
	Name        string    `json:"name"`
	Shard       int       `json:"shard"`
	Total       int       `json:"total"`
	Connected   bool      `json:"connected"`
	Peer        string    `json:"peer,omitempty"` // the address of the connection
	Compression string    `json:"compression,omitempty"`
	Since       time.Time `json:"since"`           // when it identified
	Away        time.Time `json:"away,omitzero"`   // since when it has no connection
	Seq         int64     `json:"seq"`             // of the last event that was written
	Acked       int64     `json:"acked"`           // of the last heartbeat
	Behind      int64     `json:"behind"`          // bytes of events that it has yet to be sent, its own or not
	Slow        bool      `json:"slow,omitempty"`  // it is more than half as far behind as it may be
	Ready       bool      `json:"ready,omitempty"` // its shard has a session at Discord
}

// Bots returns all bot sessions, by shard and name.
func (b *Bridge) Bots() []BotView {
	b.mu.Lock()
	sessions := slices.Collect(maps.Values(b.sessions))
	b.mu.Unlock()
	views := make([]BotView, 0, len(sessions))
	for _, s := range sessions {
		views = append(views, s.view())
	}
	slices.SortFunc(views, func(x, y BotView) int {
		if n := x.Shard - y.Shard; n != 0 {
			return n
		}
		if n := strings.Compare(x.Name, y.Name); n != 0 {
			return n
		}
		return x.Since.Compare(y.Since)
	})
	return views
}

func (s *session) view() BotView {
	sh := s.shard
	v := BotView{Name: s.client.name, Shard: sh.id, Total: sh.total, Since: s.identified, Acked: s.acked.Load()}
	sh.mu.Lock()
	total, most := sh.log.Total(), sh.maxLag()
	v.Ready = sh.ready
	sh.mu.Unlock()
	s.mu.Lock()
	v.Seq = s.seq
	s.mu.Unlock()
	if c := s.conn.Load(); c != nil {
		c.mu.Lock()
		v.Compression = c.compression.String()
		c.mu.Unlock()
		v.Connected, v.Peer = true, c.peer()
		v.Behind = max(0, total-s.read.Load())
		v.Slow = v.Behind > most/2
	} else {
		v.Away = s.awaySince()
	}
	return v
}

// closeCounts counts the close frames that the bridge sent of itself.
type closeCounts struct {
	mu sync.Mutex
	n  map[gateway.CloseCode]int64
}

// add counts a close frame by its body.
func (cc *closeCounts) add(body []byte) {
	code, _ := ws.ParseCloseFrameData(body)
	cc.mu.Lock()
	defer cc.mu.Unlock()
	if cc.n == nil {
		cc.n = make(map[gateway.CloseCode]int64)
	}
	cc.n[gateway.CloseCode(code)]++
}

func (cc *closeCounts) counts() map[gateway.CloseCode]int64 {
	cc.mu.Lock()
	defer cc.mu.Unlock()
	return maps.Clone(cc.n)
}
