package core

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/engine/internal/inflow"
	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/traffic"
	"github.com/sluice-go/sluice/pool"
)

// binary gives the core a binary message.
func (r *rig) binary(message []byte) {
	r.frames(frame.AppendServerFrame(nil, frame.OpBinary, message))
}

// stream is a rig that is ready over a compression, with its encoder.
func streamRig(t testing.TB, c compression, edit ...func(*settings)) (*rig, *wiretest.Encoder) {
	r := newRig(t, append([]func(*settings){func(config *settings) { config.Compression = c }}, edit...)...)
	e := wiretest.NewEncoder(t, c.String())
	r.dial()
	r.binary(e.Message(testHello))
	r.permit()
	r.binary(e.Message(testReady))
	r.want(lifecycle.Ready)
	return r, e
}

// TestRealHellos: the first messages of Discord's own, byte for byte.
func TestRealHellos(t *testing.T) {
	for c, message := range map[compression][]byte{zlibStream: traffic.HelloZlib, zstdStream: traffic.HelloZstd} {
		r := newRig(t, func(config *settings) { config.Compression = c })
		var got string
		r.on(gateway.Events(gateway.EventHello), func(ev *delivery) { got = string(ev.Payload) })
		r.dial()
		r.binary(message)
		r.want(lifecycle.Queued)
		if want := map[compression][]byte{zlibStream: traffic.HelloZlibJSON, zstdStream: traffic.HelloZstdJSON}[c]; got != string(want) {
			t.Errorf("%v: %s", c, got)
		}
	}
}

// TestPain19_OneContextPerConnection: after a reconnect the stream begins anew.
func TestPain19_OneContextPerConnection(t *testing.T) {
	for _, c := range []compression{zlibStream, zstdStream} {
		r, e := streamRig(t, c)
		got := seqs(r)
		r.binary(e.Message(wiretest.Event(2)))
		half := e.Message(wiretest.Event(3))
		r.binary(half[:len(half)/2]) // goes on in a message that never comes
		r.fail(errReset)
		r.dial()
		e = wiretest.NewEncoder(t, c.String())
		r.binary(e.Message(testHello))
		r.want(lifecycle.Resuming)
		r.binary(e.Message(wiretest.Event(3)))
		r.binary(e.Message(`{"t":"RESUMED","s":3,"op":0,"d":{}}`))
		r.want(lifecycle.Ready)
		if !slices.Equal(*got, []int64{2, 3, 3}) {
			t.Errorf("%v: delivered %v", c, *got)
		}
	}
}

// TestPain20_LargePayloads: output grows up to the limit, whole.
func TestPain20_LargePayloads(t *testing.T) {
	for c := zlibStream; c <= noCompression; c++ {
		r, e := streamRig(t, c, func(config *settings) { config.Inflow.Limit = 1 << 20 })
		var got []int
		r.on(gateway.AllDispatches(), func(ev *delivery) {
			if !json.Valid(ev.Payload) {
				t.Errorf("%v: damaged", c)
			}
			got = append(got, len(ev.Payload))
		})
		noise := make([]byte, 1<<20)
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range noise {
			noise[i] = 'a' + byte(rng.IntN(26))
		}
		var want []int
		sizes := []int{1 << 10, 65_000, 66_000, 130_000, 132_000, 300_000, 1<<20 - 100}
		if pool.Poisoning {
			sizes = sizes[:4]
		}
		for i, n := range sizes {
			payload := fmt.Sprintf(`{"t":"GUILD_CREATE","s":%d,"op":0,"d":{"x":"%s"}}`, i+2, noise[:n])
			want = append(want, len(payload))
			r.binary(e.Message(payload))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%v: %v, want %v", c, got, want)
		}
		r.want(lifecycle.Ready)
		r.binary(e.Message(`{"t":"GUILD_CREATE","s":9,"op":0,"d":{"x":"` + string(noise) + `"}}`))
		r.want(lifecycle.Closing)
		if r.lastSent() != "close 4000" || r.core.counter.Corrupt+r.core.counter.Violations != 1 {
			t.Errorf("%v, over the limit: %s, %+v", c, r.lastSent(), r.core.counter)
		}
	}
}

