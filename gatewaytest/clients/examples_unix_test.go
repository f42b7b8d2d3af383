//go:build unix

package clients

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// TestExamples runs the examples in other languages as examples/README.md says, with the libraries that
// the clients of the same language have.
func TestExamples(t *testing.T) {
	page, err := os.ReadFile("../../examples/README.md")
	if err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(t.TempDir(), "sluice")
	build := sync.OnceValue(func() error { return run("../../cmd/sluice", "go", "build", "-o", bin, ".") })
	for _, example := range []struct {
		family    *family
		arguments []string
		env       func(dir string) string
	}{
		{pythonFamily, []string{"python3", "examples/python/bot.py"},
			func(dir string) string {
				return "PATH=" + filepath.Join(dir, "venv", "bin") + string(filepath.ListSeparator) + os.Getenv("PATH")
			}},
		{nodeFamily, []string{"node", "examples/node/bot.js"},
			func(dir string) string { return "NODE_PATH=" + filepath.Join(dir, "node_modules") }},
	} {
		t.Run(example.family.name, func(t *testing.T) {
			if !has(*families, example.family.name) {
				t.Skip("not among -families")
			}
			t.Parallel()
			arguments := append([]string{"mock", "--tls=false", "--rate", "100", "--"}, example.arguments...)
			if line := "`go run ./cmd/sluice " + strings.Join(arguments, " ") + "`"; !strings.Contains(string(page), line) {
				t.Errorf("the page has no %s", line)
			}
			dir := example.family.installed(t)
			if err := build(); err != nil {
				t.Fatal(err)
			}
			// env finds the program by the PATH that it sets.
			cmd := exec.CommandContext(t.Context(), "env", append([]string{example.env(dir), bin}, arguments...)...)
			cmd.Dir = filepath.Join("..", "..")
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl+C reaches the whole group
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			var complaints strings.Builder
			cmd.Stderr = &complaints
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ready, heard := false, false
			for lines := bufio.NewScanner(out); lines.Scan() && !(ready && heard); {
				ready = ready || lines.Text() == "ready, with 2 guilds"
				heard = heard || strings.Contains(lines.Text(), " wrote ")
			}
			if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
				t.Error(err)
			}
			_, _ = io.Copy(io.Discard, out)
			if err := cmd.Wait(); err != nil || !ready || !heard {
				t.Errorf("%v; ready: %v, heard a message: %v\n%s", err, ready, heard, complaints.String())
			}
		})
	}
}
