package gatewaytest_test

import (
	"os"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/gatewaytest/fault"
)

// TestGuide holds the page about testing against what runs: its Go code is that of
// examples/testing, and its scripts parse.
func TestGuide(t *testing.T) {
	page, err := os.ReadFile("../docs/testing.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("../examples/testing/bot_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for block := range blocks(string(page), "go") {
		if !strings.Contains(string(source), block) {
			t.Errorf("examples/testing has no\n%s", block)
		}
	}
	scripts := 0
	for block := range blocks(string(page), "text") {
		scripts++
		if _, err := fault.ParseScript(strings.NewReader(block)); err != nil {
			t.Errorf("%v in\n%s", err, block)
		}
	}
	if scripts == 0 {
		t.Error("the page has no script")
	}
	for p := fault.AtAccept; p <= fault.AtReplay; p++ {
		if !strings.Contains(string(page), "`"+p.String()+"`") {
			t.Errorf("the page does not tell of the point %v", p)
		}
	}
	for a := fault.ActionClose; a <= fault.ActionUntrusted; a++ {
		if !strings.Contains(string(page), "`"+a.String()) {
			t.Errorf("the page does not tell of the action %v", a)
		}
	}
}

// blocks yields the code of a page in one language.
func blocks(page, language string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for part := range strings.SplitSeq(page, "\n```"+language+"\n") {
			if part == "" || strings.HasPrefix(page, part) {
				continue // what stands before the first block
			}
			code, _, _ := strings.Cut(part, "```")
			if !yield(code) {
				return
			}
		}
	}
}
