package slab

import "syscall"

// noHugePage is MADV_NOHUGEPAGE of madvise(2): a huge page would be resident as a
// whole for the sake of one block.
const noHugePage = 15

// allocate returns memory outside the heap. Where the system refuses, as it does
// to a process with too many mappings, it is the heap's.
func allocate(n int) (b []byte, outside bool) {
	b, err := syscall.Mmap(-1, 0, n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE|syscall.MAP_ANON)
	if err != nil {
		return make([]byte, n), false
	}
	_ = syscall.Madvise(b, noHugePage)
	return b, true
}

// giveBack returns memory to the system. The heap's, of which Munmap knows
// nothing, is left to the collector.
func giveBack(b []byte) { _ = syscall.Munmap(b) }
