//go:build unix

package book

import (
	"bufio"
	"errors"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is how long a command may take to say what it must: that may be a compiler's work too.
const patience = 3 * time.Minute

// run runs a command line in dir by a shell, until it has said everything of says in this order: regular
// expressions, each of one line. Then it calls interrupt, if that is not nil, with the lines so far, and has
// the command end as Ctrl+C does. It returns all that the command said.
func run(t *testing.T, dir, line string, env, says []string, interrupt func(said string)) string {
	t.Helper()
	reader, writer := io.Pipe()
	cmd := exec.Command("sh", "-c", "exec "+line)
	cmd.Dir, cmd.Env = dir, env
	cmd.Stdout, cmd.Stderr = writer, writer
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl+C reaches the whole group
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(patience, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	defer kill.Stop()
	ended := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		_ = writer.Close()
		ended <- err
	}()

	wanted := make([]*regexp.Regexp, len(says))
	for i, text := range says {
		wanted[i] = regexp.MustCompile(text)
	}
	var said strings.Builder
	for lines := bufio.NewScanner(reader); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		for len(wanted) > 0 && wanted[0].MatchString(lines.Text()) {
			wanted = wanted[1:]
		}
		if len(wanted) == 0 && interrupt != nil {
			interrupt(said.String())
			interrupt = nil
			if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil && !errors.Is(err, syscall.ESRCH) {
				t.Error(err)
			}
		}
	}
	if err := <-ended; err != nil || len(wanted) > 0 {
		t.Fatalf("%s: %v, and it did not say %v:\n%s", line, err, wanted, said.String())
	}
	return said.String()
}
