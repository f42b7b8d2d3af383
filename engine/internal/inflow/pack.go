package inflow

import (
	"github.com/klauspost/compress/s2"

	"github.com/sluice-go/sluice/internal/inflate"
	"github.com/sluice-go/sluice/internal/slab"
	"github.com/sluice-go/sluice/pool"
)

// A full window of a bot's traffic compresses to some 12 KB. That of a shard that is silent is
// packed: its bytes compressed, and its pages given back, but for the last of them. An ACK refers
// to the ACK before it, and is decoded with what is left; the first message that refers to more
// brings the window back.

const (
	// packKept is how much of a window's end stays: many ACKs, or a few small events.
	packKept = 2 << 10

	// packFrom is from which size on a history is worth packing: less is not resident.
	packFrom = inflate.WindowSize / 2
)

// packings lend memory for packed windows, in the sizes that whole pages have: 8, 12 and 16 KiB. What
// needs more stays as it is.
var packings = [...]packing{{8 << 10, slab.New(8 << 10)}, {12 << 10, slab.New(12 << 10)}, {16 << 10, slab.New(16 << 10)}}

// WindowsPacked returns how many connections' windows are packed.
func WindowsPacked() (n int) {
	for _, p := range packings {
		n += p.pool.Lent()
	}
	return n
}

// packedBytes returns how many bytes packing saves, when all windows count as whole.
func packedBytes() (saved int64) {
	for _, p := range packings {
		saved += int64(p.pool.Lent()) * int64(inflate.WindowSize-2*packKept-p.size)
	}
	return saved
}

type packing struct {
	size int // of a block
	pool *slab.Pool
}

// packed is most of a window, compressed. The zero value is none.
type packed struct {
	block     *slab.Block // nil: nothing is packed
	lender    *slab.Pool  // of block
	size      int         // of what block holds
	forgotten inflate.Forgotten
}

// drop gives the memory back.
func (p *packed) drop() {
	if p.block != nil {
		p.lender.Put(p.block)
		*p = packed{}
	}
}

// pack implements stream.
func (z *zlibStream) pack() {
	if z.window == nil || z.packed.block != nil || !z.window.Droppable() {
		return
	}
	if _, n := z.stream.Remembered(); n < packFrom {
		return
	}
	room := pool.Get(s2.MaxEncodedLen(inflate.WindowSize))
	defer room.Release()
	small := s2.EncodeBetter(room.B[:cap(room.B)], z.window.B)
	for _, p := range packings {
		if len(small) <= p.size {
			block := p.pool.Get()
			copy(block.B, small)
			z.packed = packed{block, p.pool, len(small), z.stream.Forget(packKept)}
			z.dropForgotten()
			return
		}
	}
}

// dropForgotten gives back the pages of the window that hold nothing that is remembered.
func (z *zlibStream) dropForgotten() {
	start, n := z.stream.Remembered()
	if end := start + n; end <= inflate.WindowSize {
		z.window.Drop(0, start)
		z.window.Drop(end, inflate.WindowSize)
	} else {
		z.window.Drop(end-inflate.WindowSize, start)
	}
}

// unpack brings the window back.
func (z *zlibStream) unpack() error {
	room := pool.Get(inflate.WindowSize)
	defer room.Release()
	old, err := s2.Decode(room.B[:cap(room.B)], z.packed.block.B[:z.packed.size])
	if err != nil {
		return err // pack made it: memory is broken
	}
	z.stream.Recall(z.packed.forgotten, (*inflate.Window)(old))
	z.packed.drop()
	return nil
}
