package trace

import (
	"bytes"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/sluice-go/sluice/internal/traffic"
	"github.com/sluice-go/sluice/lazyjson"
)

// steady returns payloads of a bot's traffic, with its READY and some guilds in front.
func steady(n int) [][]byte {
	g := traffic.New(1)
	guilds := traffic.GuildIDs(0, 1, 4)
	payloads := [][]byte{traffic.AppendPayload(nil, "READY", 1, traffic.Ready(nil, traffic.ReadyOptions{
		SessionID: "0123456789abcdef0123456789abcdef", ResumeURL: "wss://gateway-us-east1-b.discord.gg", ShardCount: 1, GuildIDs: guilds,
	}))}
	for i, id := range guilds {
		payloads = append(payloads, traffic.AppendPayload(nil, "GUILD_CREATE", int64(2+i), g.GuildCreate(nil, id, 30_000)))
	}
	for i := range n {
		payloads = append(payloads, g.AppendEvent(nil, int64(6+i)))
	}
	return payloads
}

// packed returns how long payloads are when they are compressed in one piece.
func packed(payloads [][]byte) int {
	e, _ := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithEncoderConcurrency(1))
	defer e.Close()
	return len(e.EncodeAll(bytes.Join(payloads, nil), nil))
}

func TestRedactTraffic(t *testing.T) {
	events := 20_000
	if testing.Short() {
		events = 5000
	}
	payloads := steady(events)
	redacted := make([][]byte, len(payloads))
	r := NewRedactor([]byte("key"))
	for i, p := range payloads {
		redacted[i] = bytes.Clone(p)
		if err := r.Redact(redacted[i]); err != nil {
			t.Fatal(err)
		}
		if !lazyjson.Valid(redacted[i]) || len(redacted[i]) != len(p) {
			t.Fatalf("%s\nbecame\n%s", p, redacted[i])
		}
	}
	before, after := packed(payloads), packed(redacted)
	ratio := float64(after) / float64(before)
	t.Logf("compressed: %d bytes before, %d after: %.3f", before, after, ratio)
	if ratio < 0.9 || ratio > 1.1 {
		t.Errorf("redaction changes the compressed size by a factor of %.3f", ratio)
	}
	again := bytes.Clone(payloads[100])
	if err := NewRedactor([]byte("key")).Redact(again); err != nil || !bytes.Equal(again, redacted[100]) {
		t.Error("the same key gives other replacements")
	}
	t.Logf("%s", payloads[7])
	t.Logf("%s", redacted[7])
	t.Logf("%s", payloads[40])
	t.Logf("%s", redacted[40])
}

// TestSnowflakes: ids keep their length and their order of creation, and distinct ones stay so.
func TestSnowflakes(t *testing.T) {
	r := NewRedactor([]byte("another key"))
	random := rand.New(rand.NewPCG(1, 2))
	seen := make(map[string]string)
	var last, lastMoved string
	at := uint64(1e16) + 1<<23
	moved, changed := 0, 0
	for at < 5e18 {
		id := strconv.FormatUint(at>>22<<22|uint64(random.IntN(1024))<<12|uint64(random.IntN(1024)), 10)
		b := []byte(id)
		if !r.flake(b) {
			t.Fatalf("%s is not moved", id)
		}
		switch {
		case len(b) != len(id) || bytes.Equal(b, []byte(id)):
			t.Fatalf("%s becomes %s", id, b)
		case longestRun(b, []byte(id)) >= 5:
			t.Fatalf("%s becomes %s: a run of five is left", id, b)
		case seen[string(b)] != "":
			t.Fatalf("%s and %s both become %s", id, seen[string(b)], b)
		}
		seen[string(b)] = id
		if len(last) == len(id) && last[:len(last)-7] < id[:len(id)-7] {
			moved++
			if lastMoved >= string(b) {
				changed++ // a digit was altered, so that no run of five is left
			}
		}
		last, lastMoved = id, string(b)
		at += uint64(random.Int64N(1 << 46))
	}
	if moved < 50_000 || changed*1000 > moved {
		t.Errorf("%d of %d ids changed places", changed, moved)
	}
}

