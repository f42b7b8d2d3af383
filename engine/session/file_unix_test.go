//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package session

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// TestFileSessionsSpecial: to open a pipe would wait for ever, so that it is not opened;
// nor is one that takes the file's place while it is in use.
func TestFileSessionsSpecial(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir) // a socket's name must be short
	if err := syscall.Mkfifo("pipe", 0o600); err != nil {
		t.Skip("there are no named pipes here: ", err)
	}
	l, err := net.Listen("unix", "socket")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.Symlink("pipe", "link"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"pipe": "a pipe", "link": "a pipe", "socket": "a socket"} {
		f := NewFile(name)
		if _, err := f.Load(t.Context()); err == nil || !strings.Contains(err.Error(), want+", which keeps nothing; name a file") {
			t.Errorf("%s: %v", name, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	f := NewFile("file")
	if err := f.Save(t.Context(), testSnapshot(1)); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename("pipe", "file"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Load(t.Context()); err == nil || !strings.Contains(err.Error(), "a pipe") {
		t.Error(err)
	}
	if err := f.Save(t.Context(), testSnapshot(2)); err != nil { // takes its place back
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	wantSessions(t, filepath.Join(dir, "file"), 2)
}

// TestFileSessionsUnlinked: a file that has lost its name cannot be found again.
func TestFileSessionsUnlinked(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	name := "/proc/self/fd/" + strconv.Itoa(int(file.Fd()))
	if _, err := os.Readlink(name); err != nil {
		t.Skip("descriptors have no names here: ", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		t.Fatal(err)
	}
	f := NewFile(name)
	if _, err := f.Load(t.Context()); err == nil || !strings.Contains(err.Error(), "a file without a name") {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
