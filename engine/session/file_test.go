package session

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestFileSessions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.json")
	f := NewFile(path)
	if s, err := f.Load(t.Context()); s != nil || err != nil {
		t.Fatal(s, err)
	}
	// What a killed process left, or another user, gets the mode of a new file.
	for _, name := range []string{path, path + ".tmp"} {
		if err := os.WriteFile(name, []byte("half"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for shards := 3; shards > 0; shards-- { // each shorter than the last
		if err := f.Save(t.Context(), testSnapshot(shards)); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if text, _ := os.ReadFile(path); strings.Contains(string(text), fileSecret) {
		t.Error("the token is in the file")
	}
	if err := errors.Join(f.Close(), f.Close()); err != nil {
		t.Error(err)
	}
	f = NewFile(path)
	got, err := f.Load(t.Context())
	if err != nil || !reflect.DeepEqual(got, testSnapshot(1)) {
		t.Errorf("%+v, %v", got, err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	names, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
	if want := []string{path, path + ".lock"}; !reflect.DeepEqual(names, want) {
		t.Errorf("left behind: %q", names)
	}
}

// TestFileSessionsDamaged: a file that makes no sense is set aside, not lost and
// not in the way.
func TestFileSessionsDamaged(t *testing.T) {
	good, _ := testSnapshot(3).AppendText(nil)
	for name, text := range map[string]string{
		"cut":    string(good[:len(good)/2]),
		"zeros":  strings.Repeat("\x00", 4096),
		"other":  "hello",
		"newer":  strings.Replace(string(good), `"version":1`, `"version":7`, 1),
		"an end": string(good) + "}",
	} {
		path := filepath.Join(t.TempDir(), "sessions.json")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f := NewFile(path)
		_, err := f.Load(t.Context())
		var damaged *DamagedError
		if !errors.As(err, &damaged) || !strings.HasPrefix(damaged.Aside, path+".damaged-") || damaged.Unwrap() == nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if aside, err := os.ReadFile(damaged.Aside); err != nil || string(aside) != text {
			t.Errorf("%s: aside is %q, %v", name, aside, err)
		}
		if err := f.Save(t.Context(), testSnapshot(2)); err != nil {
			t.Error(name, err)
		}
		if s, err := f.Load(t.Context()); err != nil || len(s.Sessions) != 2 {
			t.Error(name, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	// A file without anything in it has nothing to set aside.
	path := filepath.Join(t.TempDir(), "sessions.json")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f := NewFile(path)
	defer f.Close()
	if s, err := f.Load(t.Context()); s != nil || err != nil {
		t.Error(s, err)
	}
}

// TestFileSessionsUnusable: what cannot be a session file is said, at once, and what to
// do.
func TestFileSessionsUnusable(t *testing.T) {
	dir := t.TempDir()
	locked := filepath.Join(dir, "locked")
	if err := os.Mkdir(locked, 0o500); err != nil {
		t.Fatal(err)
	}
	tests := map[string][]string{
		dir:                                {dir, "is a directory", "name a file in it"},
		dir + "/":                          {"is a directory"},
		filepath.Join(dir, "none", "file"): {filepath.Join(dir, "none"), "make its directory first"},
		"":                                 {"ends in no file"},
		filepath.Join(dir, "none") + "/":   {"none"},
	}
	if runtime.GOOS != "windows" {
		tests[os.DevNull] = []string{os.DevNull, "a device, which keeps nothing"}
	}
	if runtime.GOOS != "windows" && os.Getuid() != 0 {
		tests[filepath.Join(locked, "file")] = []string{"permission denied", "let the user"}
	}
	if os.Symlink("loop", filepath.Join(dir, "loop")) == nil {
		tests[filepath.Join(dir, "loop")] = []string{"loop"}
	}
	if to := filepath.Join(dir, "none", "file"); os.Symlink(to, filepath.Join(dir, "dangling")) == nil {
		tests[filepath.Join(dir, "dangling")] = []string{"dangling", filepath.Join(dir, "none"), "make its directory first"}
	}
	for path, want := range tests {
		f := NewFile(path)
		_, err := f.Load(t.Context())
		if err == nil || !strings.HasPrefix(err.Error(), "engine: ") {
			t.Errorf("%s: %v", path, err)
			continue
		}
		for _, want := range want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q in it", path, err, want)
			}
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, name := range []string{dir, filepath.Join(dir, "loop")} {
		if _, err := os.Stat(name + ".lock"); err == nil {
			t.Errorf("a lock beside %s, which is no file", name)
		}
	}
}

// userEnv in the environment has the test binary use a session file until it is
// killed, and busyEnv save without a pause.
const (
	userEnv = "SLUICE_TEST_USE_SESSIONS"
	busyEnv = "SLUICE_TEST_SAVE_SESSIONS"
)

// TestFileSessionsUser is the other process of the tests below.
func TestFileSessionsUser(t *testing.T) {
	path := os.Getenv(userEnv)
	if path == "" {
		t.Skip("is the second process of other tests")
	}
	f := NewFile(path)
	if _, err := f.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	fmt.Println("in use")
	// Where no system thread of the C library's is there, the runtime would take a select
	// without cases for a deadlock, and end the process.
	defer time.Sleep(time.Hour)
	for shards := 1; os.Getenv(busyEnv) != ""; shards = shards%500 + 1 {
		if err := f.Save(t.Context(), testSnapshot(shards)); err != nil {
			t.Fatal(err)
		}
	}
}

// use starts a process that uses a session file; kill ends it, and may be called
// again.
func use(t *testing.T, path string, env ...string) (kill func()) {
	t.Helper()
	other := exec.Command(os.Args[0], "-test.run=^TestFileSessionsUser$")
	other.Env = append(append(os.Environ(), userEnv+"="+path), env...)
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	kill = func() {
		_ = other.Process.Kill()
		_ = other.Wait()
	}
	t.Cleanup(kill)
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "in use\n" {
		t.Fatalf("%q, %v", line, err)
	}
	return kill
}

// TestFileSessionsInUse: two processes cannot use one file; the second waits for
// the first, whose lock ends with it even if it is killed.
func TestFileSessionsInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.json")
	kill := use(t, path)
	f := NewFile(path)
	ctx, cancel := context.WithTimeout(t.Context(), 2*lockPoll)
	defer cancel()
	if _, err := f.Load(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("while another has it: %v", err)
	}
	loaded := make(chan error)
	go func() {
		_, err := f.Load(context.Background())
		loaded <- err
	}()
	kill()
	if err := <-loaded; err != nil {
		t.Errorf("after the other was killed: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// TestFileSessionsKilled: whenever a process that saves is killed, the file holds
// one whole snapshot.
func TestFileSessionsKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.json")
	for range 10 {
		before, _ := os.Stat(path)
		kill := use(t, path, busyEnv+"=1")
		for { // until it has saved once, at the least
			if now, err := os.Stat(path); err == nil && (before == nil || !os.SameFile(before, now)) {
				break
			}
			runtime.Gosched()
		}
		kill()
		f := NewFile(path)
		s, err := f.Load(t.Context())
		if err != nil || !reflect.DeepEqual(s, testSnapshot(s.Shards)) {
			t.Fatalf("%+v, %v", s, err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFileSessionsPatience: 30 s, then an error that says what to do.
func TestFileSessionsPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "sessions.json")
		first, second := NewFile(path), NewFile(path)
		if _, err := first.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		_, err := second.Load(t.Context())
		if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), path) {
			t.Error(err)
		}
		if d := time.Since(begin); d < lockTimeout || d > lockTimeout+time.Second {
			t.Errorf("waited %v", d)
		}
		if err := first.Close(); err != nil {
			t.Error(err)
		}
		if _, err := second.Load(t.Context()); err != nil {
			t.Error(err)
		}
		if err := second.Close(); err != nil {
			t.Error(err)
		}
	})
}
