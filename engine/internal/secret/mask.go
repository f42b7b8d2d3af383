package secret

import (
	"bytes"
	"strings"
)

// jsonEscapes writes a token as JSON has it: of what a token may hold, only these are escaped.
var jsonEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// Mask writes asterisks over the secret, as it is and as JSON has it, so that the payload keeps
// its length.
func (s Secret) Mask(payload []byte) {
	secret := s.Reveal()
	if secret == "" {
		return
	}
	for _, form := range []string{secret, jsonEscapes.Replace(secret)} {
		for rest := payload; ; {
			i := bytes.Index(rest, []byte(form))
			if i < 0 {
				break
			}
			for j := i; j < i+len(form); j++ {
				rest[j] = '*'
			}
			rest = rest[i+len(form):]
		}
	}
}
