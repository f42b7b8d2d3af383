package slab

import (
	"bytes"
	"os"
	"runtime"
	"strconv"
	"testing"
)

// Memory on loan is the process's and not the heap's, and returns to the system.
func TestOutsideTheHeap(t *testing.T) {
	const blocks, size = 1000, 32 << 10
	p := New(size)
	heap, resident := heapBytes(), residentBytes(t)
	var lent []*Block
	for range blocks {
		b := p.Get()
		for i := 0; i < size; i += 4096 {
			b.B[i] = 1
		}
		lent = append(lent, b)
	}
	if grown := heapBytes() - heap; grown > blocks*size/4 {
		t.Errorf("the heap grew by %d bytes", grown)
	}
	if grown := residentBytes(t) - resident; grown < blocks*size*3/4 {
		t.Errorf("resident memory grew by %d bytes only", grown)
	}
	for _, b := range lent {
		p.Put(b)
	}
	if grown := residentBytes(t) - resident; grown > blocks*size/4 {
		t.Errorf("resident memory keeps %d bytes", grown)
	}
}

func heapBytes() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

func residentBytes(t *testing.T) int {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip(err)
	}
	pages, err := strconv.Atoi(string(bytes.Fields(b)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return pages * os.Getpagesize()
}
