package lazyjson

// MaxDepth is how deep arrays and objects may nest in a document that Valid and
// Check take, as in encoding/json.
const MaxDepth = 10000

// Valid reports whether b is one JSON value with white space around it or none.
// It reads everything, does not recurse and allocates nothing.
func Valid(b []byte) bool {
	_, reason := consumeDocument(b)
	return reason == ""
}

// Check is Valid with a reason: it returns nil, or a *SyntaxError for the first
// byte that is wrong.
func Check(b []byte) error {
	if end, reason := consumeDocument(b); reason != "" {
		return &SyntaxError{Offset: int64(end), Reason: reason}
	}
	return nil
}

// consumeDocument takes b whole.
func consumeDocument(b []byte) (end int, reason string) {
	var open nesting
	i := skipSpace(b, 0)
	for {
		// A value, or the bracket that opens one, in an object with its key.
		if open.isObject() {
			var keyEnd int
			if keyEnd, _, i, reason = consumeKey(b, i); reason != "" {
				return keyEnd, reason
			}
		}
		if i < len(b) && (b[i] == '{' || b[i] == '[') {
			if open.depth == MaxDepth {
				return i, "nested too deep"
			}
			next, empty := consumeOpen(b, i)
			if !empty {
				open.push(b[i] == '{')
				i = next
				continue
			}
			i = next
		} else if i, reason = consumeScalar(b, i); reason != "" {
			return i, reason
		}

		// The brackets that close behind it.
		for last := true; last; {
			if open.depth == 0 {
				if i = skipSpace(b, i); i < len(b) {
					return i, reasonTrailing
				}
				return i, ""
			}
			closer := byte(']')
			if open.isObject() {
				closer = '}'
			}
			if i, last, reason = consumeNext(b, i, closer); reason != "" {
				return i, reason
			}
			if last {
				open.pop()
			}
		}
	}
}

// nesting remembers of each open bracket whether it is that of an object: a bit
// each.
type nesting struct {
	depth     int
	innermost uint64 // the last bracket in bit 0; (depth−1) mod 64 + 1 bits count
	outer     [MaxDepth / 64]uint64
}

func (n *nesting) isObject() bool {
	return n.innermost&1 != 0
}

func (n *nesting) push(object bool) {
	if n.depth > 0 && n.depth%64 == 0 {
		n.outer[n.depth/64-1] = n.innermost
		n.innermost = 0
	}
	n.innermost <<= 1
	if object {
		n.innermost |= 1
	}
	n.depth++
}

func (n *nesting) pop() {
	n.depth--
	n.innermost >>= 1
	if n.depth > 0 && n.depth%64 == 0 {
		n.innermost = n.outer[n.depth/64-1]
	}
}
