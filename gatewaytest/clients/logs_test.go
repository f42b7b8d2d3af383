package clients

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var logs = flag.String("logs", "", "folder for the whole logs of clients and bridges, with the time of each line; default: none")

// logTo returns a file for what a part of a test says, or nothing's, if nobody asks for it.
func logTo(t *testing.T, part string) io.Writer {
	t.Helper()
	if *logs == "" {
		return io.Discard
	}
	name := strings.NewReplacer("/", "-", "@", "").Replace(t.Name() + "-" + part + ".log")
	f, err := os.OpenFile(filepath.Join(*logs, name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &timed{to: f}
}

// timed writes the time before each line. One goroutine at a time writes to it.
type timed struct {
	to   io.Writer
	rest []byte // of a line that is not whole
}

func (w *timed) Write(b []byte) (int, error) {
	w.rest = append(w.rest, b...)
	for {
		line, rest, whole := bytes.Cut(w.rest, []byte("\n"))
		if !whole {
			return len(b), nil
		}
		if _, err := fmt.Fprintf(w.to, "%s %s\n", time.Now().Format("15:04:05.000"), line); err != nil {
			return 0, err
		}
		w.rest = rest
	}
}
