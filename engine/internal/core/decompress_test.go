package core

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/sluice-go/sluice/engine/internal/inflow"
	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/pool"
)

// zstdHeader begins a frame with a window of 256 KiB, as Discord's.
var zstdHeader = []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x40}

// zstdBlock is a raw block.
func zstdBlock(content string, last bool) []byte {
	header := len(content) << 3
	if last {
		header |= 1
	}
	return append([]byte{byte(header), byte(header >> 8), byte(header >> 16)}, content...)
}

// decoders runs a test with each decoder of zstd-stream, and with that of
// zlib-stream.
func decoders(t *testing.T, test func(t *testing.T, c compression, edit func(*settings))) {
	for _, d := range []struct {
		name    string
		c       compression
		library bool
	}{{"zlib", zlibStream, false}, {"zstd", zstdStream, false}, {"zstd of the library", zstdStream, true}} {
		t.Run(d.name, func(t *testing.T) {
			test(t, d.c, func(c *settings) { c.Inflow.Library = d.library })
		})
	}
}

// TestCutMessages: a proxy may cut a message anywhere, into any number of others.
// The payload is delivered when its last byte has come, and what was kept until then
// is given back.
func TestCutMessages(t *testing.T) {
	decoders(t, func(t *testing.T, c compression, edit func(*settings)) {
		lent := pool.Lent()
		for parts := 2; parts <= 4; parts++ {
			for cut := range 200 {
				r, e := streamRig(t, c, edit)
				got := seqs(r)
				m := e.Message(wiretest.Event(2))
				if cut > len(m) {
					break
				}
				r.binary(m[:cut])
				for rest := m[cut:]; len(rest) > 0; {
					n := max(1, len(rest)/(parts-1))
					r.binary(rest[:n])
					if rest = rest[n:]; len(rest) > 0 && len(*got) > 0 {
						t.Fatalf("delivered with %d bytes missing", len(rest))
					}
				}
				if len(*got) != 1 {
					t.Fatalf("cut at %d of %d: delivered %v, %v", cut, len(m), *got, r.core.redial.cause)
				}
				r.binary(e.Message(wiretest.Event(3)))
				if !slices.Equal(*got, []int64{2, 3}) {
					t.Fatalf("cut at %d of %d: delivered %v, %v", cut, len(m), *got, r.core.redial.cause)
				}
				if r.core.inflow.Unfinished() {
					t.Fatalf("cut at %d of %d: something is left behind", cut, len(m))
				}
				r.fail(errReset)
			}
		}
		if n := pool.Lent() - lent; n != 0 {
			t.Errorf("%d buffers are not given back", n)
		}
	})
}

// TestCutFirstMessage: also the header of the stream may be cut.
func TestCutFirstMessage(t *testing.T) {
	decoders(t, func(t *testing.T, c compression, edit func(*settings)) {
		m := wiretest.NewEncoder(t, c.String()).Message(testHello)
		for cut := range len(m) {
			r := newRig(t, func(config *settings) { config.Compression = c }, edit)
			r.dial()
			r.binary(m[:cut])
			r.want(lifecycle.AwaitingHello)
			r.binary(m[cut:])
			r.want(lifecycle.Queued)
		}
	})
}

// TestCutAtBlocks: where a message ends with a block, but the payload goes on, its
// JSON tells.
func TestCutAtBlocks(t *testing.T) {
	decoders(t, func(t *testing.T, c compression, edit func(*settings)) {
		if c != zstdStream {
			t.Skip("the end of a payload has a mark")
		}
		for cut := range len(wiretest.Event(2)) {
			r := newRig(t, func(config *settings) { config.Compression = c }, edit).streamReady()
			var data []string
			r.on(gateway.AllDispatches(), func(ev *delivery) { data = append(data, string(ev.Payload)) })
			p := wiretest.Event(2)
			r.binary(zstdBlock(p[:cut], false))
			r.binary(zstdBlock("", false))
			r.want(lifecycle.Ready)
			r.binary(zstdBlock(p[cut:cut+(len(p)-cut)/2], false))
			r.binary(zstdBlock(p[cut+(len(p)-cut)/2:], false))
			r.recv(wiretest.Event(3)) // text is no part of it
			r.binary(zstdBlock(wiretest.Event(4), false))
			if want := []string{p, wiretest.Event(3), wiretest.Event(4)}; !slices.Equal(data, want) {
				t.Fatalf("cut at %d: delivered %q, %v", cut, data, r.core.redial.cause)
			}
		}
	})
}

// streamReady brings a rig with zstd-stream to Ready, by raw blocks.
func (r *rig) streamReady() *rig {
	r.dial()
	r.binary(append(slices.Clone(zstdHeader), zstdBlock(testHello, false)...))
	r.permit()
	r.binary(zstdBlock(testReady, false))
	r.want(lifecycle.Ready)
	return r
}

