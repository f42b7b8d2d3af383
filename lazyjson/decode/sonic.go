//go:build (amd64 || arm64) && ((linux && !android) || (darwin && !ios) || windows)

package decode

import "github.com/bytedance/sonic"

const native = sonic.APIKind == sonic.UseSonicJSON

// unmarshal takes sonic's configuration that copies strings and judges them, as
// encoding/json does.
func unmarshal(data []byte, v any) error {
	return sonic.ConfigStd.Unmarshal(data, v)
}
