//go:build (amd64 || arm64) && ((linux && !android) || (darwin && !ios) || windows) && !go1.28

package decode

import "testing"

// Where the comment of the package says that sonic decodes, it does. The other
// tests hold on both sides: GOARCH=386 runs them without sonic, -tags go1.28
// with a sonic that does not know its Go.
func TestNative(t *testing.T) {
	if !Native {
		t.Error("sonic hands over to encoding/json")
	}
}
