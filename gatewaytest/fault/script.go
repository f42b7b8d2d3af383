package fault

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxScriptLine is the longest line of a script, in bytes.
const maxScriptLine = 128 << 10

// maxScript is the most faults in a script.
const maxScript = 10_000

// ScriptError says which line of a script is wrong and why.
type ScriptError struct {
	Line   int    // from 1; 0 for [Parse]
	Reason string // what is wrong, and what would be right
}

// Error implements error.
func (e *ScriptError) Error() string {
	if e.Line == 0 {
		return "gatewaytest: fault: " + e.Reason
	}
	return fmt.Sprintf("gatewaytest: script: line %d: %s", e.Line, e.Reason)
}

// ParseScript reads faults, one a line. Empty lines and lines that begin with # count for
// nothing. A fault is where it happens, a colon, and what happens:
//
//	# a bad day
//	ready: close 4000 see you
//	event 100 shard 0,2: reconnect
//	resume times 2: invalid-session false
//	accept via resume always: reset
//
// Before the colon stand a [Point]; the occurrence that is the first to be met (1 if left out);
// shard and a list of ids; via and an address, gateway or resume; times and a number, or always.
// Behind the colon stand an [Action] and its argument. Errors are of type [*ScriptError], or r's.
func ParseScript(r io.Reader) ([]Fault, error) {
	var faults []Fault
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxScriptLine)
	n := 0
	for lines.Scan() {
		n++
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if len(faults) == maxScript {
			return nil, &ScriptError{n, fmt.Sprintf("more than %d faults", maxScript)}
		}
		f, err := parseFault(string(line))
		if err != nil {
			return nil, &ScriptError{n, err.Error()}
		}
		faults = append(faults, f)
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, &ScriptError{n + 1, fmt.Sprintf("longer than %d bytes", maxScriptLine)}
	} else if err != nil {
		return nil, err
	}
	return faults, nil
}

// Parse reads one fault, as [ParseScript] does from a line. Errors are of type [*ScriptError].
func Parse(line string) (Fault, error) {
	f, err := parseFault(strings.TrimSpace(line))
	if err != nil {
		return Fault{}, &ScriptError{Reason: err.Error()}
	}
	return f, nil
}

func parseFault(line string) (f Fault, err error) {
	where, what, ok := strings.Cut(line, ":")
	if !ok {
		return f, errors.New("no colon: want where it happens, a colon, and what happens, such as \"ready: reset\"")
	}
	if err := f.parseWhere(strings.Fields(where)); err != nil {
		return f, err
	}
	if err := f.ParseAction(strings.TrimSpace(what)); err != nil {
		return f, err
	}
	return f, f.Check()
}

// parseWhere reads what stands before the colon.
func (f *Fault) parseWhere(words []string) (err error) {
	if len(words) == 0 {
		return fmt.Errorf("no point before the colon: want one of %s", strings.Join(pointNames[1:], ", "))
	}
	point := slices.Index(pointNames[:], words[0])
	if point < 1 {
		return fmt.Errorf("unknown point %q: want one of %s", words[0], strings.Join(pointNames[1:], ", "))
	}
	f.Point = Point(point)
	words = words[1:]
	if len(words) > 0 && words[0][0] >= '0' && words[0][0] <= '9' {
		if f.Nth, err = parseCount(words[0]); err != nil {
			return err
		}
		words = words[1:]
	}
	seen := make(map[string]bool)
	for len(words) > 0 {
		key := words[0]
		words = words[1:]
		if key == "always" || key == "times" {
			if seen["times"] {
				return errors.New("it says twice how many times")
			}
			seen["times"] = true
		} else if seen[key] {
			return fmt.Errorf("%q stands there twice", key)
		}
		seen[key] = true
		if key == "always" {
			f.Times = Always
			continue
		}
		if len(words) == 0 {
			return fmt.Errorf("%q wants something behind it, or is not known: there are shard, via, times and always", key)
		}
		if err := f.parseFilter(key, words[0]); err != nil {
			return err
		}
		words = words[1:]
	}
	return nil
}

func (f *Fault) parseFilter(key, value string) (err error) {
	switch key {
	case "shard":
		for id := range strings.SplitSeq(value, ",") {
			n, err := strconv.ParseUint(id, 10, 31)
			if err != nil {
				return fmt.Errorf("shard %q: want ids with commas between them", value)
			}
			f.Shards = append(f.Shards, int(n))
		}
	case "via":
		address := slices.Index(addressNames[:], value)
		if address < 1 {
			return fmt.Errorf("via %q: want gateway or resume", value)
		}
		f.Address = Address(address)
	case "times":
		f.Times, err = parseCount(value)
	default:
		err = fmt.Errorf("%q is not known: there are shard, via, times and always", key)
	}
	return err
}

func parseCount(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil || n < 1 || n > maxCount {
		return 0, fmt.Errorf("%q: want a number from 1 to %d", s, maxCount)
	}
	return int(n), nil
}

// ParseAction reads what stands behind the colon.
func (f *Fault) ParseAction(s string) (err error) {
	name, rest := cutSpace(s)
	action := slices.IndexFunc(actionSpecs[:], func(a actionSpec) bool { return a.name == name })
	if name == "" || action < 1 {
		return fmt.Errorf("unknown action %q: want one of %s", name, strings.Join(actionNames(), ", "))
	}
	f.Action = Action(action)
	if f.Action.spec().takes&number != 0 {
		var word string
		word, rest = cutSpace(rest)
		if f.Number, err = strconv.ParseInt(word, 10, 64); err != nil || f.Number == math.MinInt64 {
			return fmt.Errorf("%s %q: want a number", name, word)
		}
	}
	if f.Action.spec().takes&duration != 0 {
		var word string
		word, rest = cutSpace(rest)
		if f.Duration, err = time.ParseDuration(word); err != nil {
			return fmt.Errorf("%s %q: want a duration, such as 250ms", name, word)
		}
	}
	f.Text = rest
	return nil
}

// cutSpace cuts s, which has no white space at its ends, behind its first word.
func cutSpace(s string) (word, rest string) {
	i := strings.IndexAny(s, " \t")
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimSpace(s[i:])
}
