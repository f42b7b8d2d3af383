package fault

import (
	"maps"
	"slices"
	"strings"

	"github.com/sluice-go/sluice/gateway"
)

// malformed are payloads that Discord would not send (Discord: "Gateway Events", heading "Payload
// Structure").
var malformed = map[string]string{
	"empty":            ``,
	"null":             `null`,
	"array":            `[0,1]`,
	"number":           `11`,
	"half":             `{"t":null,"s":null,"op":`,
	"garbage":          `Bad Gateway`,
	"trailing":         `{"t":null,"s":null,"op":11,"d":null}}`,
	"unquoted":         `{t:null,s:null,op:11,d:null}`,
	"op-missing":       `{"t":"X","s":1,"d":null}`,
	"op-null":          `{"t":null,"s":null,"op":null,"d":null}`,
	"op-string":        `{"t":null,"s":null,"op":"11","d":null}`,
	"op-fraction":      `{"t":null,"s":null,"op":1.5,"d":null}`,
	"op-negative":      `{"t":null,"s":null,"op":-1,"d":null}`,
	"op-huge":          `{"t":null,"s":null,"op":99999999999999999999,"d":null}`,
	"op-unknown":       `{"t":null,"s":null,"op":99,"d":null}`,
	"seq-string":       `{"t":"X","s":"7","op":0,"d":{}}`,
	"seq-huge":         `{"t":"X","s":99999999999999999999,"op":0,"d":{}}`,
	"seq-missing":      `{"t":"X","op":0,"d":{}}`,
	"type-number":      `{"t":7,"s":null,"op":0,"d":{}}`,
	"type-missing":     `{"s":null,"op":0,"d":{}}`,
	"data-missing":     `{"t":null,"s":null,"op":11}`,
	"hello-again":      `{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250}}`,
	"hello-empty":      `{"t":null,"s":null,"op":10,"d":null}`,
	"hello-zero":       `{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":0}}`,
	"hello-negative":   `{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":-1}}`,
	"ready-empty":      `{"t":"READY","s":null,"op":0,"d":{}}`,
	"session-string":   `{"t":null,"s":null,"op":9,"d":"false"}`,
	"duplicate-keys":   `{"t":null,"s":null,"op":11,"op":7,"d":null}`,
	"control-byte":     "{\"t\":\"\x01\",\"s\":null,\"op\":0,\"d\":{}}",
	"lone-surrogate":   `{"t":"\ud800","s":null,"op":0,"d":{}}`,
	"byte-order-mark":  "\ufeff" + `{"t":null,"s":null,"op":11,"d":null}`,
	"nested-too-deep":  `{"t":"X","s":null,"op":0,"d":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`,
	"data-behind-deep": `{"d":` + strings.Repeat(`{"a":`, 10_000) + `1` + strings.Repeat("}", 10_000) + `,"op":11,"s":null,"t":null}`,
}

// Malformed returns the names of the envelopes that [ActionMalformed] sends, sorted.
func Malformed() []string { return slices.Sorted(maps.Keys(malformed)) }

// sendable reports whether a close frame may carry code (RFC 6455, section 7.4).
func sendable(code gateway.CloseCode) bool {
	switch {
	case code >= 3000 && code < 5000:
		return true
	case code < 1000 || code > 1014:
		return false
	}
	return code != 1004 && code != 1005 && code != 1006
}

// MalformedPayload returns the envelope that a name stands for, "" for one that is no
// name.
func MalformedPayload(name string) string { return malformed[name] }
