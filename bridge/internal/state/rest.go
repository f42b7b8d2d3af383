package state

import (
	"slices"
	"sync"
)

// A rest is a guild's groups as they lie compressed: one behind the other, in two pieces of memory. The first
// piece is as long as one of the sizes that Go's allocator has, which are an eighth apart, so that little is lost to
// rounding. Neither ever changes.
type rest struct {
	ends        [numGroups]uint32
	first, last string
}

// newRest returns those groups at rest; "" stands for none.
func newRest(groups [numGroups]string) (r rest) {
	n := 0
	for of, b := range groups {
		n += len(b)
		r.ends[of] = uint32(n)
	}
	all := make([]byte, 0, n)
	for _, b := range groups {
		all = append(all, b...)
	}
	cut := cutFor(n)
	r.first, r.last = string(all[:cut]), string(all[cut:])
	return r
}

// size returns the length of a group.
func (r *rest) size(of group) int {
	if of == 0 {
		return int(r.ends[0])
	}
	return int(r.ends[of] - r.ends[of-1])
}

// len returns the length of all groups.
func (r *rest) len() int { return int(r.ends[numGroups-1]) }

// at returns a group.
func (r *rest) at(of group) string {
	end := int(r.ends[of])
	start := end - r.size(of)
	switch n := len(r.first); {
	case end <= n:
		return r.first[start:end]
	case start >= n:
		return r.last[start-n : end-n]
	default:
		return r.first[start:] + r.last[:end-n]
	}
}

// groups returns all groups.
func (r *rest) groups() (groups [numGroups]string) {
	for of := range numGroups {
		groups[of] = r.at(of)
	}
	return groups
}

// minCut is what has to be won by a second piece.
const minCut = 24

// cutFor returns how long the first piece of n bytes is.
func cutFor(n int) int {
	sizes := sizeClasses()
	i, exact := slices.BinarySearch(sizes, n)
	if exact || i == 0 || i == len(sizes) || sizes[i]-n < minCut {
		return n
	}
	return sizes[i-1]
}

// sizeClasses are the sizes of small allocations, which the capacities of slices show.
var sizeClasses = sync.OnceValue(func() (sizes []int) {
	for size := 0; size < 32<<10; sizes = append(sizes, size) {
		size = cap(slices.Grow([]byte(nil), size+1))
	}
	return sizes
})
