package natsurl

import (
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
)

func TestShown(t *testing.T) {
	for urls, want := range map[string]string{
		"nats://a,nats://b:4222":             "nats://a,nats://b:4222",
		"nats://user:secret@a,tls://token@b": "nats://…@a,tls://…@b",
		"user:secret@a:1":                    "…@a:1",
		"nats://user:se@cret@a":              "nats://…@a",
		"":                                   "",
	} {
		if got := Shown(urls); got != want {
			t.Errorf("%q is shown as %q, want %q", urls, got, want)
		}
	}
}

// TestCause: no error of nats.go's is passed on that quotes a password.
func TestCause(t *testing.T) {
	for _, url := range []string{"nats://user:secret@127.0.0.1:port", "nats://user:se%cret@127.0.0.1:1", "nats://user:secret@127.0.0.1:1"} {
		_, err := nats.Connect(url)
		if err == nil {
			t.Fatalf("%s: it connected", url)
		}
		if text := Cause(err).Error(); strings.Contains(text, "cret") {
			t.Errorf("%s: %s", url, text)
		}
	}
}
