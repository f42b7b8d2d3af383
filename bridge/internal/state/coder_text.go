package state

import (
	"bytes"
	"cmp"
)

// texts are what is known of strings: words, of which most are made, and which letter follows which others.
// None of it changes from group to group.
type texts struct {
	words   []string
	numbers map[string]int // theirs, from 1

	usage []usage // of words: those of columns that say much, and in front those of all others
	one   []prob  // trees of a letter, by the one in front
	three []prob  // likewise by the three in front, hashed
	empty [1]prob
}

// A usage is how words come in a column.
type usage struct {
	word *shares
	came []int      // how often each came, in training
	next [8][8]prob // trees of what comes behind a word, by what came behind the one before
}

// What separates words: nothing at the end, and nothing between parts of one.
const (
	separators = "\x00 -_"
	joined     = len(separators)
)

const (
	wordOther = 0 // one that is spelled
	maxWords  = 4096 - 1
	maxCut    = 200 // letters of a word that is cut: what has more is no words
	threeBits = 18  // of a hash
	ownWeight = 16  // of a word in a column, against one in any
)

func newTexts(words []string, usages int) *texts {
	t := &texts{words: words, numbers: make(map[string]int), usage: make([]usage, usages), one: make([]prob, 1<<16), three: make([]prob, 1<<threeBits)}
	for i := range t.usage {
		t.usage[i].came = make([]int, 1+len(words))
		for before := range t.usage[i].next {
			evenlyAll(t.usage[i].next[before][:])
		}
	}
	for i, word := range words {
		t.numbers[word] = i + 1
	}
	for _, p := range [][]prob{t.one, t.three, t.empty[:]} {
		evenlyAll(p)
	}
	t.trained()
	return t
}

// trained has words be as probable as they came, in a column most of all, but in others too.
func (t *texts) trained() {
	all := make([]int, 1+len(t.words))
	for _, u := range t.usage {
		for i, n := range u.came {
			all[i] += n
		}
	}
	mixed := make([]int, len(all))
	for i := range t.usage {
		u := &t.usage[i]
		for i, n := range all {
			mixed[i] = ownWeight*u.came[i] + n
		}
		u.word = newShares(mixed)
		clear(u.came)
	}
}

// done has no more words be counted.
func (t *texts) done() {
	for i := range t.usage {
		t.usage[i].came = nil
	}
}

// split returns where a word that is not known is cut into parts: where both are known, or else the first one, which is
// as long as possible then, or else the second one. 0: nowhere.
func (t *texts) split(word []byte) int {
	if len(word) > maxCut {
		return 0
	}
	first, second := 0, 0
	for at := min(len(word)-minPart, maxEntry); at >= minPart; at-- {
		begins := t.numbers[string(word[:at])] > 0
		ends := len(word)-at < maxEntry && t.numbers[string(word[at:])] > 0
		switch {
		case begins && ends:
			return at
		case begins && first == 0:
			first = at
		case ends:
			second = at
		}
	}
	return cmp.Or(first, second)
}

// cutWord returns the word that a text begins with, and what separates it from the rest.
func cutWord(text []byte) (word []byte, separator int, rest []byte) {
	at := bytes.IndexAny(text, separators[1:])
	if at < 0 {
		return text, 0, nil
	}
	return text[:at], bytes.IndexByte([]byte(separators), text[at]), text[at+1:]
}

// text codes a text as words, each with what separates it from the next one. It appends it to c.rows.
func (c *coder) text(usage int, b []byte) {
	t := c.m.texts
	use := &t.usage[usage]
	separator := 0
	for !c.bad {
		before := separator
		var word []byte
		number := wordOther
		if !c.decoding {
			text := b
			word, separator, b = cutWord(text)
			if number = t.numbers[string(word)]; number == wordOther {
				if at := t.split(word); at > 0 {
					word, separator, b = word[:at], joined, text[at:]
					number = t.numbers[string(word)]
				}
			}
		}
		if number = c.share(use.word, number); c.training {
			use.came[number]++
		}
		if number == wordOther {
			c.spell(t, word)
		} else {
			c.rows = append(c.rows, t.words[number-1]...)
		}
		if separator = c.known(use.next[before][:], separator); separator == 0 {
			return
		}
		if separator < joined {
			c.rows = append(c.rows, separators[separator])
		}
		c.bad = c.bad || separator > joined
		c.check(0)
	}
}

// spell codes a word by its letters, which a zero ends. One that is of the word is told apart from it.
func (c *coder) spell(t *texts, word []byte) {
	context := uint32(0) // the letters in front
	for !c.bad {
		end := len(word) == 0
		letter := byte(0)
		if !end {
			letter, word = word[0], word[1:]
		}
		letter = c.letter(t, context, letter)
		if letter == 0 {
			is := 1
			if end {
				is = 0
			}
			if c.knownBit(&t.empty[0], is) == 0 {
				return
			}
		}
		c.rows = append(c.rows, letter)
		context = context<<8 | uint32(letter)
		c.check(0)
	}
}

func (c *coder) letter(t *texts, context uint32, letter byte) byte {
	hash := context << 8 * 0x9e3779b1
	node := 1
	for i := 7; i >= 0; i-- {
		one := &t.one[context&0xff<<8|uint32(node)]
		three := &t.three[(hash^uint32(node)*0x85ebca6b)>>(32-threeBits)]
		p := one
		if *three&15 >= 2 { // it has seen some
			p = three
		}
		bit := c.bitBy(uint32(*p>>4), int(letter>>i&1))
		if c.training {
			c.learn(one, bit)
			c.learn(three, bit)
		}
		node = node<<1 | bit
	}
	return byte(node)
}

// known is tree for what does not change from group to group.
func (c *coder) known(t []prob, n int) int { return c.codeTree(t, n, c.training) }

func (c *coder) knownBit(p *prob, bit int) int {
	if c.training {
		return c.bit(p, bit)
	}
	return c.bitBy(uint32(*p>>4), bit)
}
