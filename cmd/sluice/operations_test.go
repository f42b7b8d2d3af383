package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// flagName finds flags in a file of docs/operations.
var flagName = regexp.MustCompile(`(?:^|[\s"])--([a-z][a-z-]*)`)

// TestOperations: the files that run the command call it with flags that it has.
func TestOperations(t *testing.T) {
	run := newRun()
	for name, least := range map[string]int{"sluice.service": 3, "Containerfile": 2, "kubernetes.yml": 6} {
		b, err := os.ReadFile(filepath.Join("../../docs/operations", name))
		if err != nil {
			t.Fatal(err)
		}
		found := 0
		for line := range strings.Lines(string(b)) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "#") || strings.HasPrefix(line, "COPY") {
				continue
			}
			for _, flag := range flagName.FindAllStringSubmatch(line, -1) {
				if found++; run.Flags().Lookup(flag[1]) == nil {
					t.Errorf("%s calls sluice run with --%s, which there is not", name, flag[1])
				}
			}
		}
		if found < least {
			t.Errorf("%s has %d flags, want %d: does the test still find them?", name, found, least)
		}
	}
}