// TestUnfinishedPayloads: what damage makes look like a payload that goes on swallows
// neither memory beyond MaxPayload nor events for long: the connection is resumed.
func TestUnfinishedPayloads(t *testing.T) {
	small := func(c *settings) { c.Inflow.Limit = 4096 }
	t.Run("time", func(t *testing.T) {
		decoders(t, func(t *testing.T, c compression, edit func(*settings)) {
			r, e := streamRig(t, c, edit)
			got := seqs(r)
			m := e.Message(wiretest.Event(2))
			r.binary(m[:len(m)/2])
			r.after(inflow.UnfinishedTimeout + 1)
			r.binary(m[len(m)/2:])
			r.want(lifecycle.Closing)
			if r.core.redial.cause != inflow.ErrUnfinished || len(*got) != 0 || r.core.counter.Corrupt != 1 {
				t.Errorf("delivered %v, %v", *got, r.core.redial.cause)
			}
		})
	})
	for name, message := range map[string][]byte{
		"a block":       append(slices.Clone(zstdHeader), 0, 0, 8), // raw, of 64 KiB
		"a string":      append(slices.Clone(zstdHeader), zstdBlock(`{"t":"A","s":1,"op":0,"d":{"a":"`, false)...),
		"a large frame": {0x50, 0x2a, 0x4d, 0x18, 0xff, 0x0f, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			decoders(t, func(t *testing.T, c compression, edit func(*settings)) {
				if c != zstdStream {
					t.Skip()
				}
				r := newRig(t, func(config *settings) { config.Compression = c }, edit, small)
				r.dial()
				r.binary(slices.Clone(message))
				r.want(lifecycle.AwaitingHello)
				for range 4096 / 64 {
					r.binary(zstdBlock(strings.Repeat("}", 61), false))
				}
				r.want(lifecycle.Closing)
				if r.core.redial.cause == nil || r.core.counter.Corrupt != 1 {
					t.Errorf("%v, %+v", r.core.redial.cause, r.core.counter)
				}
			})
		})
	}
}

// TestZstdFrames: skippable frames, the end of a frame, and another frame behind it
// are taken by either decoder; a checksum is passed, and not compared.
func TestZstdFrames(t *testing.T) {
	skipped := []byte{0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'a', 'b', 'c'}
	withChecksum := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x40}
	decoders(t, func(t *testing.T, c compression, edit func(*settings)) {
		if c != zstdStream {
			t.Skip()
		}
		r := newRig(t, func(config *settings) { config.Compression = c }, edit)
		got := seqs(r)
		r.dial()
		r.binary(skipped)
		r.binary(slices.Concat(skipped, zstdHeader, zstdBlock("", true), skipped, zstdHeader))
		r.binary(zstdBlock(testHello, true))
		r.want(lifecycle.Queued)
		r.permit()
		r.binary(slices.Concat(skipped, wiretest.NewEncoder(t, zstdStream.String()).Message(testReady)))
		r.want(lifecycle.Ready)
		r.binary(zstdBlock("", true))
		p := wiretest.Event(2)
		r.binary(slices.Concat(zstdHeader, zstdBlock(p[:20], true), skipped, withChecksum, zstdBlock(p[20:], true), []byte("sum?")))
		r.binary(append(slices.Clone(withChecksum), zstdBlock(wiretest.Event(3), true)...))
		r.binary([]byte("sum?"))
		r.binary(wiretest.NewEncoder(t, zstdStream.String()).Message(wiretest.Event(4)))
		if !slices.Equal(*got, []int64{1, 2, 3, 4}) {
			t.Errorf("delivered %v, %v", *got, r.core.redial.cause)
		}
	})
}

// TestMaxWindow: a stream's window may be as large as Config.MaxWindow says, and the
// error for a larger one says what to do.
func TestMaxWindow(t *testing.T) {
	for _, test := range []struct {
		config int
		window int // of the encoder
		want   string
	}{
		{0, 8 << 20, ""},
		{0, 16 << 20, "asks for a window of 16777216 bytes, but Config.MaxWindow is 8388608; raise it"},
		{16 << 20, 16 << 20, ""},
		{16<<20 - 1, 16 << 20, "Config.MaxWindow is 16777215"},
		{1 << 10, 1 << 10, ""},
		{1 << 10, 2 << 10, "Config.MaxWindow is 1024"},
		{math.MaxInt32, 128 << 20, ""},
	} {
		decoders(t, func(t *testing.T, c compression, edit func(*settings)) {
			if c != zstdStream {
				t.Skip()
			}
			var out bytes.Buffer
			w, err := zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(test.window), zstd.WithLowerEncoderMem(true))
			if err != nil {
				t.Fatal(err)
			}
			w.Write([]byte(testHello))
			w.Flush()
			r := newRig(t, func(config *settings) { config.Compression, config.Inflow.MaxWindow = c, test.config }, edit)
			r.dial()
			r.binary(out.Bytes())
			if test.want == "" {
				r.want(lifecycle.Queued)
			} else if r.want(lifecycle.Closing); !strings.Contains(r.core.redial.cause.Error(), test.want) {
				t.Errorf("%v, want %s", r.core.redial.cause, test.want)
			}
		})
	}
}

// TestRefusedBombs: a bomb leaves nothing of its size with anyone.
func TestRefusedBombs(t *testing.T) {
	decoders(t, func(t *testing.T, c compression, edit func(*settings)) {
		lent := pool.LentBytes()
		r, e := streamRig(t, c, edit, func(config *settings) { config.Inflow.Limit = 1 << 20 })
		r.binary(e.Message(fmt.Sprintf(`{"t":"A","s":2,"op":0,"d":"%s"}`, strings.Repeat(" ", 2<<20))))
		r.want(lifecycle.Closing)
		if r.core.redial.cause != inflow.ErrTooLarge {
			t.Errorf("%v", r.core.redial.cause)
		}
		r.fail(errReset)
		if n := pool.LentBytes() - lent; n != 0 {
			t.Errorf("%d bytes are not given back", n)
		}
	})
}
