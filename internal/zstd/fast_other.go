//go:build purego || !amd64

package zstd

// fast says whether there are faster loops than those in Go.
func fast() bool { return false }

// These do nothing: what they leave is done in Go.

func (d *Decoder) readFast([]sequence) (n int, total lengths) { return 0, 0 }

func (d *Decoder) executeFast(sequences []sequence) ([]sequence, verdict) { return sequences, ok }

func (d *Decoder) run() verdict { return ok }

func (d *Decoder) oneFast(_ []byte, p int, _ []byte) (after, n int) { return p, 0 }

func (d *Decoder) fourFast(_ []byte, _, _ *[4]int, _ []byte, _, _ int) (i int) { return 0 }

func (w *weights) decodeFast(_ *stateTable, _ []byte, p int, a, c cell) (after int, nextA, nextC cell, n, literal int) {
	return p, a, c, 0, 0
}

func (t *codeTable) fillFast(*weights, int, int) (done bool) { return false }
