package demo

import (
	"fmt"
	"io"
	"os"
	"unicode/utf8"
)

// progress shows how far a command is: one live line on a terminal, plain lines
// elsewhere. A live line must be shorter than the 80 columns of a narrow terminal.
type progress struct {
	w     io.Writer
	live  bool
	width int // of the live line on the screen, 0 if there is none
}

func newProgress(w io.Writer) *progress { return &progress{w: w, live: isTerminal(w)} }

// update shows something that the next update replaces.
func (p *progress) update(format string, args ...any) {
	if !p.live {
		p.line(format, args...)
		return
	}
	p.draw(fmt.Sprintf(format, args...))
}

// draw writes over the live line. Spaces cover what was longer before: not every
// terminal knows the sequence that would clear it.
func (p *progress) draw(text string) {
	width := utf8.RuneCountInString(text)
	_, _ = fmt.Fprintf(p.w, "\r%s%*s", text, max(0, p.width-width), "")
	p.width = width
}

// line shows something that stays.
func (p *progress) line(format string, args ...any) {
	p.end()
	_, _ = fmt.Fprintf(p.w, format+"\n", args...)
}

// end takes the live line away.
func (p *progress) end() {
	if p.width > 0 {
		p.draw("")
		_, _ = fmt.Fprint(p.w, "\r")
	}
}

// isTerminal reports whether w is a terminal, to which a live line can be drawn.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "dumb" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
