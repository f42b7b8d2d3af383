package core

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/pool"
)

func TestRefusedResumeURL(t *testing.T) {
	allowed := []string{"example.com"}
	tests := []struct {
		resume, first, cause string // cause: a part of it, "" for allowed
	}{
		{"wss://gateway-us-east1-b.discord.gg", "wss://gateway.discord.gg", ""},
		{"wss://discord.gg", "wss://gateway.discord.gg", ""},
		{"wss://GATEWAY.Discord.GG:443/", "wss://gateway.discord.gg", ""},
		{"wss://a.example.com", "wss://gateway.discord.gg", ""},
		{"wss://proxy.lan:9", "wss://proxy.lan:8", ""},
		{"ws://127.0.0.1:2", "ws://localhost:1", ""},
		{"wss://[::1]:2", "wss://127.0.0.1:1", ""},
		{"ws://gateway.discord.gg", "wss://gateway.discord.gg", "not encrypted"},
		{"wss://evil.com", "wss://gateway.discord.gg", "neither"},
		{"wss://discord.gg.evil.com", "wss://gateway.discord.gg", "neither"},
		{"wss://notdiscord.gg", "wss://gateway.discord.gg", "neither"},
		{"wss://evil.com/discord.gg", "wss://gateway.discord.gg", "neither"},
		{"wss://discord.gg@evil.com", "wss://gateway.discord.gg", "no WebSocket URL"},
		{"wss://127.0.0.1:1", "wss://gateway.discord.gg", "neither"},
		{"https://gateway.discord.gg", "wss://gateway.discord.gg", "no WebSocket URL"},
		{"", "wss://gateway.discord.gg", "no WebSocket URL"},
		{"wss://", "wss://gateway.discord.gg", "no WebSocket URL"},
		{"wss://a b", "wss://gateway.discord.gg", "no WebSocket URL"},
		{"wss://gateway.discord.gg", "::", "first URL"},
	}
	for _, test := range tests {
		got := refusedResumeURL(test.resume, test.first, allowed)
		if (got == "") != (test.cause == "") || !strings.Contains(got, test.cause) {
			t.Errorf("%q after %q: %q, want %q", test.resume, test.first, got, test.cause)
		}
	}
}

// TestForeignResumeURL: the token is not taken to a host that is not allowed; the
// resume goes to the first URL.
func TestForeignResumeURL(t *testing.T) {
	r := newRig(t)
	r.dial()
	r.recv(testHello)
	r.permit()
	r.recv(strings.Replace(testReady, "us-east1-b.discord.gg", "evil.com", 1))
	r.want(lifecycle.Ready)
	r.fail(errReset)
	r.dial()
	if r.lastDial() != "wss://gateway.discord.gg/?v=10&encoding=json" {
		t.Errorf("dialled %s", r.lastDial())
	}
	r.recv(testHello)
	r.want(lifecycle.Resuming)
}

func TestWithQuery(t *testing.T) {
	tests := []struct {
		base        string
		compression compression
		want        string
	}{
		{"wss://gateway.discord.gg", zlibStream, "wss://gateway.discord.gg/?v=10&encoding=json&compress=zlib-stream"},
		{"wss://gateway.discord.gg/", zstdStream, "wss://gateway.discord.gg/?v=10&encoding=json&compress=zstd-stream"},
		{"wss://a:1/p?v=9&key=x", payloadCompression, "wss://a:1/p?v=10&encoding=json&key=x"},
		{"ws://a?compress=zstd-stream", noCompression, "ws://a/?v=10&encoding=json"},
	}
	for _, test := range tests {
		if got := withQuery(test.base, test.compression.query()); got != test.want {
			t.Errorf("withQuery(%q, %v) = %q, want %q", test.base, test.compression, got, test.want)
		}
	}
}

// seqs collects the sequences that callbacks see.
func seqs(r *rig) *[]int64 {
	list := new([]int64)
	r.on(gateway.AllDispatches(), func(ev *delivery) { *list = append(*list, ev.Seq) })
	return list
}

// TestSequences: nothing is delivered twice, whatever the gateway repeats;
// repeats are counted; the sequence advances whatever callbacks ask for.
func TestSequences(t *testing.T) {
	r := newRig(t)
	got := seqs(r)
	r.ready()
	for _, seq := range []int64{2, 3, 3, 1, 2, 4, 5, 4, 6} {
		r.event(seq)
	}
	r.recv(testReady) // of the same session
	r.recv(`{"t":"RESUMED","s":6,"op":0,"d":{}}`)
	if want := []int64{1, 2, 3, 4, 5, 6}; !slices.Equal(*got, want) {
		t.Errorf("delivered %v, want %v", *got, want)
	}
	if c := r.core.counter; c.Repeats != 6 || c.Gaps != 0 || c.Missing != 0 || c.Events != 6 {
		t.Errorf("%+v", c)
	}
	r.fail(errReset)
	r.dial()
	r.recv(testHello)
	if want := `"seq":6`; !strings.Contains(r.lastSent(), want) {
		t.Errorf("resumed with %s, want %s", r.lastSent(), want)
	}
}

// TestReplay marks what a resume brings, and nothing of it twice.
func TestReplay(t *testing.T) {
	r := newRig(t).ready()
	r.event(2)
	r.fail(errReset)
	var got []string
	r.on(gateway.AllDispatches(), func(ev *delivery) {
		got = append(got, fmt.Sprintf("%d %v", ev.Seq, ev.Replayed))
	})
	r.dial()
	r.recv(testHello)
	r.event(2)
	r.event(3)
	r.recv(`{"t":"RESUMED","s":3,"op":0,"d":{}}`)
	r.event(4)
	if want := "[3 true 3 false 4 false]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
	if r.core.counter.Replayed != 1 {
		t.Errorf("replayed %d", r.core.counter.Replayed)
	}
}

