//go:build safe

package lend

import "testing"

func TestSafe(t *testing.T) {
	if Supported() == "" {
		t.Error("the tag safe does not forbid to lend")
	}
}
