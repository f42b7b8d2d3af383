//go:build !(amd64 || arm64) || !((linux && !android) || (darwin && !ios) || windows)

package decode

import (
	"bytes"
	"encoding/json"
)

const native = false

// unmarshal copies data first: a method UnmarshalJSON may keep its argument.
func unmarshal(data []byte, v any) error {
	return json.Unmarshal(bytes.Clone(data), v)
}
