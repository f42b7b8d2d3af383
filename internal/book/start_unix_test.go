//go:build unix

package book

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestStart follows docs/start.md to the letter, in an empty folder for each way: main.go is the section's
// Go block, and the commands are those of its sh block. Only what is not published is taken from here.
func TestStart(t *testing.T) {
	ways := map[string]string{"With a callback": "a message in guild", "With a loop": "a message in guild", "With disgo": " wrote$"}
	page := read(t, "docs/start.md")
	bin := ""
	for section := range strings.SplitSeq(page, "\n## ") {
		title, text, _ := strings.Cut(section, "\n")
		says, ok := ways[title]
		if !ok {
			continue
		}
		delete(ways, title)
		code, commands := fenced(text, "go"), fenced(text, "sh")
		lines := 0
		for line := range strings.Lines(code) {
			if strings.TrimSpace(line) != "" {
				lines++
			}
		}
		if lines == 0 || lines > 25 {
			t.Errorf("%s: %d lines, want 25 at most", title, lines)
		}
		if !*all {
			continue
		}
		if bin == "" {
			bin = sluice(t)
		}
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			follow(t, bin, code, strings.Split(strings.TrimSpace(commands), "\n"), says)
		})
	}
	for title := range ways {
		t.Errorf("docs/start.md has no section %q", title)
	}
}

// follow does what a section says.
func follow(t *testing.T, bin, code string, commands []string, says string) {
	dir, env := t.TempDir(), environment("GOWORK=off", "GOFLAGS=-modcacherw")
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, line := range commands {
		if line == "go run ." {
			mock := filepath.Join(bin, "sluice") + " mock --tls=false --rate 100 -- "
			run(t, dir, mock+line, env, []string{"shard ready", says}, func(string) {})
			continue
		}
		commands := []string{line}
		if strings.HasPrefix(line, "go mod init") {
			commands = append(commands,
				"go mod edit -replace "+module+"="+root,
				"go mod edit -replace "+module+"/adapters/disgo="+filepath.Join(root, "adapters", "disgo"))
		}
		for _, command := range commands {
			cmd := exec.Command("sh", "-c", command)
			cmd.Dir, cmd.Env = dir, env
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v\n%s", command, err, out)
			}
		}
	}
}

// fenced returns the first block of a language.
func fenced(text, language string) string {
	_, text, _ = strings.Cut(text, "\n```"+language+"\n")
	text, _, _ = strings.Cut(text, "\n```")
	return text
}
