package inflate

import (
	"bytes"
	"testing"

	"github.com/sluice-go/sluice/internal/asmtest"
)

func TestMain(m *testing.M) { asmtest.Main(m, setFast) }

// variants calls f for each variant of the symbol loop.
func variants(f func()) { asmtest.Each(setFast, f) }

// Each variant is the one that runs: the fast loop goes as far as the end of the block,
// the other is not called here.
func TestVariants(t *testing.T) {
	text := []byte("forty bytes of text, which come twice...")
	w := (&bitWriter{}).block(false, 1)
	for _, c := range text {
		w.symbol(int(c))
	}
	src := w.match(len(text), len(text)).symbol(endSymbol).flush()
	if !fast() {
		t.Log("without the fast loop")
	}
	variants(func() {
		var want []byte
		if fast() {
			want = bytes.Repeat(text, 2)
		}
		var d Decoder
		d.start(src, testLimit, &noHistory)
		d.in = d.in.refill(d.src).drop(3)
		d.turnsFast(fixed, len(d.out)-room)
		if out := d.out[:d.size]; !bytes.Equal(out, want) {
			t.Errorf("%q, want %q", out, want)
		}
	})
}
