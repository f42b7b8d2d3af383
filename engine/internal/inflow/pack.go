package inflow

import (
	"math/bits"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"

	"github.com/sluice-go/sluice/internal/inflate"
	"github.com/sluice-go/sluice/internal/slab"
	"github.com/sluice-go/sluice/pool"
)

// A full window of a bot's traffic compresses to a fifth or a sixth. That of a shard that is silent
// is packed: its bytes compressed, and its memory given back, but for the last of them. An ACK
// refers to the ACK before it, and is decoded with what is left; the first message that refers to
// more brings the window back.

const (
	// packKept is how much of a window's end stays: many ACKs, or a small event.
	packKept = 1 << 10

	// packResident is how much of a zlib window is resident then: mostly one page, sometimes two.
	packResident = 4 << 10

	// packFrom is from which size on a history is worth packing: less of a zlib window is not resident.
	packFrom = inflate.WindowSize / 2

	// packAgain is from which size on what came on a packed connection is packed, too: some 100 ACKs.
	packAgain = 8 * packKept

	// packMost is the largest history that is packed, and bounds what packing it takes.
	packMost = 1 << 20
)

// packer compresses windows, and brings them back. It takes 1 MB, so a few are shared.
type packer struct {
	encoder *zstd.Encoder
	decoder *zstd.Decoder
	room    []byte
}

var packers = sync.Pool{New: func() any { return newPacker() }}

// newPacker has what these options cannot make fail.
func newPacker() *packer {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(256<<10), zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true))
	if err != nil {
		panic(err)
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(2*packMost))
	if err != nil {
		panic(err)
	}
	return &packer{encoder: encoder, decoder: decoder}
}

// packed is a window, compressed. The zero value is none.
type packed struct {
	block  *slab.Block // nil: nothing is packed
	lender *slab.Pool  // of block
	size   int         // of what block holds
	length int         // of the window
}

var (
	packedWindows atomic.Int64
	packs         atomic.Uint64
)

// WindowsPacked returns how many connections' windows are packed.
func WindowsPacked() int { return int(packedWindows.Load()) }

// Packs returns how often a window was packed.
func Packs() uint64 { return packs.Load() }

// put packs a window, for which saved bytes of memory are given back. It reports false, and
// packs nothing, if less than half of them would be won.
func (p *packed) put(window []byte, saved int) bool {
	k := packers.Get().(*packer)
	defer packers.Put(k)
	k.room = k.encoder.EncodeAll(window, k.room[:0])
	size := packSize(len(k.room))
	if size > saved/2 {
		return false
	}
	lender := packPool(size)
	block := lender.Get()
	copy(block.B, k.room)
	*p = packed{block, lender, len(k.room), len(window)}
	packedWindows.Add(1)
	packs.Add(1)
	return true
}

// take returns the window, in memory that is lent until put back.
func (p *packed) take() (window *pool.Buffer, err error) {
	k := packers.Get().(*packer)
	defer packers.Put(k)
	window = pool.Get(p.length)
	window.B, err = k.decoder.DecodeAll(p.block.B[:p.size], window.B[:0])
	p.drop()
	return window, err // put made it: if there is an error memory is broken
}

// drop gives the memory back.
func (p *packed) drop() {
	if p.block == nil {
		return
	}
	p.lender.Put(p.block)
	packedWindows.Add(-1)
	*p = packed{}
}

// packSize rounds up to a thirty-second of a power of two, so that not every size needs a pool of
// its own, and a sixtieth is wasted.
func packSize(n int) int {
	step := max(256, 1<<max(0, bits.Len(uint(n-1))-5))
	return (n + step - 1) / step * step
}

var packPools struct {
	mu     sync.Mutex
	bySize map[int]*slab.Pool
}

// packPool returns what lends memory of a size, of which packSize has some 150.
func packPool(size int) *slab.Pool {
	packPools.mu.Lock()
	defer packPools.mu.Unlock()
	if packPools.bySize == nil {
		packPools.bySize = make(map[int]*slab.Pool)
	}
	if packPools.bySize[size] == nil {
		packPools.bySize[size] = slab.New(size)
	}
	return packPools.bySize[size]
}
