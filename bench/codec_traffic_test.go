package bench

import (
	"bytes"
	"io"
	"slices"
	"sync"

	"github.com/sluice-go/sluice/internal/traffic"
)

const (
	steadyEvents  = 20_000
	startupGuilds = 200
)

// startupPayloads are the first ones of a connection.
var startupPayloads = sync.OnceValue(func() [][]byte {
	g := traffic.New(2)
	guilds := traffic.GuildIDs(0, 1, startupGuilds)
	ready := traffic.Ready(nil, traffic.ReadyOptions{SessionID: "session", ResumeURL: "wss://gateway.discord.gg", ShardCount: 1, GuildIDs: guilds})
	payloads := [][]byte{traffic.AppendPayload(nil, "READY", 1, ready)}
	for i, id := range guilds {
		payloads = append(payloads, traffic.AppendPayload(nil, "GUILD_CREATE", int64(i+2), g.GuildCreate(nil, id, 0)))
	}
	return payloads
})

// A codecTraffic is what one connection receives: the messages of a stream,
// one behind the other, as a loop reads them.
type codecTraffic struct {
	messages [][]byte
	sizes    []int // of their payloads
}

// traffic is the load's, encoded once.
func (c *codec) traffic(l *load) *codecTraffic {
	if t := c.traffics[l]; t != nil {
		return t
	}
	payloads := l.payloads()
	t := &codecTraffic{messages: c.encode(payloads)}
	all := slices.Grow(bytes.Join(t.messages, nil), 64)
	for i, m := range t.messages {
		t.messages[i] = all[:len(m)]
		all = all[len(m):]
		t.sizes = append(t.sizes, len(payloads[i]))
	}
	if c.traffics == nil {
		c.traffics = make(map[*load]*codecTraffic)
	}
	c.traffics[l] = t
	return t
}

// A flusher is an encoder that can end a message.
type flusher interface {
	io.Writer
	Flush() error
}

// flushed makes of each payload a message of one stream, which w writes into
// buf.
func flushed(w flusher, buf *bytes.Buffer, payloads [][]byte) (messages [][]byte) {
	for _, p := range payloads {
		if _, err := w.Write(p); err != nil {
			panic(err)
		}
		if err := w.Flush(); err != nil {
			panic(err)
		}
		messages = append(messages, bytes.Clone(buf.Bytes()))
		buf.Reset()
	}
	return messages
}
