package engine_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// arrows says which packages of this project each room of the engine's house may import:
// the list of docs/architecture.md. A room that is not named here has to be added.
var arrows = map[string][]string{
	"frame": {}, "gateway": {}, "lazyjson": {}, "pool": {},
	"internal/descriptors": {}, "internal/inflate": {"internal/prefetch"}, "internal/prefetch": {}, "internal/slab": {}, "internal/zstd": {},
	"engine/identify":           {},
	"engine/calm":               {},
	"engine/session":            {"engine/identify", "gateway"},
	"engine/lifecycle":          {"gateway"},
	"engine/trace":              {"lazyjson"},
	"engine/internal/limit":     {},
	"engine/internal/link":      {"engine/internal/limit", "frame", "gateway", "pool"},
	"engine/internal/guard":     {},
	"engine/internal/secret":    {},
	"engine/internal/transport": {"engine/internal/secret", "gateway", "internal/descriptors"},
	"engine/internal/saver":     {"engine/identify", "engine/internal/guard", "engine/session"},
	"engine/internal/budget":    {"engine/identify"},
	"engine/internal/inflow":    {"frame", "lazyjson", "pool", "internal/inflate", "internal/slab", "internal/zstd"},
	"engine/internal/core": {
		"engine/identify", "engine/lifecycle", "engine/session", "engine/internal/inflow", "engine/internal/secret",
		"frame", "gateway", "lazyjson", "pool", "internal/prefetch",
	},
	"engine": {
		"engine/identify", "engine/lifecycle", "engine/session",
		"engine/internal/budget", "engine/internal/core", "engine/internal/guard", "engine/internal/inflow", "engine/internal/limit", "engine/internal/link",
		"engine/internal/saver", "engine/internal/secret", "engine/internal/transport",
		"frame", "gateway", "lazyjson", "pool", "internal/prefetch", "internal/reactor", "internal/descriptors",
	},
	"engine/typed":   {"engine", "gateway", "lazyjson/decode"},
	"engine/metrics": {"engine", "engine/lifecycle", "gateway"},

	"engine/metrics/bridgemetrics": {"bridge"},
	"engine/monitor":               {"engine", "engine/identify", "engine/lifecycle", "gateway"},
	"engine/monitor/browser":       {},        // for tests alone, a module of its own
	"engine/internal/wiretest":     {"frame"}, // for tests alone
}

// TestArrows: imports between packages run one way, and only where they are meant to.
func TestArrows(t *testing.T) {
	const module = "github.com/sluice-go/sluice/"
	seen := map[string]bool{}
	err := filepath.WalkDir("..", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return err
		}
		rel, err := filepath.Rel("..", filepath.Dir(name))
		if err != nil {
			return err
		}
		room := filepath.ToSlash(rel)
		may, known := arrows[room]
		if !known {
			if strings.HasPrefix(room, "engine/") && !strings.Contains(room, "testdata") {
				t.Errorf("%s is a room that is not in the list of arrows", room)
			}
			return nil
		}
		seen[room] = true
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if to, own := strings.CutPrefix(imported, module); own && !slices.Contains(may, to) {
				t.Errorf("%s imports %s, which no arrow leads to", path.Join(room, filepath.Base(name)), to)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for room := range arrows {
		if !seen[room] {
			t.Errorf("there is no room %s", room)
		}
	}
}