// TestBombs: a small message that would become gigabytes is given up at the limit.
func TestBombs(t *testing.T) {
	zero := strings.Repeat(" ", 16<<20)
	var flat bytes.Buffer
	w := zlib.NewWriter(&flat)
	_, _ = w.Write([]byte(zero))
	_ = w.Flush()
	bomb := flat.Bytes()
	_ = w.Close()
	// A zstd frame with a window of 256 KiB, and RLE blocks of 128 KiB each.
	rle := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x40}
	const header = 128<<10<<3 | 1<<1
	for range 16 << 10 { // 2 GiB
		rle = append(rle, header&0xff, header>>8&0xff, header>>16, ' ')
	}
	for name, test := range map[string]struct {
		c       compression
		message []byte
	}{
		"zlib": {zlibStream, bomb}, "zstd": {zstdStream, rle}, "payload": {payloadCompression, flat.Bytes()}, "unasked": {noCompression, flat.Bytes()},
	} {
		r := newRig(t, func(config *settings) { config.Compression, config.Inflow.Limit = test.c, 1<<18 })
		r.dial()
		r.binary(test.message)
		r.want(lifecycle.Closing)
		if r.core.counter.Corrupt != 1 || r.core.redial.cause != inflow.ErrTooLarge {
			t.Errorf("%s: %v", name, r.core.redial.cause)
		}
	}
}

// TestSplitPayloads: a payload may span messages, also where zlib's end marker
// stands inside of it.
func TestSplitPayloads(t *testing.T) {
	// Stored blocks hold the marker's own bytes wherever the payload has them.
	var stored bytes.Buffer
	w, _ := zlib.NewWriterLevel(&stored, zlib.NoCompression)
	messages := func(payload string) []byte {
		stored.Reset()
		_, _ = w.Write([]byte(payload))
		_ = w.Flush()
		return bytes.Clone(stored.Bytes())
	}
	r := newRig(t, func(config *settings) { config.Compression = zlibStream })
	var data []byte
	r.on(gateway.AllDispatches(), func(ev *delivery) { data = bytes.Clone(ev.Data) })
	r.dial()
	r.binary(messages(testHello))
	r.permit()
	r.binary(messages(testReady))
	marked := "{\"t\":\"MESSAGE_CREATE\",\"s\":2,\"op\":0,\"d\":{\"x\":\"\x00\x00\xff\xff\x00\x00\xff\xff\"}}"
	m := messages(marked)
	at := bytes.Index(m, []byte{0, 0, 0xff, 0xff}) + 4
	r.binary(m[:at])
	r.binary(m[at : at+4])
	r.want(lifecycle.Ready)
	r.binary(m[at+4:])
	if string(data) != "{\"x\":\"\x00\x00\xff\xff\x00\x00\xff\xff\"}" {
		t.Errorf("delivered %q", data)
	}
}

// TestEmptyFlushes are no events, and harm nothing.
func TestEmptyFlushes(t *testing.T) {
	flush := []byte{0, 0, 0, 0xff, 0xff}
	r, e := streamRig(t, zlibStream)
	got := seqs(r)
	r.binary(flush)
	r.binary(append(slices.Clone(flush), flush...))
	r.binary(append(slices.Clone(flush), e.Message(wiretest.Event(2))...))
	r.binary(append(e.Message(wiretest.Event(3)), flush...))
	r.binary(nil)
	r.binary(e.Message(wiretest.Event(4)))
	if !slices.Equal(*got, []int64{2, 3, 4}) {
		t.Errorf("zlib: delivered %v, %v", *got, r.core.redial.cause)
	}
	empty := []byte{0, 0, 0}
	r, e = streamRig(t, zstdStream)
	got = seqs(r)
	r.binary(empty)
	r.binary(append(slices.Clone(empty), empty...))
	r.binary(append(slices.Clone(empty), e.Message(wiretest.Event(2))...))
	r.binary(append(e.Message(wiretest.Event(3)), empty...))
	r.binary(nil)
	r.binary(e.Message(wiretest.Event(4)))
	if !slices.Equal(*got, []int64{2, 3, 4}) {
		t.Errorf("zstd: delivered %v, %v", *got, r.core.redial.cause)
	}
	// A frame header alone, then its first block.
	e = wiretest.NewEncoder(t, zstdStream.String())
	m := e.Message(testHello)
	n := len(zstdHeader)
	r = newRig(t, func(config *settings) { config.Compression = zstdStream })
	r.dial()
	r.binary(m[:n])
	r.binary(m[n:])
	r.want(lifecycle.Queued)
}