// TestPain03_NothingOfTheOldConnection: bytes of an unfinished frame or message
// die with their connection.
func TestPain03_NothingOfTheOldConnection(t *testing.T) {
	lent := pool.Lent()
	r := newRig(t).ready()
	half := frame.AppendServerFrame(nil, frame.OpText, []byte(testAck))
	r.frames(half[:10])
	if r.core.rest == nil {
		t.Fatal("the unfinished frame was not kept")
	}
	r.frames(half[10:20])
	fragment := []byte{0x01, 3, 'a', 'b', 'c'}
	r.fail(errReset)
	r.dial()
	r.recv(testHello)
	r.frames(fragment)
	r.fail(errReset)
	if got := pool.Lent(); got != lent {
		t.Errorf("%d buffers are still on loan", got-lent)
	}
	r.dial()
	r.recv(testHello)
	r.want(lifecycle.Resuming)
}

// TestSplitEverywhere: the same events, however the bytes are cut.
func TestSplitEverywhere(t *testing.T) {
	var stream []byte
	for seq := int64(2); seq < 30; seq++ {
		payload := fmt.Sprintf(`{"t":"MESSAGE_CREATE","s":%d,"op":0,"d":{"c":"%s"}}`, seq, strings.Repeat("x", int(seq*seq)))
		if seq%3 == 0 { // in two fragments
			cut := len(payload) / 2
			first := frame.AppendServerFrame(nil, frame.OpText, []byte(payload[:cut]))
			first[0] &^= 0x80
			stream = append(stream, first...)
			stream = frame.AppendServerFrame(stream, frame.OpContinuation, []byte(payload[cut:]))
			continue
		}
		stream = frame.AppendServerFrame(stream, frame.OpText, []byte(payload))
	}
	for size := 1; size < 2000; size = size*3/2 + 1 {
		lent := pool.Lent()
		r := newRig(t)
		got := seqs(r)
		r.ready()
		for rest := stream; len(rest) > 0; {
			n := min(size, len(rest))
			r.frames(slices.Clone(rest[:n]))
			rest = rest[n:]
		}
		if len(*got) != 29 || (*got)[28] != 29 {
			t.Errorf("cut into %d bytes: %v", size, *got)
		}
		r.fail(errReset)
		if pool.Lent() != lent {
			t.Errorf("cut into %d bytes: buffers are still on loan", size)
		}
	}
}

// TestLargeFrameLeavesNothing: the buffer of an unfinished frame is as large as
// what is unfinished.
func TestLargeFrameLeavesNothing(t *testing.T) {
	r := newRig(t).ready()
	large := frame.AppendServerFrame(nil, frame.OpText, []byte(`{"op":11,"d":"`+strings.Repeat("x", 1<<20)+`"}`))
	r.frames(large[:1<<19])
	r.frames(append(slices.Clone(large[1<<19:]), 0x81))
	if got := cap(r.core.rest.B); got > 4<<10 {
		t.Errorf("one byte is kept in %d", got)
	}
	// A header that promises much costs nothing before it comes.
	r = newRig(t).ready()
	r.frames([]byte{0x82, 127, 0, 0, 0, 0, 3, 0, 0, 0})
	if got := cap(r.core.rest.B); got > 4<<10 {
		t.Errorf("a header of 48 MiB costs %d bytes", got)
	}
}

// TestReadyWithoutSession is damage: there would be nothing to resume.
func TestReadyWithoutSession(t *testing.T) {
	for _, d := range []string{`{}`, `null`, `{"session_id":""}`, `{"session_id":5}`, `{"session_id":"a"`} {
		r := newRig(t)
		r.dial()
		r.recv(testHello)
		r.permit()
		r.recv(`{"t":"READY","s":1,"op":0,"d":` + d + `}`)
		r.want(lifecycle.Closing)
		if r.core.counter.Corrupt != 1 {
			t.Errorf("%s: not counted", d)
		}
	}
	// A session id that could not be sent back is given up when it is needed.
	r := newRig(t)
	r.dial()
	r.recv(testHello)
	r.permit()
	r.recv(strings.Replace(testReady, "abc", strings.Repeat("x", 5000), 1))
	r.want(lifecycle.Ready)
	r.fail(errReset)
	r.dial()
	r.recv(testHello)
	r.want(lifecycle.Closing)
	r.timer()
	r.dial()
	r.recv(testHello)
	r.want(lifecycle.Queued)
}

// TestBadEnvelopes close with 4000, are counted and resumed.
func TestBadEnvelopes(t *testing.T) {
	for _, p := range []string{
		``, ` `, `null`, `[]`, `{}`, `{"op":-1}`, `{"op":1.5}`, `{"op":"0"}`, `{"op":0`, `{"op":0}}`, `x`,
		`{"op":0,"s":-1}`, `{"op":0,"s":"1"}`, `{"op":0,"t":5}`, `{"op":99999999999999999999}`, `{"op":0,"op":0}`,
	} {
		r := newRig(t).ready()
		r.recv(p)
		if p == `` { // an empty message is no payload
			r.want(lifecycle.Ready)
			continue
		}
		r.want(lifecycle.Closing)
		if r.lastSent() != "close 4000" || r.core.counter.Corrupt != 1 {
			t.Errorf("%s: sent %q, counted %d", p, r.lastSent(), r.core.counter.Corrupt)
		}
		r.peerClose(4000, "")
		if r.core.nextStep() != "resume" {
			t.Errorf("%s: the session is gone", p)
		}
	}
}
