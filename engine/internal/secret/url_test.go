package secret

import (
	"testing"
)

// TestShowURL: neither user, password, query nor fragment is shown, and nothing of what
// cannot be parsed.
func TestShowURL(t *testing.T) {
	for raw, want := range map[string]string{
		"wss://gateway.discord.gg":                            "wss://gateway.discord.gg",
		"wss://gateway.discord.gg:443/path?key=SECRET#SECRET": "wss://gateway.discord.gg:443/path",
		"https://user:SECRET@host/x":                          "https://host/x",
		"https://SECRET@host":                                 "https://host",
		"SECRET@host":                                         "a URL without a host",
		"user:SECRET@host":                                    "a URL without a host",
		"//user:SECRET@host":                                  "//host",
		"https://user:SE%CRET@host":                           "a URL that cannot be parsed",
		"https://user:SEC RET@host":                           "a URL that cannot be parsed",
		"https://user:SECRET@host:port":                       "a URL that cannot be parsed",
		"https:/user:SECRET@host":                             "a URL without a host",
		"https://host\x7f/SECRET":                             "a URL that cannot be parsed",
		"":                                                    "a URL without a host",
		"https://user:SECRET@host/%2e?SECRET":                 "https://host/.",
		"wss://xn--nxasmq6b.example/?token=SECRET&encoding=json#a": "wss://xn--nxasmq6b.example/",
	} {
		if got := ShowURL(raw); got != want {
			t.Errorf("%q: %s, want %s", raw, got, want)
		}
	}
}
