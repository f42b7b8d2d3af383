package engine

import (
	"testing"
	"unsafe"

	"github.com/sluice-go/sluice/engine/internal/core"
)

// TestSizes: what there is of each shard fits into a size class of the runtime's, where pointers
// have 8 bytes. The next one would take an eighth more.
func TestSizes(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("pointers have other sizes here")
	}
	for name, size := range map[string]uintptr{"a Shard": unsafe.Sizeof(Shard{}), "a core": unsafe.Sizeof(core.Core{})} {
		if size > 1024 {
			t.Errorf("%s has %d bytes", name, size)
		}
	}
	if size := unsafe.Sizeof(core.Life{}); size > 192 {
		t.Errorf("a Life has %d bytes", size)
	}
}
