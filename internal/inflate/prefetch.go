package inflate

import (
	"unsafe"

	"github.com/sluice-go/sluice/internal/prefetch"
)

// prefetch has the processor load what the batch's matches are to copy from the window, and what will be written
// there, which is in no cache when many connections take turns. copyBatch reaches further matches while it waits for
// one, but not all: each that it waits for is in its way. What is asked for here is in nobody's.
func (d *Decoder) prefetch() {
	past, o, l, n := d.past, d.size, 0, uint(0)
	if past.window == nil {
		return
	}
	places := &d.batch.places
	for _, m := range d.batch.matches[:d.batch.match] {
		o += m.literals() - l
		l = m.literals()
		if from := o - m.distance(); from < 0 {
			// Both ends are asked for, though they mostly lie in one line: to find that out costs more.
			start := (int(past.next) + from) & (WindowSize - 1)
			places[n%(2*maxMatches)] = uint32(start)
			places[(n+1)%(2*maxMatches)] = uint32(start + m.length() - 1)
			n += 2
		}
		o += m.length()
	}
	prefetch.Places(unsafe.Pointer(past.window), places[:min(n, 2*maxMatches)])

	// append will write there. Where it wraps around, the rest is not asked for.
	next := (int(past.next) + d.size) & (WindowSize - 1)
	prefetch.Bytes(unsafe.Pointer(&past.window[next]), uintptr(min(d.batch.size, WindowSize-next)))
}
