//go:build !linux

package slab

// Droppable reports whether Drop gives any of the block's memory back.
func (b *Block) Droppable() bool { return false }

// Drop gives nothing back here.
func (b *Block) Drop(from, to int) {}
