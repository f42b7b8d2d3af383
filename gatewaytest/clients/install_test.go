package clients

import (
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

var (
	cache    = flag.String("cache", "", "folder in which clients are installed; default: clients in the user's cache folder for sluice")
	families = flag.String("families", "go", "whose clients to run: of go, python, node, java and rust, with commas between them")
	only     = flag.String("only", "", "run the clients with these names alone, with commas between them")
)

// A family is the clients that are installed together.
type family struct {
	name    string
	needs   []string // programs
	install [][]string

	once sync.Once
	dir  string
	err  error
}

var (
	goFamily     = &family{name: "go", needs: []string{"go"}}
	pythonFamily = &family{name: "python", needs: []string{"python3"}, install: [][]string{
		{"python3", "-m", "venv", "venv"},
		{"venv/bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", "requirements.txt"},
	}}
	nodeFamily = &family{name: "node", needs: []string{"node", "npm"}, install: [][]string{
		{"npm", "ci", "--no-audit", "--no-fund"},
	}}
	javaFamily = &family{name: "java", needs: []string{"java", "mvn"}, install: [][]string{
		{"mvn", "--quiet", "--batch-mode", "package", "dependency:copy-dependencies", "-DoutputDirectory=target/lib"},
	}}
	rustFamily = &family{name: "rust", needs: []string{"cargo"}, install: [][]string{
		{"cargo", "build", "--quiet"},
	}}
)

// wanted returns the clients that the flags choose.
func wanted() (chosen []client) {
	for _, c := range clients {
		if has(*families, c.family.name) && (*only == "" || has(*only, c.name)) {
			chosen = append(chosen, c)
		}
	}
	return chosen
}

func has(list, name string) bool {
	for word := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(word) == name {
			return true
		}
	}
	return false
}

// installed returns the folder in which the family's programs can be run. Nothing is installed twice
// while its files stay as they are. Where a package manager is not here, the test is skipped.
func (f *family) installed(t *testing.T) string {
	t.Helper()
	for _, program := range f.needs {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not here", program)
		}
	}
	f.once.Do(func() { f.dir, f.err = f.prepare() })
	if f.err != nil {
		t.Fatalf("install %s: %v", f.name, f.err)
	}
	return f.dir
}

// cacheRoot returns the folder that has one for each family.
func cacheRoot() (root string, err error) {
	if *cache != "" {
		return filepath.Abs(*cache)
	}
	root, err = os.UserCacheDir()
	return filepath.Join(root, "sluice", "clients"), err
}

func (f *family) prepare() (dir string, err error) {
	root, err := cacheRoot()
	if err != nil {
		return "", err
	}
	dir = filepath.Join(root, f.name)
	if f == goFamily {
		return dir, run(".", "go", "build", "-o", filepath.Join(dir, "bin")+string(filepath.Separator), "./programs/go/...")
	}
	stamp := filepath.Join(dir, "installed")
	sum, err := copyFiles(dir, os.DirFS(filepath.Join("programs", f.name)))
	if err != nil {
		return "", err
	}
	if old, _ := os.ReadFile(stamp); string(old) == sum { // no stamp is an old one
		return dir, nil
	}
	for _, command := range f.install {
		if err := run(dir, command...); err != nil {
			return "", err
		}
	}
	return dir, os.WriteFile(stamp, []byte(sum), 0o644)
}

// copyFiles copies the programs' files and returns their sum.
func copyFiles(dir string, from fs.FS) (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(from, ".", func(path string, entry fs.DirEntry, err error) error {
		to := filepath.Join(dir, filepath.FromSlash(path))
		if err != nil || entry.IsDir() {
			return errors.Join(err, os.MkdirAll(to, 0o755))
		}
		data, err := fs.ReadFile(from, path)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%s %d\n%s", path, len(data), data)
		if old, err := os.ReadFile(to); err == nil && string(old) == string(data) {
			return nil // cargo looks at times
		}
		return os.WriteFile(to, data, 0o644)
	})
	return fmt.Sprintf("%x\n", sum.Sum(nil)), err
}

func run(dir string, command ...string) error {
	program := command[0]
	if strings.Contains(program, "/") {
		program = filepath.Join(dir, program)
	}
	cmd := exec.CommandContext(context.Background(), program, command[1:]...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, out)
	}
	return nil
}
