package fuzz

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/engine/trace"
	"github.com/sluice-go/sluice/internal/traffic"
)

// FuzzRedact gives a trace.Redactor any bytes. What is no JSON is left alone. Of anything else, every byte
// that belongs to no protected value stands, what takes the place of a protected one has its length and its
// kind, and no run of five of its bytes stays where it was. The oracle goes by encoding/json.
func FuzzRedact(f *testing.F) {
	g := traffic.New(1)
	for i := range 40 {
		f.Add(g.AppendEvent(nil, int64(i)), []byte("key"))
	}
	f.Add(traffic.Ready(nil, traffic.ReadyOptions{SessionID: "0123456789abcdef", ResumeURL: "wss://gateway.discord.gg", ShardCount: 1, GuildIDs: []uint64{81384788765712384}}), []byte{})
	for _, text := range []string{
		`{"a":"\n\n\n\n\n\n","b":"\u00e9\ud83d\ude00\ud83d\ude00","c":"äöü привет 日本語 😀😀","d":"-----     /////"}`,
		`{"a":"2026-09-01T18:00:00.000000+00:00","b":1788285600000,"c":1788285600,"d":"2026-09-01T18:00:00Z"}`,
		`{"id":"123456789012345678","x":123456789012345678,"y":"<@123456789012345678>","z":"https://cdn.example/1/2/a.png?x=1"}`,
		`[-1.5e+10,0,0.0000001,1e5,-0,12345678901234567890,"zuqyv xyzuq","AAAAA"]`,
		"\t{ \"flags\" : [ 1 , 2 ] , \"t\" : \"NO\" , \"\" : \"x\xff\xfey\" }\r\n",
	} {
		f.Add([]byte(text), []byte("k"))
	}
	f.Fuzz(func(t *testing.T, payload, key []byte) {
		b := bytes.Clone(payload)
		err := trace.NewRedactor(key).Redact(b)
		if (err == nil) != json.Valid(payload) {
			t.Fatalf("%v for %q", err, payload)
		}
		if err != nil {
			if !bytes.Equal(b, payload) {
				t.Fatalf("refused, and changed to %q", b)
			}
			return
		}
		if !json.Valid(b) || len(b) != len(payload) {
			t.Fatalf("%q\nbecame\n%q", payload, b)
		}
		before, after := tokens(t, payload), tokens(t, b)
		if len(before) != len(after) {
			t.Fatalf("%q\nhas other tokens than\n%q", b, payload)
		}
		at := 0
		for i, was := range before {
			is := after[i]
			if was.start != is.start || was.end != is.end || was.kind != is.kind || was.key != is.key {
				t.Fatalf("token %d was %+v and is %+v:\n%q\n%q", i, was, is, payload, b)
			}
			if !bytes.Equal(payload[at:was.start], b[at:was.start]) {
				t.Fatalf("between tokens %q became %q", payload[at:was.start], b[at:was.start])
			}
			at = was.end
			old, now := payload[was.start:was.end], b[was.start:was.end]
			if was.kind != 's' && was.kind != 'n' || was.stands {
				if !was.mayChange && !bytes.Equal(old, now) {
					t.Fatalf("%q became %q", old, now)
				}
				continue
			}
			if was.kind == 's' {
				old, now = old[1:len(old)-1], now[1:len(now)-1]
			}
			if run := longestRun(old, now); run >= 5 {
				t.Fatalf("%d bytes of %q stay in %q", run, old, now)
			}
		}
	})
}

// token is one of JSON, with its place.
type token struct {
	start, end int
	kind       byte // 's' a string, 'n' a number, 'w' a word, 'd' a bracket
	key        bool
	stands     bool // a key that stands, or a value that may
	mayChange  bool // and may as well be replaced
}

// tokens takes JSON apart with the standard library.
func tokens(t *testing.T, b []byte) (all []token) {
	type bracket struct {
		object, wantKey bool
		harmless        bool
	}
	harmless := trace.HarmlessKeys()
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var open []bracket
	last, now := 0, false // now: the value that comes next is harmless
	for {
		tok, err := d.Token()
		if err != nil {
			return all
		}
		end := int(d.InputOffset())
		raw := b[last:end]
		start := last + len(raw) - len(bytes.TrimLeft(raw, " \t\r\n,:"))
		last = end
		x := token{start: start, end: end}
		top := &bracket{}
		if len(open) > 0 {
			top = &open[len(open)-1]
		}
		value := func() {
			if top.object {
				top.wantKey = true
			}
		}
		if !top.object {
			now = top.harmless
		}
		switch v := tok.(type) {
		case json.Delim:
			x.kind = 'd'
			switch v {
			case '{', '[':
				value()
				open = append(open, bracket{object: v == '{', wantKey: v == '{', harmless: v == '[' && now})
			default:
				open = open[:len(open)-1]
			}
		case string:
			x.kind = 's'
			x.key = top.object && top.wantKey
			if x.key {
				top.wantKey = false
				text := string(b[start+1 : end-1])
				now = slices.Contains(harmless, text) || len(open) == 1 && text == "t"
				x.stands = isIdentifier(text)
			} else {
				x.stands, x.mayChange = now, now
				value()
			}
		case json.Number:
			x.kind = 'n'
			x.stands, x.mayChange = now, now
			value()
		default:
			x.kind, x.stands = 'w', true
			value()
		}
		all = append(all, x)
	}
}

func isIdentifier(s string) bool {
	if s == "" || len(s) > 64 || s[0] >= '0' && s[0] <= '9' {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-$") == ""
}

func longestRun(a, b []byte) (longest int) {
	run := 0
	for i := range a {
		if run++; a[i] != b[i] {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}
