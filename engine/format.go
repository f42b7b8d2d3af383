package engine

import (
	"fmt"
	"io"
)

// formatAs prints a text whatever the verb: %q quotes it, and %#v prints it in Go's
// syntax.
func formatAs(s fmt.State, verb rune, text, syntax string) {
	switch {
	case verb == 'v' && s.Flag('#'):
		_, _ = io.WriteString(s, syntax)
	case verb == 'q':
		_, _ = fmt.Fprintf(s, fmt.FormatString(s, verb), text)
	default:
		_, _ = fmt.Fprintf(s, fmt.FormatString(s, 's'), text)
	}
}
