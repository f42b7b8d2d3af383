package flags

import (
	"fmt"
	"io"
	"os"
)

// ReadFile reads a file that must not be longer than limit bytes, so that a wrong name (a device, say) costs nothing.
func ReadFile(name string, limit int) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadBounded(f, limit)
}

// ReadBounded reads all of f, which must not be longer than limit bytes.
func ReadBounded(f *os.File, limit int) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err == nil && len(text) > limit {
		err = fmt.Errorf("%s is longer than %d bytes", f.Name(), limit)
	}
	return text, err
}
