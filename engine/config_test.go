package engine

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// TestConfigMistakes are all reported at once, each with its field's name.
func TestConfigMistakes(t *testing.T) {
	_, err := New(Config{
		Intents:         1 << 60,
		Shards:          Shards{First: 3, Count: 2, Total: 4},
		Compression:     9,
		GatewayURL:      "http://x",
		APIURL:          "discord.com",
		AllowedHosts:    []string{"ok.example.com", "https://x", ""},
		Retries:         -1,
		MaxPayload:      -1,
		MaxWindow:       -1,
		LargeThreshold:  10,
		ShutdownTimeout: -1,
		GuildsTimeout:   -1,
	})
	fields := map[string]bool{}
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		var mistake *ConfigError
		if !errors.As(e, &mistake) {
			t.Fatalf("%T", e)
		}
		fields[mistake.Field] = true
		if !strings.HasPrefix(mistake.Error(), "engine: Config."+mistake.Field+": ") {
			t.Error(mistake)
		}
	}
	for _, want := range []string{"Token", "Intents", "Shards", "Compression", "GatewayURL", "APIURL", "AllowedHosts", "Retries", "MaxPayload", "MaxWindow", "LargeThreshold", "ShutdownTimeout", "GuildsTimeout"} {
		if !fields[want] {
			t.Errorf("%s is not reported: %v", want, err)
		}
	}
	for _, presence := range []string{`{`, `[]`, `"` + strings.Repeat("x", 5000) + `"`, `{"a":"` + strings.Repeat("x", 5000) + `"}`} {
		var mistake *ConfigError
		if _, err := New(Config{Token: NewToken(testToken), Presence: []byte(presence)}); !errors.As(err, &mistake) || mistake.Field != "Presence" || strings.Contains(err.Error(), testToken) {
			t.Errorf("presence %.20s: %v", presence, err)
		}
	}
}

func TestShards(t *testing.T) {
	for _, test := range []struct {
		s           Shards
		recommended int
		want        string
	}{
		{Shards{}, 7, "0-6/7"},
		{Shards{Total: 16}, 7, "0-15/16"},
		{Shards{First: 2, Total: 16}, 7, "2-15/16"},
		{Shards{First: 2, Count: 4, Total: 16}, 7, "2-5/16"},
		{Shards{Count: 1, Total: 16}, 7, "0-0/16"},
		{ShardRange(0, 0, 16), 7, "0-0/16"},
		{ShardRange(0, 15, 16), 7, "0-15/16"},
		{Shards{Total: 1}, 7, "0-0/1"},
	} {
		if !test.s.valid() {
			t.Errorf("%v is not valid", test.s)
		}
		s := test.s.resolve(test.recommended)
		if got := s.String(); got != test.want || s.resolve(0) != s {
			t.Errorf("%v: %s, want %s", test.s, got, test.want)
		}
	}
	for _, s := range []Shards{
		{First: -1, Total: 2}, {First: 1}, {Count: 3, Total: 2}, {First: 2, Total: 2}, {First: 1, Count: 2, Total: 2}, {Count: 1}, {Count: -1, Total: 2},
		{First: 1, Count: math.MaxInt, Total: 2}, {Total: -1}, {Total: 1 << 30}, ShardRange(0, 0, 0), ShardRange(5, 4, 8), ShardRange(0, -1, 8),
	} {
		if s.valid() {
			t.Errorf("%v is valid", s)
		}
	}
}

// TestConfigIsCopied: what the caller does with his slices changes nothing.
func TestConfigIsCopied(t *testing.T) {
	presence := []byte(`{"status":"online"}`)
	hosts := []string{"a.example.com"}
	e, err := New(Config{Token: NewToken("Bot " + testToken), Presence: presence, AllowedHosts: hosts})
	if err != nil {
		t.Fatal(err)
	}
	clear(presence)
	clear(hosts)
	if string(e.config.Presence) != `{"status":"online"}` || e.config.AllowedHosts[0] != "a.example.com" {
		t.Error("the configuration is shared")
	}
	if c := e.config; c.MaxPayload != 64<<20 || c.MaxWindow != 8<<20 || c.ShutdownTimeout != 10*time.Second || c.Compression != ZlibStream ||
		c.TLS == nil || c.proxy == nil || c.OnClose == nil || c.Logger == nil || c.Properties.Browser != "sluice" {
		t.Errorf("defaults: %+v", c)
	}
	id := e.config.identify(3, 8)
	if id.ShardID != 3 || id.ShardCount != 8 || id.Compress {
		t.Errorf("%+v", id)
	}
}

func TestCompressionNames(t *testing.T) {
	for c := ZlibStream; c <= NoCompression; c++ {
		if got, err := ParseCompression(c.String()); err != nil || got != c {
			t.Errorf("%v: %v, %v", c, got, err)
		}
	}
	for short, want := range map[string]Compression{"zlib": ZlibStream, "zstd": ZstdStream} {
		if got, err := ParseCompression(short); err != nil || got != want {
			t.Errorf("%s: %v, %v", short, got, err)
		}
	}
	if _, err := ParseCompression("brotli"); err == nil || !strings.Contains(err.Error(), "choose zlib, zstd, payload or none") {
		t.Error(err)
	}
	if got := fmt.Sprint(Compression(9), lifecycle.State(200), lifecycle.Ready); got != "Compression(9) State(200) Ready" {
		t.Error(got)
	}
}

func TestStopErrorWithoutCode(t *testing.T) {
	err := &lifecycle.StopError{Shard: 3, Err: errReset}
	if err.Error() != "engine: shard 3 stopped: connection reset by peer" || !errors.Is(err, errReset) {
		t.Error(err)
	}
	closed := &lifecycle.CloseError{Code: gateway.CloseRateLimited, Reason: "a\nb", Peer: true}
	if got := closed.Error(); got != `closed by the gateway with 4008 rate limited ("a\nb")` {
		t.Error(got)
	}
	if got := (&lifecycle.CloseError{Code: 4000}).Error(); got != "closed with 4000 unknown error" {
		t.Error(got)
	}
}

// TestMaxWindowOutOfRange is refused by New.
func TestMaxWindowOutOfRange(t *testing.T) {
	for _, bad := range []int{-1, 1, 1<<10 - 1} {
		var wrong *ConfigError
		if _, err := New(Config{Token: NewToken(testToken), MaxWindow: bad}); !errors.As(err, &wrong) || wrong.Field != "MaxWindow" {
			t.Errorf("MaxWindow %d: %v", bad, err)
		}
	}
}
