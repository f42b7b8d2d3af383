package main

import (
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// On a terminal the demo draws a live line, short enough for 80 columns.
func TestDemoOnATerminal(t *testing.T) {
	skipShort(t)
	t.Parallel()
	master, terminal := openTerminal(t)
	p := prepare(t, "", "demo", "--shards=1", "--duration=10m", "--guild-size=100")
	p.cmd.Env = append(p.cmd.Env, "TERM=xterm")
	p.cmd.Stdout = terminal
	p.start()
	_ = terminal.Close()
	screen := newOutput()
	drawn := make(chan struct{})
	go func() {
		defer close(drawn)
		_, _ = io.Copy(screen, master) // ends with an error when the terminal is closed
	}()
	screen.await(t, "a second live line", func(o *output) bool { return strings.Count(o.String(), "MB/s JSON") >= 2 })
	p.signal(os.Interrupt)
	if status := p.wait(); status != 0 {
		t.Errorf("status %d", status)
	}
	<-drawn
	text := strings.ReplaceAll(screen.String(), "\r\n", "\n") // as terminals have it
	for line := range strings.SplitSeq(text, "\n") {
		for drawing := range strings.SplitSeq(line, "\r") {
			if strings.Contains(drawing, "MB/s") {
				if len(drawing) >= 80 {
					t.Errorf("a live line of %d columns: %q", len(drawing), drawing)
				}
				if strings.HasSuffix(line, drawing) {
					t.Errorf("a live line stayed on the screen: %q", line)
				}
			}
		}
	}
	wantText(t, text, "all 1 shards ready", "\r  1 s  1/1 ready", "lost 0, duplicates 0")
}

// openTerminal returns both ends of a pseudo terminal.
func openTerminal(t *testing.T) (master, terminal *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Skip(err)
	}
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Skip(err)
	}
	terminal, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	return master, terminal
}