// TestRedactValues: what becomes of single values.
func TestRedactValues(t *testing.T) {
	for _, test := range []struct{ name, in, stays string }{
		{"protocol", `{"t":"MESSAGE_CREATE","s":12,"op":0,"d":null}`, "all"},
		{"flags", `{"flags":64,"type":"rich","permissions":"562949953421311","pinned":false,"x":null,"status":"dnd"}`, "all"},
		{"a word that is none of Discord's", `{"type":"secret","status":"at home"}`, `{"type":"","status":" "}`},
		{"an event's name elsewhere", `{"d":{"t":"SECRET"}}`, `{"d":{"t":""}}`},
		{"a long number", `{"flags":123456789012345678}`, `{"flags":}`},
		{"white space and escapes", "{ \"a\" :\t\"x\\ny\\\"z\" }", "{ \"a\" :\t\"\\n\\\"\" }"},
		{"an array", `{"content":["a","b",["c"]],"flags":[1,2]}`, `{"content":["","",[""]],"flags":[1,2]}`},
		{"keys that are ids", `{"users":{"123456789012345678":{}}}`, `{"users":{"":{}}}`},
	} {
		b := []byte(test.in)
		if err := NewRedactor(nil).Redact(b); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if test.stays == "all" && string(b) != test.in {
			t.Errorf("%s: %s became %s", test.name, test.in, b)
		}
		if test.stays == "all" {
			continue
		}
		// Bytes that stand where they stood, less those that do by chance.
		if len(b) != len(test.in) || longestRun(b, []byte(test.in)) == len(b) {
			t.Errorf("%s: %s became %s", test.name, test.in, b)
		}
		t.Logf("%s → %s", test.in, b)
	}
}

// TestRedactRefuses: what is no JSON is not touched.
func TestRedactRefuses(t *testing.T) {
	for _, text := range []string{"", "{", `{"a":"b"} x`, "hello"} {
		b := []byte(text)
		if err := NewRedactor(nil).Redact(b); err == nil || string(b) != text {
			t.Errorf("%q: %v, %q", text, err, b)
		}
	}
}

// TestNothingIsLeft: no name, word or id of the original is found in what is redacted.
func TestNothingIsLeft(t *testing.T) {
	payloads := steady(5000)
	var texts, all []string
	for _, p := range payloads {
		var s scanner
		s.classify = redactionKey
		for s.reset(p); s.next(); {
			if s.kind == '"' && !s.key && !stands(s.class, s.text()) && len(s.text()) >= 5 {
				texts = append(texts, string(s.text()))
			}
		}
	}
	r := NewRedactor([]byte{1})
	for _, p := range payloads {
		b := bytes.Clone(p)
		if err := r.Redact(b); err != nil {
			t.Fatal(err)
		}
		all = append(all, string(b))
	}
	// What the protocol itself says everywhere is no find: keys, names of events, words.
	protocol := protocolText(payloads)
	joined := strings.Join(all, "\n")
	random := rand.New(rand.NewPCG(3, 4))
	for tried := 0; tried < 1000; {
		text := texts[random.IntN(len(texts))]
		words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" .,:;/\\\"'!?<>@#*`", r) })
		for _, word := range append(words, text) {
			if len(word) < 5 || strings.Contains(protocol, word) {
				continue
			}
			tried++
			if i := strings.Index(joined, word); i >= 0 {
				t.Errorf("%q is left: %s", word, joined[max(0, i-30):min(len(joined), i+30)])
			}
		}
	}
}

// protocolText returns what redaction lets stand.
func protocolText(payloads [][]byte) string {
	var b strings.Builder
	seen := make(map[string]bool)
	for _, p := range payloads {
		var s scanner
		s.classify = redactionKey
		for s.reset(p); s.next(); {
			if s.kind == '"' && (s.key || stands(s.class, s.text())) && !seen[string(s.text())] {
				seen[string(s.text())] = true
				b.Write(s.text())
				b.WriteByte('\n')
			}
		}
	}
	return b.String()
}

func BenchmarkRedact(b *testing.B) {
	payloads := steady(5000)[5:]
	r := NewRedactor([]byte("key"))
	buf := make([]byte, 1<<20)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p := buf[:copy(buf, payloads[i%len(payloads)])]
		if err := r.Redact(p); err != nil {
			b.Fatal(err)
		}
	}
}
