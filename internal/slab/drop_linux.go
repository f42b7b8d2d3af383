package slab

import (
	"os"
	"syscall"
)

// Droppable reports whether Drop gives any of the block's memory back: it lies outside the
// heap, and has pages of its own.
func (b *Block) Droppable() bool { return b.chunk.outside && len(b.B)%os.Getpagesize() == 0 }

// Drop gives the whole pages of b.B[from:to] back to the system. They are zeros then, and the
// system's to give again when they are next touched.
func (b *Block) Drop(from, to int) {
	page := os.Getpagesize()
	from, to = (from+page-1)/page*page, to/page*page
	if from < to && b.Droppable() {
		_ = syscall.Madvise(b.B[from:to], syscall.MADV_DONTNEED) // fails where pages are locked: they stay
	}
}
