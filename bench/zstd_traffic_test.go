package bench

import (
	"bytes"
	"sync"

	"github.com/klauspost/compress/zstd"

	"github.com/sluice-go/sluice/internal/traffic"
)

// A zstdTraffic is what one connection receives: the messages of a stream.
type zstdTraffic struct {
	messages [][]byte
	sizes    []int // of their payloads
}

// zstdWindow is that of Discord's gateway.
const zstdWindow = 256 << 10

var (
	zstdSteady = sync.OnceValue(func() *zstdTraffic {
		g := traffic.New(1)
		var payloads [][]byte
		for i := range steadyEvents {
			payloads = append(payloads, g.AppendEvent(nil, int64(i+1)))
		}
		return newZstdTraffic(payloads)
	})
	zstdStartup = sync.OnceValue(func() *zstdTraffic {
		g := traffic.New(2)
		guilds := traffic.GuildIDs(3, 16, 200)
		ready := traffic.Ready(nil, traffic.ReadyOptions{SessionID: "0123456789abcdef", GuildIDs: guilds})
		payloads := [][]byte{traffic.AppendPayload(nil, "READY", 1, ready)}
		for i, id := range guilds {
			payloads = append(payloads, traffic.AppendPayload(nil, "GUILD_CREATE", int64(i+2), g.GuildCreate(nil, id, 0)))
		}
		return newZstdTraffic(payloads)
	})
)

// newZstdTraffic compresses the payloads as one stream.
func newZstdTraffic(payloads [][]byte) *zstdTraffic {
	t := &zstdTraffic{messages: zstdCompress(payloads)}
	for _, p := range payloads {
		t.sizes = append(t.sizes, len(p))
	}
	return t
}

// zstdCompress compresses with klauspost's encoder. A build tag has libzstd
// do it, at the level and with the window of Discord's gateway.
var zstdCompress = func(payloads [][]byte) (messages [][]byte) {
	var buf bytes.Buffer
	w, err := zstd.NewWriter(&buf, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithWindowSize(zstdWindow))
	if err != nil {
		panic(err)
	}
	for _, p := range payloads {
		w.Write(p)
		w.Flush()
		messages = append(messages, bytes.Clone(buf.Bytes()))
		buf.Reset()
	}
	return messages
}
