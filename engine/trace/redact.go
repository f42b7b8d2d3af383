package trace

import (
	"github.com/sluice-go/sluice/lazyjson"
)

// RedactionVersion is the version of the rules by which a [Redactor] works.
const RedactionVersion = 1

// A Redactor takes people's words and ids out of payloads, and leaves their form: every byte that it does
// not replace stands where it stood, and what it replaces becomes as many bytes of the same kinds. What is
// not known to be harmless is replaced ([HarmlessKeys]):
//
//   - Texts become words that are none, letters for letters and digits for digits. White space, punctuation
//     and escapes such as \n stay, unless a longer run of the text would remain with them.
//   - Snowflakes, wherever they stand, are moved in time: the same one always becomes the same other one, and
//     of two that were made in different milliseconds the older one stays the older.
//   - Dates and Unix times are moved by years, all by the same.
//   - Hashes, tokens, session ids and the parts of URLs become random ones of the same kinds of characters.
//   - Other numbers get other digits.
//
// Equal values have equal replacements, so that what recurs still recurs. Which they are follows from the
// key alone. No run of five bytes of a replaced value stays where it was. Redaction hides what was said and
// by whom; it does not hide how long texts are, when and how often something happens, and who is the same
// as whom.
//
// A Redactor may be used by one goroutine at a time.
type Redactor struct {
	key     sipKey
	clock   clock
	flakes  *warp
	scanner scanner
	spare   []byte // scratch
}

// NewRedactor returns a redactor with a key, which may have any length. Whoever has the key can find out
// which value a replacement stands for; without it nobody can try values.
func NewRedactor(key []byte) *Redactor {
	base := sipKey{0x5d1f3c4b8a796e02, 0xa4e7b6c95d8f1032}
	r := &Redactor{key: sipKey{base.sum(1, key), base.sum(2, key)}}
	r.clock = newClock(r.key)
	r.flakes = newWarp(r.key)
	r.scanner.classify = redactionKey
	return r
}

// Redact replaces what payload holds in place. It returns an error and does nothing where payload is no
// JSON: nobody knows then what stands where, and the payload should be left out.
func (r *Redactor) Redact(payload []byte) error {
	if err := lazyjson.Check(payload); err != nil {
		return err
	}
	s := &r.scanner
	for s.reset(payload); s.next(); {
		text := s.text()
		switch {
		case s.kind == '"' && s.key:
			if s.class == protected && !isProtocolKey(text) {
				r.text(text)
			}
		case s.kind == '"':
			if !stands(s.class, text) {
				r.text(text)
			}
		case s.kind == '0' && (s.class == protected || s.class == keepName || len(text) > maxKept):
			r.number(text)
		}
	}
	s.b = nil
	return nil
}

// maxKept is how long a number is that is let stand.
const maxKept = 12

// stands reports whether a string of a class is let stand.
func stands(c class, s []byte) bool {
	switch c {
	case keepWord:
		return vocabulary[string(s)]
	case keepDigits:
		return len(s) <= 20 && countDigits(s) == len(s)
	case keepName:
		return isEventName(s)
	}
	return false
}

// block redacts the records of a block, in place, and returns what is left: payloads that are no JSON are
// taken out of their records.
func (r *Redactor) block(raw []byte) []byte {
	var rr rawRecord
	out := raw[:0]
	for i := 0; i < len(raw); {
		n := parseRecord(&rr, raw[i:])
		if n == 0 {
			return out // not reached: blocks come from appendRecord
		}
		if len(rr.payload) > 0 && r.Redact(rr.payload) != nil {
			var head [maxRecordHead]byte
			out = append(out, appendRecord(head[:0], rr.delta, rr.shard, rr.kind, rr.number, nil)...)
		} else {
			out = append(out, raw[i:i+n]...)
		}
		i += n
	}
	return out
}

// number replaces a number: a snowflake or a Unix time as such, any other digit by digit, so that it stays a
// number of the same form.
func (r *Redactor) number(b []byte) {
	switch {
	case countDigits(b) == len(b) && (r.flake(b) || r.unix(b)):
		return
	}
	old := append(r.spare[:0], b...)
	r.spare = old
	seed := random(r.key.sum(tagNumber, old))
	leading := true
	for i, c := range b {
		switch {
		case c|0x20 == 'e': // an exponent stays, so that the number can be read
			breakRuns(b, old)
			return
		case c-'0' > 9:
			continue
		case !leading:
			b[i] = '0' + byte(seed.below(10))
		case c != '0': // which stands alone, and stays
			b[i] = '1' + byte(seed.below(9))
		}
		leading = false
	}
	breakRuns(b, old)
}

// Tags keep the hashes of different kinds of values apart.
const (
	tagText uint64 = iota
	tagNumber
	tagPart
	tagFlake
	tagClock
)

// countDigits returns how many digits b begins with.
func countDigits(b []byte) int {
	for i, c := range b {
		if c-'0' > 9 {
			return i
		}
	}
	return len(b)
}

// parseDigits returns the number that b, all digits and at most 19 of them, says.
func parseDigits(b []byte) (n uint64) {
	for _, c := range b {
		n = n*10 + uint64(c-'0')
	}
	return n
}

// putDigits writes n over b, all of it.
func putDigits(b []byte, n uint64) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = '0' + byte(n%10)
		n /= 10
	}
}

// breakRuns alters digits of b, which replaced those of old, until no run of five is left where it was.
func breakRuns(b, old []byte) {
	if !mayRun(b, old) {
		return
	}
	same, where := 0, -1 // where is the last digit
	for i := range b {
		if b[i]-'0' <= 9 {
			where = i
		}
		if b[i] != old[i] {
			same = 0
			continue
		}
		if same++; same >= 5 && where > i-5 {
			b[where] = '1' + (b[where]-'0')%9 // another digit, and none that a number cannot begin with
			same = i - where
		}
	}
}
