package lazyjson

// grammar is RFC 8259, written to be read and not to be fast. It says where the
// first wrong byte of a document lies: the first one behind which no
// continuation makes the document valid. Other packages report other places,
// and change them from version to version.
type grammar struct {
	doc []byte
	at  int
}

// wrongAt returns the position of the first wrong byte, len(doc) if only the end
// comes too early, and −1 if the document is valid.
func wrongAt(doc []byte) int {
	g := &grammar{doc: doc}
	if g.value(0) {
		if g.space(); g.at == len(doc) {
			return -1
		}
	}
	return g.at
}

// next returns the byte at the position, 0 at the end, where no byte 0 can stand.
func (g *grammar) next() byte {
	if g.at < len(g.doc) {
		return g.doc[g.at]
	}
	return 0
}

// take consumes one byte if it is one of set.
func (g *grammar) take(set string) bool {
	for i := range len(set) {
		if g.at < len(g.doc) && g.doc[g.at] == set[i] {
			g.at++
			return true
		}
	}
	return false
}

func (g *grammar) space() {
	for g.take(" \t\r\n") {
	}
}

// value is section 3.
func (g *grammar) value(depth int) bool {
	g.space()
	switch c := g.next(); c {
	case '{', '[':
		if depth == MaxDepth {
			return false
		}
		g.at++
		return g.inside(depth+1, c == '{')
	case '"':
		return g.text()
	case 't':
		return g.word("true")
	case 'f':
		return g.word("false")
	case 'n':
		return g.word("null")
	}
	return g.number()
}

// inside is what follows the opening bracket of an object or array: sections 4
// and 5.
func (g *grammar) inside(depth int, object bool) bool {
	closer := "]"
	if object {
		closer = "}"
	}
	if g.space(); g.take(closer) {
		return true
	}
	for {
		if object {
			if g.space(); g.next() != '"' || !g.text() {
				return false
			}
			if g.space(); !g.take(":") {
				return false
			}
		}
		if !g.value(depth) {
			return false
		}
		if g.space(); g.take(closer) {
			return true
		}
		if !g.take(",") {
			return false
		}
	}
}

func (g *grammar) word(word string) bool {
	for i := range len(word) {
		if !g.take(word[i : i+1]) {
			return false
		}
	}
	return true
}

const digits = "0123456789"

// number is section 6.
func (g *grammar) number() bool {
	g.take("-")
	if !g.take("0") && !g.some(digits) {
		return false
	}
	if g.take(".") && !g.some(digits) {
		return false
	}
	if g.take("eE") {
		g.take("+-")
		return g.some(digits)
	}
	return true
}

// some takes at least one byte of set.
func (g *grammar) some(set string) bool {
	if !g.take(set) {
		return false
	}
	for g.take(set) {
	}
	return true
}

// text is section 7. Bytes that are no UTF-8 may stand in a string here.
func (g *grammar) text() bool {
	g.at++
	for g.at < len(g.doc) && g.doc[g.at] >= ' ' {
		switch {
		case g.take(`"`):
			return true
		case g.take(`\`):
			if g.take(`"\/bfnrt`) {
				continue
			}
			if !g.take("u") {
				return false
			}
			for range 4 {
				if !g.take(digits + "abcdefABCDEF") {
					return false
				}
			}
		default:
			g.at++
		}
	}
	return false
}
