package proc

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ticksPerSecond is USER_HZ, which Linux has fixed for all that it tells.
const ticksPerSecond = 100

// Supported returns nil if the kernel's accounts of running processes can be read here, or else why not.
func Supported() error { return nil }

// Account reads what a process has used until now.
func (p *Process) Account() (Account, error) {
	a := Account{At: time.Now()}
	var ts unix.Timespec
	// The clock of another process's CPU time, clock_getcpuclockid(3), counts nanoseconds.
	const scheduled = 2
	if err := unix.ClockGettime(int32(^p.pid()<<3|scheduled), &ts); err != nil {
		return a, fmt.Errorf("%s: no CPU clock: %w", p.Name, err)
	}
	a.CPU = time.Duration(ts.Nano())
	proc := "/proc/" + strconv.Itoa(p.pid())
	stat, err := os.ReadFile(proc + "/stat")
	if err != nil {
		return a, err
	}
	// The program's name, in parentheses, may contain anything.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 22 {
		return a, fmt.Errorf("%s/stat is too short", proc)
	}
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	pages, _ := strconv.ParseInt(fields[21], 10, 64)
	a.User = time.Duration(user) * time.Second / ticksPerSecond
	a.System = time.Duration(system) * time.Second / ticksPerSecond
	a.RSS = pages * int64(os.Getpagesize())
	a.Instructions = p.counters.read()
	tasks, err := os.ReadDir(proc + "/task")
	if err != nil {
		return a, err
	}
	for _, task := range tasks {
		if status, err := os.ReadFile(proc + "/task/" + task.Name() + "/status"); err == nil {
			a.Voluntary += field64(status, "voluntary_ctxt_switches:")
			a.Forced += field64(status, "nonvoluntary_ctxt_switches:")
		}
	}
	return a, nil
}

// field64 returns the number behind a name at the start of a line.
func field64(text []byte, name string) int64 {
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), name); ok {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n
		}
	}
	return 0
}

// addUsage adds what wait4 told. Linux counts kilobytes.
func (l *Lifetime) addUsage(state *os.ProcessState) {
	if usage, ok := state.SysUsage().(*syscall.Rusage); ok {
		l.PeakRSS = int64(usage.Maxrss) << 10
		l.Voluntary, l.Involuntary = int64(usage.Nvcsw), int64(usage.Nivcsw)
	}
}

// Cores returns the cores that this process may use.
func Cores() []int {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return nil
	}
	var list []int
	for core := range runtime.NumCPU() + 1024 {
		if set.IsSet(core) {
			list = append(list, core)
		}
	}
	return list
}

// OnCore calls f on a thread that is bound to a core, which the process that f
// starts inherits. A negative core binds nothing.
func OnCore(core int, f func() error) error {
	if core < 0 {
		return f()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	one.Set(core)
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return err
	}
	defer unix.SchedSetaffinity(0, &before)
	return f()
}

// Machine describes what the race runs on.
func Machine() string {
	name := runtime.GOARCH
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
				name = strings.TrimSpace(value)
				break
			}
		}
	}
	release := "Linux"
	var uts unix.Utsname
	if unix.Uname(&uts) == nil {
		release += " " + unix.ByteSliceToString(uts.Release[:])
	}
	return fmt.Sprintf("%d × %s, %s", runtime.NumCPU(), name, release)
}
