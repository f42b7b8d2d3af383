package book

import (
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// packages are those that a fragment need not import: by the name that it uses.
var packages = func() map[string]string {
	byName := map[string]string{
		"signal": "os/signal", "slog": "log/slog", "http": "net/http", "url": "net/url", "tls": "crypto/tls", "json": "encoding/json",
		"nats": "github.com/nats-io/nats.go", "prometheus": "github.com/prometheus/client_golang/prometheus",
		"discordgo":   "github.com/bwmarrin/discordgo",
		"sluicedisgo": module + "/adapters/disgo", "sluicearikawa": module + "/adapters/arikawa",
	}
	for _, path := range []string{"context", "errors", "fmt", "log", "net", "os", "strings", "testing", "time"} {
		byName[path] = path
	}
	for _, path := range []string{
		"engine", "engine/calm", "engine/identify", "engine/lifecycle", "engine/metrics", "engine/monitor", "engine/session", "engine/trace",
		"engine/typed", "fleet", "fleet/embedded", "fleet/publish", "frame", "gateway", "gatewaytest", "gatewaytest/fault", "lazyjson", "lazyjson/decode",
	} {
		byName[path[strings.LastIndexByte(path, '/')+1:]] = module + "/" + path
	}
	return byName
}()

// variables are those that a fragment need not declare.
var variables = map[string]string{
	"config": "var config engine.Config",
	"ctx":    "var ctx context.Context",
	"eng":    "var eng *engine.Engine",
	"ev":     "var ev *engine.Event",
	"shard":  "var shard *engine.Shard",
	"token":  "var token string",
	"err":    "var err error",
	"t":      "var t *testing.T",
}

const module = "github.com/sluice-go/sluice"

// TestCode: every Go block of every page compiles. Those that need libraries outside go.work are
// compiled in the module others, with the flag -all.
func TestCode(t *testing.T) {
	fset := token.NewFileSet()
	here, others := make(map[string]*ast.File), make(map[string]*ast.File)
	for _, path := range pages(t) {
		for _, b := range blocks(path, read(t, path)) {
			file, err := b.parse(fset)
			if err != nil {
				t.Error(err)
			} else if name := fmt.Sprintf("%s:%d", b.page, b.line); needsOthers(file) {
				others[name] = file
			} else {
				here[name] = file
			}
		}
	}
	check(t, fset, here, root, "")
	if *all {
		check(t, fset, others, filepath.Join(root, "internal", "book", "others"), "off")
	}
	t.Logf("%d blocks, and %d with other libraries", len(here), len(others))
}

// needsOthers reports whether a file imports what no module of go.work has.
func needsOthers(file *ast.File) bool {
	return slices.ContainsFunc(imports(file), func(path string) bool {
		switch {
		case strings.HasPrefix(path, module+"/adapters/"):
			return true
		case strings.HasPrefix(path, module+"/"), strings.HasPrefix(path, packages["nats"]), strings.HasPrefix(path, packages["prometheus"]):
			return false
		}
		return strings.Contains(path, ".")
	})
}

func imports(file *ast.File) (paths []string) {
	for _, spec := range file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value) // it has been parsed
		paths = append(paths, path)
	}
	return paths
}

// parse returns a block as a file. A block without a package clause is a fragment: declarations, or statements
// of a function. Lines that are "…" leave something out.
func (b block) parse(fset *token.FileSet) (*ast.File, error) {
	code := strings.Split(b.code, "\n")
	for i, line := range code {
		if strings.TrimSpace(line) == "…" {
			code[i] = ""
		}
	}
	text := strings.Join(code, "\n")
	place := fmt.Sprintf("//line %s:%d\n", b.page, b.line)
	if strings.HasPrefix(text, "package ") || strings.Contains(text, "\npackage ") {
		return parser.ParseFile(fset, "page.go", place+text, parser.SkipObjectResolution)
	}
	declarations := func(imports, variables string) string {
		return "package page\n" + imports + b.preamble + "\n" + place + text + "\n" + variables
	}
	form := declarations
	if _, err := parser.ParseFile(token.NewFileSet(), "page.go", form("", ""), 0); err != nil {
		form = func(imports, variables string) string {
			return "package page\n" + imports + b.preamble + "\nfunc _() {\n" + place + text + "\n}\n" + variables
		}
	}
	file, err := parser.ParseFile(fset, "page.go", form("", ""), 0)
	if err != nil {
		return nil, err
	}
	return parser.ParseFile(fset, "page.go", form(missing(file)), parser.SkipObjectResolution)
}

// missing returns imports and variables that a fragment takes for granted.
func missing(file *ast.File) (imports, declared string) {
	needed := make(map[string]bool) // names of packages
	for _, ident := range file.Unresolved {
		needed[ident.Name] = true
		if text, ok := variables[ident.Name]; ok && !strings.Contains(declared, text) {
			declared += text + "\n"
			_, of, _ := strings.Cut(text, " "+ident.Name+" ")
			of, _, _ = strings.Cut(strings.TrimPrefix(of, "*"), ".")
			needed[of] = true
		}
	}
	for _, spec := range file.Imports { // the preamble has its own
		path, _ := strconv.Unquote(spec.Path.Value)
		name := path[strings.LastIndexByte(path, '/')+1:]
		if spec.Name != nil {
			name = spec.Name.Name
		}
		delete(needed, name)
	}
	for _, name := range slices.Sorted(maps.Keys(needed)) {
		if path, ok := packages[name]; ok {
			imports += fmt.Sprintf("import %s %q\n", name, path)
		}
	}
	return imports, declared
}

// check type-checks files, each as a package of its own, with what they import as compiled in dir.
func check(t *testing.T, fset *token.FileSet, files map[string]*ast.File, dir, gowork string) {
	var needed []string
	for _, file := range files {
		needed = append(needed, imports(file)...)
	}
	slices.Sort(needed)
	needed = slices.Compact(needed)
	if len(needed) == 0 {
		return
	}
	list := exec.Command("go", append([]string{"list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}"}, needed...)...)
	list.Dir, list.Env = dir, environment("GOWORK="+gowork)
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		t.Fatal("go list: ", err)
	}
	compiled := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), " ")
		compiled[path] = file
	}
	from := importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(compiled[path]) })
	for _, name := range slices.Sorted(maps.Keys(files)) {
		config := types.Config{Importer: from, Error: func(err error) {
			// What is not used is soft: the fragments use nothing of what they make.
			if wrong, ok := errors.AsType[types.Error](err); ok && !wrong.Soft {
				t.Error(err)
			}
		}}
		_, _ = config.Check(name, fset, []*ast.File{files[name]}, nil) // Error has told
	}
}
