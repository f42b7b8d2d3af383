package gatewaytest

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/url"
	"testing"

	"github.com/sluice-go/sluice/internal/gatewire"
	"github.com/sluice-go/sluice/internal/traffic"
)

// benchEvents is short enough for a benchmark's start, and long against a connection's.
const benchEvents = 20_000

// BenchmarkTraffic is one connection that takes all traffic and looks at nothing. The events are
// encoded before.
func BenchmarkTraffic(b *testing.B) {
	for _, useTLS := range []bool{false, true} {
		for c := range Compression(gatewire.Compressions) {
			b.Run(fmt.Sprintf("tls=%t/%v", useTLS, c), func(b *testing.B) {
				srv := NewServer(b, WithTLS(useTLS), WithTraffic(Saturated), WithEvents(benchEvents), WithIdentifyInterval(0), WithSessionStartLimit(1<<30, 1<<30))
				var total int64
				for i := int64(0); i < benchEvents; i = srv.feed(0, 1).streams[c].segmentEnd(i) {
					total += int64(len(srv.feed(0, 1).streams[c].frames(i, min(benchEvents, srv.feed(0, 1).streams[c].segmentEnd(i)))))
				}
				b.SetBytes(total)
				for b.Loop() {
					nc := benchDial(b, srv, c)
					if _, err := io.CopyN(io.Discard, nc, total); err != nil {
						b.Fatal(err)
					}
					nc.Close()
				}
				b.ReportMetric(float64(b.N)*benchEvents/b.Elapsed().Seconds(), "events/s")
				b.ReportMetric(float64(total)/benchEvents, "B/event")
			})
		}
	}
}

// BenchmarkEncode is the traffic's first use.
func BenchmarkEncode(b *testing.B) {
	const events = 2048
	corpus := newSharedCorpus(func() *traffic.Generator { return traffic.New(1) })
	corpus.at(events)
	for c := range Compression(gatewire.Compressions) {
		b.Run(c.String(), func(b *testing.B) {
			for b.Loop() {
				s := newStream(c, corpus, 1, events, segmentEvents)
				for i := int64(0); i < events; i += segmentEvents {
					s.frames(i, i+1)
				}
			}
			b.ReportMetric(float64(b.N)*events/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// benchDial connects and identifies, without waiting for an answer.
func benchDial(b *testing.B, srv *Server, c Compression) net.Conn {
	u, err := url.Parse(srv.URL())
	if err != nil {
		b.Fatal(err)
	}
	nc, err := net.Dial("tcp", u.Host)
	if err != nil {
		b.Fatal(err)
	}
	if config := srv.TLSConfig(); config != nil {
		config.ServerName = u.Hostname()
		nc = tls.Client(nc, config)
	}
	identifyAs(b, nc, srv.Token(), c, 0, 1)
	return nc
}

// identifyAs upgrades and identifies, without waiting for an answer.
func identifyAs(b *testing.B, nc net.Conn, token string, c Compression, shard, count int) {
	query := "v=10&encoding=json"
	if !c.Stateless() {
		query += "&compress=" + c.String()
	}
	fmt.Fprintf(nc, "GET /?%s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", query)
	identify := fmt.Appendf(nil, `{"op":2,"d":{"token":%q,"intents":1,"properties":{},"shard":[%d,%d],"compress":%t}}`, token, shard, count, c == CompressionPayload)
	frame := append([]byte{0x81, 0xfe, byte(len(identify) >> 8), byte(len(identify)), 0, 0, 0, 0}, identify...)
	if _, err := nc.Write(frame); err != nil {
		b.Error(err)
	}
}
