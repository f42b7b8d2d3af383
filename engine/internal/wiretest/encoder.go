package wiretest

import (
	"bytes"
	"compress/zlib"
	"testing"

	stable "github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// Encoder makes messages of payloads. It is the gateway's side of a compression.
type Encoder struct {
	Plain bool // messages are text

	out    bytes.Buffer
	zlib   *stable.Writer // Go's own makes other references in each version
	zstd   *zstd.Encoder
	single *zlib.Writer // for payload compression: each payload is a stream of its own
}

// NewEncoder returns the encoder of one connection with a compression, by its name:
// zlib-stream, zstd-stream, payload or none.
func NewEncoder(tb testing.TB, compression string) *Encoder {
	tb.Helper()
	e := &Encoder{}
	switch compression {
	case "zlib-stream":
		e.zlib = stable.NewWriter(&e.out)
	case "zstd-stream":
		var err error
		e.zstd, err = zstd.NewWriter(&e.out, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(256<<10),
			zstd.WithEncoderCRC(false), zstd.WithSingleSegment(false))
		if err != nil {
			tb.Fatal(err)
		}
	case "payload":
		e.single = zlib.NewWriter(nil)
	case "none":
		e.Plain = true
	default:
		tb.Fatalf("wiretest: no compression %q", compression)
	}
	return e
}

// Message returns the WebSocket message of a payload.
func (e *Encoder) Message(payload string) []byte {
	e.out.Reset()
	switch {
	case e.zlib != nil:
		_, _ = e.zlib.Write([]byte(payload))
		_ = e.zlib.Flush()
	case e.zstd != nil:
		_, _ = e.zstd.Write([]byte(payload))
		_ = e.zstd.Flush()
	case e.single != nil:
		e.single.Reset(&e.out)
		_, _ = e.single.Write([]byte(payload))
		_ = e.single.Close()
	default:
		return []byte(payload)
	}
	return bytes.Clone(e.out.Bytes())
}
