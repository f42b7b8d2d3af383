package frame

import (
	"math/rand/v2"

	"github.com/gobwas/ws"
)

// Mask masks b in place with the masking key of its frame, or takes the mask
// off again (RFC 6455, section 5.3).
func Mask(b []byte, key [4]byte) { ws.Cipher(b, key, 0) }

// NewMask returns a masking key that a peer cannot foresee (RFC 6455, section
// 5.3): the generator is seeded by the runtime and cryptographically strong.
func NewMask() (key [4]byte) {
	r := rand.Uint32()
	return [4]byte{byte(r), byte(r >> 8), byte(r >> 16), byte(r >> 24)}
}
