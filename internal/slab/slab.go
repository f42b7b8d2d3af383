// Package slab lends blocks of one size from memory that the garbage collector
// neither manages nor counts, where the system has such memory (Linux).
//
// The collector lets the heap grow in proportion to what lives in it. Thousands
// of decompression windows, 32 KiB each and as old as their connections, would
// have it leave as much garbage again lying about. Outside the heap they cost
// what they are.
package slab

import (
	"fmt"
	"sync"
)

// chunkSize is how many bytes are asked of the system at a time, unless one block
// is larger.
const chunkSize = 1 << 20

// Pool lends blocks. Make one with [New]. Any goroutine may use it.
type Pool struct {
	size  int // of a block, in bytes
	count int // of the blocks in a chunk

	mu     sync.Mutex
	chunks []*chunk
	lent   int
}

// Block is memory on loan from a [Pool].
type Block struct {
	// B is as long as the pool's blocks, with no room behind. It is borrowed until
	// Put, and its content is what the last borrower left, or zeros. It must hold
	// no pointers, which bytes cannot.
	B []byte

	chunk *chunk
	lent  bool
}

// chunk is memory for several blocks.
type chunk struct {
	memory  []byte // nil: given back to the system
	outside bool   // it is not the heap's
	blocks  []Block
	free    []*Block
}

// New returns a pool of blocks of so many bytes, at least 1.
func New(size int) *Pool {
	if size < 1 {
		panic(fmt.Sprintf("slab: a block cannot have %d bytes", size))
	}
	return &Pool{size: size, count: max(1, chunkSize/size)}
}

// Get lends a block until Put.
func (p *Pool) Get() *Block {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.open()
	b := c.free[len(c.free)-1]
	c.free = c.free[:len(c.free)-1]
	b.lent = true
	p.lent++
	return b
}

// Put ends a loan. Neither the block nor its bytes may be used from then on. When
// nothing of a chunk is on loan any more, the system gets its memory back. It
// panics if the block is not on loan.
func (p *Pool) Put(b *Block) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !b.lent {
		panic("slab: Put of a block that is not on loan; it was put back before")
	}
	b.lent = false
	p.lent--
	c := b.chunk
	c.free = append(c.free, b)
	if len(c.free) == len(c.blocks) {
		c.discard()
	}
}

// Lent returns how many blocks are on loan.
func (p *Pool) Lent() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lent
}

// open returns the first chunk with a free block, so that the last ones become
// empty when there is less to lend.
func (p *Pool) open() *chunk {
	for _, c := range p.chunks {
		if len(c.free) > 0 {
			if c.memory == nil {
				c.fill(p.size)
			}
			return c
		}
	}
	c := &chunk{blocks: make([]Block, p.count)}
	c.fill(p.size)
	for i := range c.blocks {
		c.blocks[i].chunk = c
		c.free = append(c.free, &c.blocks[i])
	}
	p.chunks = append(p.chunks, c)
	return c
}

// fill gets memory for a chunk's blocks.
func (c *chunk) fill(size int) {
	c.memory, c.outside = allocate(size * len(c.blocks))
	for i := range c.blocks {
		c.blocks[i].B = c.memory[i*size : (i+1)*size : (i+1)*size]
	}
}

// discard gives a chunk's memory back.
func (c *chunk) discard() {
	giveBack(c.memory)
	c.memory = nil
	for i := range c.blocks {
		c.blocks[i].B = nil
	}
}
