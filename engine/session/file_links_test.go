package session

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// symlink makes a symbolic link, where the system has them.
func symlink(t *testing.T, to, name string) {
	t.Helper()
	if err := os.Symlink(to, name); err != nil {
		t.Skip("there are no symbolic links here: ", err)
	}
}

// wantSessions checks how many sessions a file has.
func wantSessions(t *testing.T, path string, sessions int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse(text)
	if err != nil || len(s.Sessions) != sessions {
		t.Errorf("%s: %+v, %v, want %d sessions", path, s, err, sessions)
	}
}

// loadsNot checks that a file is in use.
func loadsNot(t *testing.T, path string) {
	t.Helper()
	f := NewFile(path)
	ctx, cancel := context.WithTimeout(t.Context(), 2*lockPoll)
	defer cancel()
	if s, err := f.Load(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%s was loaded while it is in use: %+v, %v", path, s, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// TestFileSessionsLinks: whatever links lead to a file, it is the file that is read,
// locked and replaced, and they stay links.
func TestFileSessionsLinks(t *testing.T) {
	for name, c := range map[string]struct {
		links [][2]string // to, name
		use   string
		fresh bool // the file does not exist
	}{
		"a link":               {[][2]string{{"file", "here/link"}}, "here/link", false},
		"dangling":             {[][2]string{{"file", "here/link"}}, "here/link", true},
		"a chain":              {[][2]string{{"file", "here/a"}, {"../here/a", "there/b"}, {"b", "there/c"}}, "there/c", false},
		"a dangling chain":     {[][2]string{{"file", "here/a"}, {"../here/a", "there/b"}}, "there/b", true},
		"in a parent":          {[][2]string{{"here", "dir"}}, "dir/file", false},
		"of both":              {[][2]string{{"here", "dir"}, {"../dir/file", "there/link"}}, "there/link", true},
		"above a parent":       {[][2]string{{"here/deep", "dir"}}, "dir/../file", false},
		"a target above links": {[][2]string{{"here/deep", "dir"}, {"../dir/../file", "there/link"}}, "there/link", true},
	} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == "windows" && strings.Contains(name, "above") {
				t.Skip("this system takes a .. for the parent of the name, not of what a link leads to")
			}
			root := t.TempDir()
			for _, dir := range []string{"here/deep", "there"} {
				if err := os.MkdirAll(filepath.Join(root, dir), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			for _, l := range c.links {
				symlink(t, l[0], filepath.Join(root, l[1]))
			}
			file, use := filepath.Join(root, "here", "file"), root+"/"+c.use
			sessions := 0
			if !c.fresh {
				sessions = 3
				text, _ := testSnapshot(sessions).AppendText(nil)
				if err := os.WriteFile(file, text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			f := NewFile(use)
			s, err := f.Load(t.Context())
			if err != nil || (s != nil) == c.fresh {
				t.Fatal(s, err)
			}
			loadsNot(t, file)
			loadsNot(t, use)
			for shards := 1; shards < 3; shards++ {
				if err := f.Save(t.Context(), testSnapshot(shards)); err != nil {
					t.Fatal(err)
				}
				wantSessions(t, file, shards)
			}
			loadsNot(t, file)
			for _, l := range c.links {
				if info, err := os.Lstat(filepath.Join(root, l[1])); err != nil || info.Mode()&fs.ModeSymlink == 0 {
					t.Errorf("%s is no link any more: %v", l[1], err)
				}
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
			f = NewFile(file)
			if s, err := f.Load(t.Context()); err != nil || len(s.Sessions) != 2 {
				t.Error(s, err)
			}
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestFileSessionsLinkMoves: a link that is changed counts from the next use on, since
// what is locked is the file that it led to.
func TestFileSessionsLinkMoves(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	symlink(t, "one", "link")
	f := NewFile("link")
	if _, err := f.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Remove("link"), os.Symlink("two", "link")); err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir()) // nor does it matter where the process goes
	for shards := 1; shards < 3; shards++ {
		if err := f.Save(t.Context(), testSnapshot(shards)); err != nil {
			t.Fatal(err)
		}
	}
	wantSessions(t, filepath.Join(dir, "one"), 2)
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	f = NewFile(filepath.Join(dir, "link"))
	if s, err := f.Load(t.Context()); s != nil || err != nil {
		t.Error("of the file that the link led to before:", s, err)
	}
	if err := errors.Join(f.Save(t.Context(), testSnapshot(3)), f.Close()); err != nil {
		t.Fatal(err)
	}
	wantSessions(t, filepath.Join(dir, "one"), 2)
	wantSessions(t, filepath.Join(dir, "two"), 3)
}

// TestFileSessionsHardLinks: a file of two names stays one file, and is locked by both.
func TestFileSessionsHardLinks(t *testing.T) {
	if !contentLocks {
		t.Skip("this system locks no file that is to be replaced; its names part at the first save")
	}
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	text, _ := testSnapshot(3).AppendText(nil)
	if err := os.WriteFile(a, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(a, b); err != nil {
		t.Skip("there are no hard links here: ", err)
	}
	f := NewFile(a)
	if s, err := f.Load(t.Context()); err != nil || len(s.Sessions) != 3 {
		t.Fatal(s, err)
	}
	for _, shards := range []int{1, 7, 2} {
		loadsNot(t, b)
		if err := f.Save(t.Context(), testSnapshot(shards)); err != nil {
			t.Fatal(err)
		}
		wantSessions(t, a, shards)
		wantSessions(t, b, shards)
	}
	loadsNot(t, b)
	// Somebody puts another file there: that one is written from then on.
	if err := os.WriteFile(filepath.Join(dir, "c"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(dir, "c"), a); err != nil {
		t.Fatal(err)
	}
	if err := f.Save(t.Context(), testSnapshot(4)); err != nil {
		t.Fatal(err)
	}
	wantSessions(t, a, 4)
	wantSessions(t, b, 2)
	loadsNot(t, a)
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// TestFileSessionsLockOutlivesItsValue: a lock ends with Close or the process, not when
// the garbage collector finds that nobody refers to the store.
func TestFileSessionsLockOutlivesItsValue(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.json")
	func() {
		if _, err := NewFile(path).Load(t.Context()); err != nil {
			t.Fatal(err)
		}
	}()
	for range 3 {
		runtime.GC() // finalizers run behind it
	}
	loadsNot(t, path)
	filesInUse.Range(func(f, _ any) bool {
		if f := f.(*File); f.path == path {
			if err := f.Close(); err != nil {
				t.Error(err)
			}
		}
		return true
	})
}