// TestUnaskedCompression: a zlib-wrapped binary frame is taken also where nothing
// was negotiated; text frames are taken under every compression.
func TestUnaskedCompression(t *testing.T) {
	for c := zlibStream; c <= noCompression; c++ {
		r, _ := streamRig(t, c)
		got := seqs(r)
		r.recv(wiretest.Event(2))
		if c == payloadCompression || c == noCompression {
			r.binary(wiretest.NewEncoder(t, payloadCompression.String()).Message(wiretest.Event(3)))
			r.binary([]byte(wiretest.Event(4)))
		}
		want := []int64{2, 3, 4}
		if c < payloadCompression {
			want = want[:1]
		}
		if !slices.Equal(*got, want) {
			t.Errorf("%v: delivered %v, want %v", c, *got, want)
		}
		r.want(lifecycle.Ready)
	}
}

// TestDamage: truncated and flipped messages under every compression never panic
// or hang; what is noticed closes with 4000, is counted once, and resumed; what
// is not noticed is an event of the sequence.
func TestDamage(t *testing.T) {
	for c := zlibStream; c <= payloadCompression; c++ {
		noticed := 0
		rng := rand.New(rand.NewPCG(uint64(c), 1))
		for range 100 {
			r, e := streamRig(t, c)
			m := e.Message(wiretest.Event(2))
			if rng.IntN(4) == 0 {
				m = m[:rng.IntN(len(m))]
			} else {
				m[rng.IntN(len(m))] ^= 1 << rng.IntN(8)
			}
			r.binary(m)
			switch r.core.state {
			case lifecycle.Ready:
			case lifecycle.Closing:
				noticed++
				if r.lastSent() != "close 4000" || r.core.counter.Corrupt != 1 {
					t.Fatalf("%v: %s, %+v", c, r.lastSent(), r.core.counter)
				}
				r.peerClose(4000, "")
				if r.core.nextStep() != "resume" {
					t.Fatalf("%v: the session is gone", c)
				}
			default:
				t.Fatalf("%v: %v", c, r.core.state)
			}
		}
		if noticed < 15 {
			t.Errorf("%v: %d of 100 damages were noticed", c, noticed)
		}
	}
}

