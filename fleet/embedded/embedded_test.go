//go:build !plan9 && !aix

package embedded

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestUnusable: what keeps a server from starting is said at once.
func TestUnusable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, config := range map[string]Config{
		"Config.Dir is empty":                 {},
		"Config.Join is set without":          {Dir: t.TempDir(), Join: []string{"127.0.0.1:1"}},
		`"x" is no address`:                   {Dir: t.TempDir(), Listen: "x"},
		"cannot listen on Config.Listen":      {Dir: t.TempDir(), Listen: l.Addr().String()},
		"cannot listen on Config.Cluster":     {Dir: t.TempDir(), Cluster: l.Addr().String()},
		"cannot write into Config.Dir: mkdir": {Dir: file},
	} {
		server, err := Start(config)
		if err == nil {
			server.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want …%s…", config, err, want)
		}
	}
}
