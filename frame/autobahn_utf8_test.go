package frame

import (
	"fmt"
	"strings"
)

// kosme is the Greek word that the suite tests UTF-8 with, 11 bytes.
const kosme = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"

// textHandling is sections 6.1 to 6.4: empty fragments, fragments that end
// within characters, and how early a fault must be seen.
func textHandling(run func(suiteCase)) {
	fragment := func(first byte, s string) []byte { return rawFrame(first, []byte(s)) }
	const middle = "middle frame payload"
	run(echoed("6.1.1", one(textFrame("")), textMessage("")))
	run(echoed("6.1.2", [][]byte{fragment(1, ""), fragment(0, ""), fragment(fin, "")}, textMessage("")))
	run(echoed("6.1.3", [][]byte{fragment(1, ""), fragment(0, middle), fragment(fin, "")}, textMessage(middle)))

	const first, second = "Hello-µ@ßöä", "üàá-UTF-8!!"
	run(echoed("6.2.1", one(textFrame(first+second)), textMessage(first+second)))
	run(echoed("6.2.2", [][]byte{fragment(1, first), fragment(fin, second)}, textMessage(first+second)))
	run(echoed("6.2.3", rawFragments(1, []byte(first+second), 1), textMessage(first+second)))
	run(echoed("6.2.4", rawFragments(1, []byte(kosme), 1), textMessage(kosme)))

	// The byte at 12 is the first that no valid text has there.
	const surrogate = kosme + "\xed\xa0\x80" + "edited"
	run(failed("6.3.1", 1007, 0, 2+13, one(textFrame(surrogate))))
	run(failed("6.3.2", 1007, 12, 0, rawFragments(1, []byte(surrogate), 1)))

	const tooGreat = kosme + "\xf4\x90\x80\x80" + "edited"
	run(failed("6.4.1", 1007, 1, 2+2,
		[][]byte{fragment(1, tooGreat[:11]), fragment(0, tooGreat[11:15]), fragment(fin, tooGreat[15:])}))
	run(failed("6.4.2", 1007, 1, 0,
		[][]byte{fragment(1, tooGreat[:12]), fragment(0, tooGreat[12:13]), fragment(fin, tooGreat[13:])}))
	whole := textFrame(tooGreat)
	run(failed("6.4.3", 1007, 1, 2, [][]byte{whole[:2+11], whole[2+11 : 2+15], whole[2+15:]}))
	run(failed("6.4.4", 1007, 1, 0, [][]byte{whole[:2+12], whole[2+12 : 2+13], whole[2+13:]}))
}

// sequence is a text of sections 6.5 to 6.23.
type sequence struct {
	text  string
	valid bool
}

func valid(texts ...string) (s []sequence) {
	for _, text := range texts {
		s = append(s, sequence{text, true})
	}
	return s
}

func invalid(texts ...string) (s []sequence) {
	for _, text := range texts {
		s = append(s, sequence{text, false})
	}
	return s
}

// textSequences is sections 6.5 to 6.23: texts of one frame, after Markus
// Kuhn's test of UTF-8 decoders.
func textSequences(run func(suiteCase)) {
	for section, cases := range [][]sequence{
		valid("hello\x24world", "hello\xc2\xa2world", "hello\xe2\x82\xacworld", "hello\xf0\xa4\xad\xa2world", kosme),
		prefixes(),
		// first and last possible sequence of each length
		valid("\x00", "\xc2\x80", "\xe0\xa0\x80", "\xf0\x90\x80\x80"),
		invalid("\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80"),
		valid("\x7f", "\xdf\xbf", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"),
		invalid("\xf7\xbf\xbf\xbf", "\xfb\xbf\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf\xbf"),
		append(valid("\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbd", "\xf4\x8f\xbf\xbf"), invalid("\xf4\x90\x80\x80")...),
		// continuation bytes without a start, starts without a continuation
		invalid("\x80", "\xbf", "\x80\xbf", "\x80\xbf\x80", "\x80\xbf\x80\xbf", "\x80\xbf\x80\xbf\x80", "\x80\xbf\x80\xbf\x80\xbf",
			string(span(0x80, 0xbf, nil))),
		invalid(starts(0xc0, 0xdf), starts(0xe0, 0xef), starts(0xf0, 0xf7), starts(0xf8, 0xfb), starts(0xfc, 0xfd)),
		invalid(incomplete...),
		invalid(strings.Join(incomplete, "")),
		invalid("\xfe", "\xff", "\xfe\xfe\xff\xff"),
		// overlong forms
		invalid("\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf"),
		invalid("\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xf8\x87\xbf\xbf\xbf", "\xfc\x83\xbf\xbf\xbf\xbf"),
		invalid("\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xf8\x80\x80\x80\x80", "\xfc\x80\x80\x80\x80\x80"),
		// surrogates, alone and in pairs
		invalid("\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf", "\xed\xb0\x80", "\xed\xbe\x80", "\xed\xbf\xbf"),
		invalid("\xed\xa0\x80\xed\xb0\x80", "\xed\xa0\x80\xed\xbf\xbf", "\xed\xad\xbf\xed\xb0\x80", "\xed\xad\xbf\xed\xbf\xbf",
			"\xed\xae\x80\xed\xb0\x80", "\xed\xae\x80\xed\xbf\xbf", "\xed\xaf\xbf\xed\xb0\x80", "\xed\xaf\xbf\xed\xbf\xbf"),
		nonCharacters(),
		valid("\ufff9", "\ufffa", "\ufffb", "\ufffc", "\ufffd", "\ufffe", "\uffff"),
	} {
		for i, c := range cases {
			id := fmt.Sprintf("6.%d.%d", section+5, i+1)
			if c.valid {
				run(echoed(id, one(textFrame(c.text)), textMessage(c.text)))
				continue
			}
			// A text that is merely incomplete fails with its last byte.
			n, _ := validStart([]byte(c.text))
			run(failed(id, 1007, 0, 2+min(n+1, len(c.text)), one(textFrame(c.text))))
		}
	}
}

// prefixes are the starts of a text; some end within a character.
func prefixes() (s []sequence) {
	for n := 1; n <= len(kosme); n++ {
		_, whole := validStart([]byte(kosme[:n]))
		s = append(s, sequence{kosme[:n], whole})
	}
	return s
}

// incomplete are sequences, valid or not, whose last byte is missing.
var incomplete = []string{
	"\xc0", "\xe0\x80", "\xf0\x80\x80", "\xf8\x80\x80\x80", "\xfc\x80\x80\x80\x80",
	"\xdf", "\xef\xbf", "\xf7\xbf\xbf", "\xfb\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf",
}

// span returns the bytes from first up to, but without, last, each followed by
// behind.
func span(first, last byte, behind []byte) (b []byte) {
	for c := first; c < last; c++ {
		b = append(append(b, c), behind...)
	}
	return b
}

func starts(first, last byte) string { return string(span(first, last, []byte(" "))) }

// nonCharacters are the last two code points of each plane that Unicode sets
// aside; UTF-8 carries them.
func nonCharacters() (s []sequence) {
	s = valid("\ufffe", "\uffff")
	for plane := rune(1); plane <= 16; plane++ {
		s = append(s, valid(string(plane<<16|0xfffe), string(plane<<16|0xffff))...)
	}
	return s
}
