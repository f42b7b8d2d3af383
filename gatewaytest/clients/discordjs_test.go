package clients

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// install copies the program in testdata and installs what it needs.
func install(t *testing.T) (dir string) {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not here", program)
		}
	}
	dir = t.TempDir()
	for _, name := range []string{"package.json", "bot.mjs"} {
		b, err := os.ReadFile(filepath.Join("testdata", "discordjs", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	npm := exec.CommandContext(t.Context(), "npm", "install", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir = dir
	if out, err := npm.CombinedOutput(); err != nil {
		t.Skipf("npm install: %v\n%s", err, out)
	}
	return dir
}

// TestDiscordJS has all compressions of @discordjs/ws that need no compiler.
func TestDiscordJS(t *testing.T) {
	dir := install(t)
	for _, compression := range []string{"none", "payload", "zlib-stream"} {
		t.Run(compression, func(t *testing.T) {
			srv := newServer(t)
			ca := filepath.Join(t.TempDir(), "ca.pem")
			if err := os.WriteFile(ca, srv.CertPEM(), 0o644); err != nil {
				t.Fatal(err)
			}
			node := exec.CommandContext(t.Context(), "node", "bot.mjs", srv.APIURL(), compression)
			node.Dir = dir
			node.Env = append(os.Environ(), "DISCORD_TOKEN="+srv.Token(), "NODE_EXTRA_CA_CERTS="+ca)
			node.Stderr = t.Output()
			out, err := node.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := node.Start(); err != nil {
				t.Fatal(err)
			}
			b := newBot()
			go func() {
				for lines := bufio.NewScanner(out); lines.Scan(); {
					if id, ok := strings.CutPrefix(lines.Text(), "message "); ok {
						b.messages <- id
					}
				}
			}()
			defer func() {
				node.Process.Kill()
				node.Wait() // it was killed, which is the error
			}()
			scenario(t, srv, b)
		})
	}
}
