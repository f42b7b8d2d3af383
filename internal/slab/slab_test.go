package slab

import (
	"math/rand/v2"
	"testing"
)

// Blocks on loan are distinct, whole, and nobody else's, in any order of Get and
// Put; an empty chunk has no memory.
func TestBlocks(t *testing.T) {
	for _, size := range []int{1, 1000, 32 << 10, chunkSize + 1} {
		p := New(size)
		random := rand.New(rand.NewPCG(1, uint64(size)))
		marks := map[*Block]byte{}
		for range 2000 {
			if len(marks) < 100 && random.IntN(2) == 0 {
				b := p.Get()
				if _, lent := marks[b]; lent || len(b.B) != size || cap(b.B) != size {
					t.Fatalf("size %d: lent twice, or with %d bytes", size, len(b.B))
				}
				marks[b] = byte(random.Uint32())
				b.B[0], b.B[size-1] = marks[b], marks[b]
			} else {
				for b, mark := range marks { // any
					if b.B[0] != mark || b.B[size-1] != mark {
						t.Fatalf("size %d: a block on loan changed", size)
					}
					delete(marks, b)
					p.Put(b)
					break
				}
			}
			if p.Lent() != len(marks) {
				t.Fatalf("size %d: %d are on loan, Lent says %d", size, len(marks), p.Lent())
			}
		}
		for b := range marks {
			p.Put(b)
		}
		for _, c := range p.chunks {
			if c.memory != nil {
				t.Errorf("size %d: an empty chunk keeps its memory", size)
			}
		}
	}
}

// What is left on loan draws together in the first chunks.
func TestFirstChunkFirst(t *testing.T) {
	p := New(chunkSize / 4)
	var lent []*Block
	for range 16 {
		lent = append(lent, p.Get())
	}
	for _, b := range lent[1:] {
		p.Put(b)
	}
	again := p.Get()
	if len(p.chunks) != 4 || again.chunk != lent[0].chunk {
		t.Errorf("%d chunks; the next block is not of the first", len(p.chunks))
	}
	again.B[0] = 1
}

func TestMisuse(t *testing.T) {
	panics := func(what string, f func()) {
		defer func() {
			if recover() == nil {
				t.Errorf("%s does not panic", what)
			}
		}()
		f()
	}
	p := New(10)
	b := p.Get()
	p.Put(b)
	panics("Put twice", func() { p.Put(b) })
	panics("New(0)", func() { New(0) })
}

func TestAllocations(t *testing.T) {
	p := New(100)
	p.Put(p.Get())
	keep := p.Get() // so that its chunk stays
	if n := testing.AllocsPerRun(100, func() { p.Put(p.Get()) }); n != 0 {
		t.Errorf("%v allocations for a Get and a Put", n)
	}
	p.Put(keep)
}
