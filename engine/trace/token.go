package trace

import "github.com/sluice-go/sluice/lazyjson"

// tokenClass is the class of a value that may be a token.
const tokenClass class = 1

// withoutTokens returns the payload to keep of one that was sent: a payload that is no JSON, in which a token
// could stand anywhere, is left out. What it returns must still be copied and given to maskTokens.
func withoutTokens(payload []byte) []byte {
	if lazyjson.Valid(payload) {
		return payload
	}
	return nil
}

// maskTokens writes asterisks over every string whose key is token, at whatever depth. b is valid JSON, or
// empty.
func maskTokens(b []byte) {
	s := scanner{classify: tokenKey}
	for s.reset(b); s.next(); {
		if s.kind == '"' && !s.key && s.class == tokenClass {
			for i := s.start; i < s.end; i++ {
				b[i] = '*'
			}
		}
	}
}

// tokenKey is the classifier for tokens. A key in other letters is one too, and one with escapes might be.
func tokenKey(key []byte, _ int) class {
	if len(key) != len("token") {
		for _, c := range key {
			if c == '\\' {
				return tokenClass
			}
		}
		return 0
	}
	for i, c := range key {
		if c != '\\' && c|0x20 != "token"[i] {
			return 0
		}
	}
	return tokenClass
}
