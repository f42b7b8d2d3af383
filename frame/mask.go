package frame

import "github.com/gobwas/ws"

// Mask masks b in place with the masking key of its frame, or takes the mask
// off again (RFC 6455, section 5.3).
func Mask(b []byte, key [4]byte) { ws.Cipher(b, key, 0) }
