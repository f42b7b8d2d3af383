package bridge

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestListenUnix: a socket that was left behind is replaced, and whatever else there is stays.
func TestListenUnix(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "s") // t.TempDir is too long a path for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")
	l, err := Listen(unixPrefix + path)
	if err != nil {
		t.Skip(err) // not every system has them
	}
	if u, ok := l.(interface{ SetUnlinkOnClose(bool) }); ok {
		u.SetUnlinkOnClose(false)
	}
	for want, address := range map[string]string{
		"another process listens": path,
		"is no socket":            dir,
		"no longer than 103":      filepath.Join(dir, strings.Repeat("a", 120)),
	} {
		if l, err := Listen(unixPrefix + address); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want …%s…", err, want)
			if err == nil {
				l.Close()
			}
		}
	}
	l.Close()
	if l, err = Listen(unixPrefix + path); err != nil {
		t.Fatal(err)
	}
	l.Close()
}
