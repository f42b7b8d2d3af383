package trace

import "time"

// clock moves dates: all by the same number of years, days, seconds and microseconds. Should a run of a date
// stay the same by chance, it is moved by another of its offsets.
type clock struct {
	offsets [4]time.Duration
	zone    [5]byte // in the place of +00:00, without the sign
}

func newClock(key sipKey) clock {
	seed := random(key.sum(tagClock, nil))
	var c clock
	for i := range c.offsets {
		days := 365*(9+2*i) + seed.below(300) + 20
		c.offsets[i] = -time.Duration(days)*24*time.Hour - time.Duration(seed.below(86_400))*time.Second - time.Duration(seed.below(1e6))*time.Microsecond
	}
	hour, minute := 1+seed.below(8), 10+seed.below(49)
	c.zone = [5]byte{'0' + byte(hour/10), '0' + byte(hour%10), ':', '0' + byte(minute/10), '0' + byte(minute%10)}
	return c
}

// dateLayout is how Discord writes dates, with a fraction of 6 or 3 digits or none, and a zone.
const dateLayout = "2006-01-02T15:04:05"

// date replaces an ISO 8601 date in place, and reports whether b was one.
func (r *Redactor) date(b []byte) bool {
	if len(b) < len(dateLayout)+1 || len(b) > 32 || b[4] != '-' || b[7] != '-' || b[10] != 'T' && b[10] != ' ' {
		return false
	}
	var old [32]byte
	n := copy(old[:], b)
	old[10] = 'T'
	rest := b[len(dateLayout):]
	fraction := 0
	if rest[0] == '.' {
		if fraction = countDigits(rest[1:]); fraction == 0 || fraction > 6 {
			return false
		}
		rest = rest[1+fraction:]
	}
	zone := len(rest)
	switch {
	case zone == 1 && rest[0] == 'Z':
	case zone == 6 && (rest[0] == '+' || rest[0] == '-') && rest[3] == ':':
	default:
		return false
	}
	at, err := time.Parse(time.RFC3339Nano, string(old[:n]))
	if err != nil {
		return false
	}
	var out [40]byte
	for _, offset := range r.clock.offsets {
		moved := at.UTC().Add(offset)
		text := moved.AppendFormat(out[:0], "2006-01-02T15:04:05.000000000")
		if len(text) != len(dateLayout)+10 {
			return false // the year has five digits, or is negative
		}
		copy(b, text[:len(dateLayout)+1+fraction])
		if fraction == 0 {
			copy(b[len(dateLayout):], old[len(dateLayout):n])
		}
		b[10] = old[10]
		if zone == 6 {
			copy(b[n-5:], r.clock.zone[:])
		}
		if longestRun(b, old[:n]) < 5 {
			return true
		}
	}
	breakRuns(b, old[:n])
	return true
}

// unix replaces a Unix time in seconds or milliseconds in place, and reports whether b was one: a number
// that stands for a time from 2015 to 2100.
func (r *Redactor) unix(b []byte) bool {
	const first, last = 1_420_070_400, 4_102_444_800
	n := parseDigitsUpTo(b, 13)
	unit := time.Second
	switch {
	case len(b) == 13 && n >= first*1000 && n < last*1000:
		unit = time.Millisecond
	case len(b) == 10 && n >= first && n < last:
	default:
		return false
	}
	var old [13]byte
	copy(old[:], b)
	for _, offset := range r.clock.offsets {
		putDigits(b, n-uint64(-offset/unit))
		if b[0] != '0' && longestRun(b, old[:len(b)]) < 5 {
			return true
		}
	}
	if b[0] == '0' { // before September 2001
		b[0] = '1'
	}
	breakRuns(b, old[:len(b)])
	return true
}

// parseDigitsUpTo is parseDigits for digits of which there are at most most; 0 for more.
func parseDigitsUpTo(b []byte, most int) uint64 {
	if len(b) > most {
		return 0
	}
	return parseDigits(b)
}

// longestRun returns the length of the longest run of bytes that stand in both where they stood.
func longestRun(a, b []byte) (longest int) {
	run := 0
	for i := range a {
		if a[i] != b[i] {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}
