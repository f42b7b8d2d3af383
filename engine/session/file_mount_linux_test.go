package session

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// mountEnv in the environment says that mounts are the test's own.
const mountEnv = "SLUICE_TEST_MOUNTS"

// withMounts runs a test again in a process that sees mounts of its own, which end with
// it. It reports whether this is that process.
func withMounts(t *testing.T) bool {
	t.Helper()
	if os.Getenv(mountEnv) != "" {
		return true
	}
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.short")
	child.Env = append(os.Environ(), mountEnv+"=1")
	child.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	if uid := os.Getuid(); uid != 0 {
		child.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		child.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
		child.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := child.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		t.Errorf("%v:\n%s", err, out)
	case err != nil:
		t.Skip("mounts of its own are refused to this process: ", err)
	case strings.Contains(string(out), "--- SKIP"):
		t.Skipf("%s", out)
	}
	return false
}

// mount mounts, or skips the test.
func mount(t *testing.T, source, target, kind string, flags uintptr, data string) {
	t.Helper()
	if err := syscall.Mount(source, target, kind, flags, data); err != nil {
		t.Skipf("mount %s: %v", target, err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(target, 0) })
}

// container makes what a container sees of a file that is mounted alone.
func container(t *testing.T, text []byte) (host, inside string) {
	t.Helper()
	dir := t.TempDir()
	host, inside = filepath.Join(dir, "host.json"), filepath.Join(dir, "root", "sessions.json")
	if err := errors.Join(
		os.WriteFile(host, text, 0o600), os.Mkdir(filepath.Join(dir, "root"), 0o700), os.WriteFile(inside, nil, 0o600),
	); err != nil {
		t.Fatal(err)
	}
	mount(t, host, inside, "", syscall.MS_BIND, "")
	return host, inside
}

// TestFileSessionsMounted: a file that is mounted alone cannot be renamed over; it is
// written in place, and locked for those who see it elsewhere.
func TestFileSessionsMounted(t *testing.T) {
	if !withMounts(t) {
		return
	}
	text, _ := testSnapshot(3).AppendText(nil)
	host, inside := container(t, text)
	f := NewFile(inside)
	if s, err := f.Load(t.Context()); err != nil || len(s.Sessions) != 3 {
		t.Fatal(s, err)
	}
	for _, shards := range []int{1, 9, 5} {
		loadsNot(t, host) // has another .lock beside it
		if err := f.Save(t.Context(), testSnapshot(shards)); err != nil {
			t.Fatal(err)
		}
		wantSessions(t, host, shards)
		wantSessions(t, inside, shards)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if left, _ := filepath.Glob(inside + ".*"); len(left) != 1 {
		t.Errorf("left behind: %q", left)
	}

	// The host replaces its file: the mount shows the old one, which is free then, and
	// a mount that is made now is not.
	f = NewFile(host)
	if err := f.Save(t.Context(), testSnapshot(2)); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Unmount(inside, 0); err != nil {
		t.Fatal(err)
	}
	mount(t, host, inside, "", syscall.MS_BIND, "")
	loadsNot(t, inside)
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// TestFileSessionsMountedDamaged: what is damaged is copied aside.
func TestFileSessionsMountedDamaged(t *testing.T) {
	if !withMounts(t) {
		return
	}
	_, inside := container(t, []byte("hello"))
	f := NewFile(inside)
	_, err := f.Load(t.Context())
	var damaged *DamagedError
	if !errors.As(err, &damaged) {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(damaged.Aside); err != nil || string(text) != "hello" {
		t.Errorf("aside is %q, %v", text, err)
	}
	if s, err := f.Load(t.Context()); s != nil || err != nil {
		t.Error(s, err)
	}
	if err := errors.Join(f.Save(t.Context(), testSnapshot(2)), f.Close()); err != nil {
		t.Error(err)
	}
	wantSessions(t, inside, 2)
}

// TestFileSessionsReadOnlyRoot: a container whose own files are read-only, but for the
// one that is mounted.
func TestFileSessionsReadOnlyRoot(t *testing.T) {
	if !withMounts(t) {
		return
	}
	text, _ := testSnapshot(3).AppendText(nil)
	host, inside := container(t, text)
	root := filepath.Dir(inside)
	again := filepath.Join(filepath.Dir(host), "again") // read-only, with the mounted file in it
	if err := os.Mkdir(again, 0o700); err != nil {
		t.Fatal(err)
	}
	mount(t, root, again, "", syscall.MS_BIND, "")
	mount(t, "", again, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
	file := filepath.Join(again, "sessions.json")
	mount(t, host, file, "", syscall.MS_BIND, "")

	f := NewFile(file)
	if s, err := f.Load(t.Context()); err != nil || len(s.Sessions) != 3 {
		t.Fatal(s, err)
	}
	loadsNot(t, host)
	loadsNot(t, inside)
	if err := errors.Join(f.Save(t.Context(), testSnapshot(2)), f.Close()); err != nil {
		t.Error(err)
	}
	wantSessions(t, host, 2)

	f = NewFile(filepath.Join(again, "other"))
	if _, err := f.Load(t.Context()); err == nil || !strings.Contains(err.Error(), "read-only file system; let the user") {
		t.Error(err)
	}
	// Nothing can be written: that is said before anything is connected.
	mount(t, "", file, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
	f = NewFile(file)
	if _, err := f.Load(t.Context()); err == nil || !errors.Is(err, syscall.EROFS) {
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}

// TestFileSessionsFull: where there is no room, the error says so, and what was saved
// before stays, however the file is written.
func TestFileSessionsFull(t *testing.T) {
	if !withMounts(t) {
		return
	}
	for _, inPlace := range []bool{false, true} {
		dir := t.TempDir()
		mount(t, "none", dir, "tmpfs", 0, "size=64k")
		path := filepath.Join(dir, "sessions.json")
		if inPlace {
			if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Link(path, filepath.Join(dir, "second"))); err != nil {
				t.Fatal(err)
			}
		}
		f := NewFile(path)
		if err := f.Save(t.Context(), testSnapshot(50)); err != nil {
			t.Fatal(err)
		}
		err := f.Save(t.Context(), testSnapshot(2000))
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "free some space") || !strings.Contains(err.Error(), path) {
			t.Error(err)
		}
		wantSessions(t, path, 50)
		if s, err := f.Load(t.Context()); err != nil || len(s.Sessions) != 50 {
			t.Error(s, err)
		}
		if err := f.Save(t.Context(), testSnapshot(51)); err != nil {
			t.Error(err)
		}
		wantSessions(t, path, 51)
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if left, _ := filepath.Glob(path + ".tmp"); left != nil {
			t.Error("left behind:", left)
		}
		if info, err := os.Stat(path); err != nil || info.Mode()&fs.ModePerm != 0o600 {
			t.Error(info, err)
		}
	}
}

// TestFileSessionsMountedKilled: whenever a process that writes in place is killed, the
// file holds one whole snapshot that counts.
func TestFileSessionsMountedKilled(t *testing.T) {
	if !withMounts(t) {
		return
	}
	host, inside := container(t, nil)
	for range 10 {
		before, _ := os.ReadFile(host)
		kill := use(t, inside, busyEnv+"=1")
		for { // until it has saved
			if now, err := os.ReadFile(host); err == nil && string(now) != string(before) {
				break
			}
		}
		kill()
		f := NewFile(inside)
		s, err := f.Load(t.Context())
		if err != nil || s == nil {
			t.Fatalf("%+v, %v", s, err)
		}
		if want := testSnapshot(s.Shards); len(s.Sessions) != len(want.Sessions) {
			t.Fatalf("%+v", s)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
