package fuzz

import (
	"errors"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/gatewaytest/fault"
)

// FuzzScript parses a script of faults. What is accepted can be written down and read again as the
// same; what is not is refused by line.
func FuzzScript(f *testing.F) {
	f.Add("# a bad day\nready: close 4000 see you\naccept via resume always: reset")
	f.Add("event 100 shard 0,2 times 3: skip 5\nhello: stall-writes 1.5s")
	f.Fuzz(func(t *testing.T, script string) {
		faults, err := fault.ParseScript(strings.NewReader(script))
		var scriptErr *fault.ScriptError
		if err != nil && !errors.As(err, &scriptErr) {
			t.Fatalf("%q: %v is no *ScriptError", script, err)
		}
		for _, f := range faults {
			line := f.String()
			again, err := fault.Parse(line)
			if err != nil || again.String() != line {
				t.Fatalf("%q is read as %q: %v", line, again.String(), err)
			}
		}
	})
}
