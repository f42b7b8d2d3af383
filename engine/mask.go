package engine

import "math/rand/v2"

// newMask returns a masking key that a peer cannot foresee (RFC 6455, section
// 5.3): the generator is seeded by the runtime and cryptographically strong.
func newMask() (mask [4]byte) {
	r := rand.Uint32()
	return [4]byte{byte(r), byte(r >> 8), byte(r >> 16), byte(r >> 24)}
}
