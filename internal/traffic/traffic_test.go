package traffic

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// TestGolden holds the sequence of seed 1 still, on every machine and release of
// Go. Who changes the traffic on purpose changes the sum, and measures anew.
func TestGolden(t *testing.T) {
	const want = "86e340b5ac5482ab4e33ec3058aca222b831049dcb3afde2c4e98ed7f17be593"
	g := New(1)
	h := sha256.New()
	var b []byte
	for seq := range int64(3000) {
		b = g.AppendEvent(b[:0], seq)
		h.Write(b)
	}
	for _, id := range GuildIDs(3, 16, 5) {
		h.Write(g.GuildCreate(nil, id, 0))
	}
	h.Write(Ready(nil, ReadyOptions{SessionID: "s", ShardID: 3, ShardCount: 16, GuildIDs: GuildIDs(3, 16, 5)}))
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		t.Errorf("traffic of seed 1 has the sum %s, want %s", got, want)
	}
}

func TestSeedsDiffer(t *testing.T) {
	a, b := New(1), New(2)
	same := 0
	for range 100 {
		_, x := a.Next()
		_, y := b.Next()
		if bytes.Equal(x, y) {
			same++
		}
	}
	if same > 0 {
		t.Errorf("%d of 100 events are the same with another seed", same)
	}
}

func TestAppendEventIsNextInAnEnvelope(t *testing.T) {
	a, b := New(5), New(5)
	for seq := range int64(500) {
		name, d := a.Next()
		want := "before" + `{"t":"` + name + `","s":` + strconv.FormatInt(seq, 10) + `,"op":0,"d":` + string(d) + `}`
		if got := string(b.AppendEvent([]byte("before"), seq)); got != want {
			t.Fatalf("got %s\nwant %s", got, want)
		}
	}
}

// checkJSON fails the test unless b is one JSON value in UTF-8 in which no object
// has a key twice.
func checkJSON(t *testing.T, b []byte) {
	t.Helper()
	if !json.Valid(b) || !utf8.Valid(b) {
		t.Fatalf("not JSON in UTF-8: %s", b)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	var open []map[string]bool // keys so far; nil for an array
	isKey := false
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token {
		case json.Delim('{'):
			open, isKey = append(open, map[string]bool{}), true
			continue
		case json.Delim('['):
			open, isKey = append(open, nil), false
			continue
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		default:
			if isKey {
				key := token.(string)
				if keys := open[len(open)-1]; keys[key] {
					t.Fatalf("key %q twice: %s", key, b)
				} else {
					keys[key] = true
				}
				isKey = false
				continue
			}
		}
		isKey = len(open) > 0 && open[len(open)-1] != nil
	}
}

// object has what the events have in common; times and ids are checked where an
// event has them.
type object struct {
	ID        string    `json:"id"`
	GuildID   string    `json:"guild_id"`
	ChannelID *string   `json:"channel_id"`
	Timestamp any       `json:"timestamp"`
	JoinedAt  time.Time `json:"joined_at"`
	Content   string    `json:"content"`
	Embeds    []any     `json:"embeds"`
	Files     []any     `json:"attachments"`
	Poll      any       `json:"poll"`
	Member    *struct {
		Roles    []string  `json:"roles"`
		JoinedAt time.Time `json:"joined_at"`
	} `json:"member"`
}

func checkSnowflake(t *testing.T, what, id string) {
	t.Helper()
	n, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	made := time.UnixMilli(int64(n>>22) + discordEpoch)
	if made.Year() < 2015 || made.Year() > 2026 {
		t.Fatalf("%s: %d was made in %v", what, n, made)
	}
}

func TestEventsAreWellFormed(t *testing.T) {
	g := New(7)
	seen := map[string]int{}
	for range 4000 {
		name, d := g.Next()
		checkJSON(t, d)
		seen[name]++
		var o object
		if err := json.Unmarshal(d, &o); err != nil {
			t.Fatalf("%v: %s", err, d)
		}
		if o.GuildID != "" {
			checkSnowflake(t, name+" guild_id", o.GuildID)
		}
		if o.ID != "" {
			checkSnowflake(t, name+" id", o.ID)
		}
		if o.ChannelID != nil {
			checkSnowflake(t, name+" channel_id", *o.ChannelID)
		}
		if at, ok := o.Timestamp.(string); ok {
			if _, err := time.Parse(time.RFC3339Nano, at); err != nil {
				t.Fatal(err)
			}
		}
		if name == "MESSAGE_CREATE" && o.Content == "" && len(o.Embeds) == 0 && len(o.Files) == 0 && o.Poll == nil {
			t.Fatalf("a message of nothing: %s", d)
		}
		if m := o.Member; m != nil && !strings.HasPrefix(name, "THREAD") {
			for _, role := range m.Roles {
				checkSnowflake(t, name+" role", role)
			}
			if m.JoinedAt.Year() < 2015 || m.JoinedAt.After(time.UnixMilli(g.now)) {
				t.Fatalf("%s: joined at %v", name, m.JoinedAt)
			}
		}
	}
}

// TestTextsAreHard: texts hold what a careless reader of JSON stumbles over.
func TestTextsAreHard(t *testing.T) {
	g := New(1)
	var all []byte
	for seq := range int64(10_000) {
		all = g.AppendEvent(all, seq)
	}
	for _, hard := range []string{`\n`, `\"`, `\\`, `\t`, `\u001b`, "é", "あ", "😂", "\u200d", "م"} {
		if !bytes.Contains(all, []byte(hard)) {
			t.Errorf("no %q in 10,000 events", hard)
		}
	}
}

func TestMixIsInHundredThousands(t *testing.T) {
	if mixTotal != 100_000 {
		t.Errorf("the weights make %d, want 100,000", mixTotal)
	}
}

func BenchmarkAppendEvent(b *testing.B) {
	g := New(1)
	var dst []byte
	var seq int64
	b.ReportAllocs()
	for b.Loop() {
		seq++
		dst = g.AppendEvent(dst[:0], seq)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		New(1)
	}
}