// TestBadStreams are refused with a cause that says what is wrong, by either
// decoder of zstd-stream.
func TestBadStreams(t *testing.T) {
	for _, test := range []struct {
		c            compression
		message      []byte
		own, library string
	}{
		{zlibStream, []byte("{\"op\":1}\x00\x00\xff\xff"), "zlib-stream", ""},
		{zlibStream, []byte{0x78, 0x9d, 0, 0, 0, 0xff, 0xff}, "header", ""},
		{zstdStream, []byte("{\"op\":1}"), "magic number", "magic number"},
		{zstdStream, []byte("{}"), "magic number", "magic number"},
		{zstdStream, append(slices.Clone(zstdHeader), 6, 0, 0), "reserved block type", "reserved block type"},
		{zstdStream, append(slices.Clone(zstdHeader), 0xfc, 0xff, 0xff), "maximum size", "maximum size"},
		{zstdStream, append(slices.Clone(zstdHeader), 12, 0, 0, 'x'), "literals", "zstd-stream"},
		{zstdStream, []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0xf8, 8, 0, 0, 'x'}, "Config.MaxWindow is 8388608", "Config.MaxWindow is 8388608"}, // of terabytes
		{zstdStream, []byte{0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 4, 'x'}, "MaxPayload", "MaxPayload"},                                            // a skippable frame of 64 MiB and a byte
		{payloadCompression, []byte{0x78, 0x9c, 0, 0}, "payload compression", ""},
		{payloadCompression, append(wiretest.NewEncoder(t, payloadCompression.String()).Message(testHello), 0), "payload compression", ""},
	} {
		causes := map[bool]string{false: test.own, true: test.library}
		for library, cause := range causes {
			if cause == "" {
				continue
			}
			if !inflow.OwnZstd && test.c == zstdStream {
				cause = test.library
			}
			r := newRig(t, func(config *settings) { config.Compression, config.Inflow.Library = test.c, library })
			r.dial()
			r.binary(test.message)
			if r.core.state != lifecycle.Closing || !strings.Contains(r.core.redial.cause.Error(), cause) {
				t.Errorf("%v %x: %v, %v; want %s", test.c, test.message, r.core.state, r.core.redial.cause, cause)
			}
		}
	}
}

// FuzzMessage cuts a compressed stream up, flips a bit of it, and checks what
// reaches callbacks: events in sequence; without damage, exactly what was sent.
func FuzzMessage(f *testing.F) {
	f.Add(uint8(0), []byte("hello"), uint16(3), uint16(0), uint8(0))
	f.Add(uint8(1), []byte("hello hello hello"), uint16(30), uint16(9), uint8(1))
	f.Add(uint8(2), []byte{0, 0, 0xff, 0xff}, uint16(1), uint16(0), uint8(0))
	f.Add(uint8(3), []byte("x"), uint16(60000), uint16(5), uint8(128))
	f.Fuzz(func(t *testing.T, which uint8, content []byte, cut, at uint16, flip uint8) {
		c := compression(which % 4)
		r, e := streamRig(t, c, func(config *settings) { config.Inflow.Limit = 1 << 16 })
		var got []string
		last := int64(1)
		r.on(gateway.AllDispatches(), func(ev *delivery) {
			if ev.Seq != 0 && ev.Seq <= last {
				t.Errorf("sequence %d after %d", ev.Seq, last)
			}
			last = max(last, ev.Seq)
			got = append(got, string(ev.Payload))
		})
		quoted, _ := json.Marshal(string(content))
		var want []string
		var wire []byte
		for seq := 2; seq < 5; seq++ {
			want = append(want, fmt.Sprintf(`{"t":"MESSAGE_CREATE","s":%d,"op":0,"d":{"x":%s}}`, seq, quoted))
			m := e.Message(want[seq-2])
			if c <= zstdStream && len(m) > 0 { // a payload may span messages
				n := int(cut) % len(m)
				wire = frame.AppendServerFrame(wire, frame.OpBinary, m[:n])
				m = m[n:]
			}
			wire = frame.AppendServerFrame(wire, frame.OpBinary, m)
		}
		wire[int(at)%len(wire)] ^= flip
		n := int(cut) % len(wire)
		r.frames(slices.Clone(wire[:n]))
		r.frames(slices.Clone(wire[n:]))
		if flip == 0 && !slices.Equal(got, want) {
			t.Errorf("%v: got %q, want %q (%v, %v)", c, got, want, r.core.state, r.core.redial.cause)
		}
		if s := r.core.state; s != lifecycle.Ready && s != lifecycle.Closing && s != lifecycle.Disconnected && s != lifecycle.Stopped && s != lifecycle.Queued && s != lifecycle.Resuming {
			t.Errorf("state %v", s)
		}
		r.fail(errReset)
		if r.core.rest != nil || r.core.inflow.IsOpen() {
			t.Error("the connection left something behind")
		}
	})
}
