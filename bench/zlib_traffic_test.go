package bench

import (
	"bytes"
	"compress/zlib"
	"slices"
	"sync"

	"github.com/sluice-go/sluice/internal/traffic"
)

// A zlibTraffic is what one connection receives: the messages of a stream,
// one behind the other, as a loop reads them.
type zlibTraffic struct {
	messages [][]byte
	sizes    []int // of their payloads
}

const (
	steadyEvents  = 20_000
	startupGuilds = 200
)

var steadyTraffic = sync.OnceValue(func() *zlibTraffic {
	g := traffic.New(1)
	var payloads [][]byte
	for i := range steadyEvents {
		payloads = append(payloads, g.AppendEvent(nil, int64(i+1)))
	}
	return newZlibTraffic(payloads)
})

var startupTraffic = sync.OnceValue(func() *zlibTraffic {
	g := traffic.New(2)
	guilds := traffic.GuildIDs(0, 1, startupGuilds)
	ready := traffic.Ready(nil, traffic.ReadyOptions{SessionID: "session", ResumeURL: "wss://gateway.discord.gg", ShardCount: 1, GuildIDs: guilds})
	payloads := [][]byte{traffic.AppendPayload(nil, "READY", 1, ready)}
	for i, id := range guilds {
		payloads = append(payloads, traffic.AppendPayload(nil, "GUILD_CREATE", int64(i+2), g.GuildCreate(nil, id, 0)))
	}
	return newZlibTraffic(payloads)
})

// zlibCompress makes of each payload a message of one stream.
var zlibCompress = func(payloads [][]byte) (messages [][]byte) {
	var buf bytes.Buffer
	w := zlib.NewWriter(&buf)
	for _, p := range payloads {
		w.Write(p)
		w.Flush()
		messages = append(messages, bytes.Clone(buf.Bytes()))
		buf.Reset()
	}
	return messages
}

func newZlibTraffic(payloads [][]byte) *zlibTraffic {
	t := &zlibTraffic{messages: zlibCompress(payloads)}
	all := slices.Grow(bytes.Join(t.messages, nil), 64)
	for i, m := range t.messages {
		t.messages[i] = all[:len(m)]
		all = all[len(m):]
		t.sizes = append(t.sizes, len(payloads[i]))
	}
	return t
}
