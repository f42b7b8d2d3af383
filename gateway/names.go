package gateway

import (
	"strconv"
	"strings"
)

// A NameError tells of a word that names nothing, in a list given to [ParseIntents] or
// [ParseEventSet].
type NameError struct {
	Kind     string // what was looked for: "intent" or "event"
	Name     string // the word, without white space around it
	Possible string // what would have been understood, separated by commas
}

// Error returns a sentence with the word, cut if it is long, and all that is possible.
func (e *NameError) Error() string {
	name := e.Name
	if len(name) > 64 {
		name = name[:64] + "…"
	}
	return "gateway: unknown " + e.Kind + " " + strconv.Quote(name) + " (possible: " + e.Possible + ")"
}

// ParseIntents parses a comma-separated list of names as Discord writes them, such as
// "GUILDS,GUILD_MESSAGES", or decimal numbers, which may hold bits without a name. White space around
// a word is no part of it. The error is a [*NameError].
func ParseIntents(list string) (Intents, error) {
	var i Intents
	for word := range strings.SplitSeq(list, ",") {
		word = strings.TrimSpace(word)
		bits, ok := intentByName(word)
		if !ok {
			return 0, &NameError{Kind: "intent", Name: word, Possible: IntentsAll.String() + ", or a number"}
		}
		i |= bits
	}
	return i, nil
}

func intentByName(word string) (Intents, bool) {
	for _, row := range &intentTable {
		if row.name == word {
			return row.intent, true
		}
	}
	n, err := strconv.ParseUint(word, 10, 64)
	return Intents(n), err == nil
}

// String returns the names of the intents, separated by commas, and bits without a name as one
// number at the end; without any bit it returns "0". [ParseIntents] reads it back.
func (i Intents) String() string {
	var b []byte
	for _, row := range &intentTable {
		if i&row.intent != 0 {
			b = append(append(b, row.name...), ',')
		}
	}
	if rest := i &^ IntentsAll; rest != 0 || i == 0 {
		return string(strconv.AppendUint(b, uint64(rest), 10))
	}
	return string(b[:len(b)-1])
}

// ParseEventSet parses a comma-separated list of event names, such as
// "MESSAGE_CREATE,MESSAGE_UPDATE": those of [EventType.String], with "UNKNOWN" for dispatches
// that this package does not know, and "all" for [AllDispatches]. "none", alone, is the empty set.
// White space around a word is no part of it. The error is a [*NameError].
func ParseEventSet(list string) (EventSet, error) {
	var s EventSet
	if strings.TrimSpace(list) == "none" {
		return s, nil
	}
	for word := range strings.SplitSeq(list, ",") {
		word = strings.TrimSpace(word)
		events, ok := eventsByName(word)
		if !ok {
			return EventSet{}, &NameError{Kind: "event", Name: word, Possible: "all," + strings.Join(eventNames[:], ",")}
		}
		s = s.Union(events)
	}
	return s, nil
}

func eventsByName(word string) (EventSet, bool) {
	if word == "all" {
		return AllDispatches(), true
	}
	for t, name := range &eventNames {
		if name == word {
			return Events(EventType(t)), true
		}
	}
	return EventSet{}, false
}

// MarshalText returns what String does, for logs and configuration files. The error is nil.
func (s EventSet) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText sets s to what [ParseEventSet] makes of text, or leaves it on an error.
func (s *EventSet) UnmarshalText(text []byte) error {
	parsed, err := ParseEventSet(string(text))
	if err == nil {
		*s = parsed
	}
	return err
}

// String returns the names in s, separated by commas, with "all" in place of all dispatches,
// and "none" for the empty set. [ParseEventSet] reads it back.
func (s EventSet) String() string {
	if s.IsEmpty() {
		return "none"
	}
	var b []byte
	if all := AllDispatches(); s.Intersect(all) == all {
		b = append(b, "all,"...)
		s = s.Without(all)
	}
	for t := range s.All() {
		b = append(append(b, t.String()...), ',')
	}
	return string(b[:len(b)-1])
}
