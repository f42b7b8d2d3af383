package pool

// Slices lends plain slices of bytes.
var Slices SliceLender

// A SliceLender lends plain slices of bytes, for whoever cannot keep a [Buffer],
// such as a package that knows this one only by an interface with these two
// methods. All are one, [Slices], and goroutines may share it.
type SliceLender struct{}

// Get lends a slice with length 0 and capacity ≥ n bytes, from the classes that
// the package's own [Get] uses. It is borrowed until Put.
func (SliceLender) Get(n int) []byte {
	b := take(n)
	countLoan(int64(cap(b)))
	return b
}

// Put ends the loan of b, a slice that Get returned, of any length but with its
// beginning and capacity unchanged. A b without capacity is no loan and ignored.
// Put each slice exactly once: in race builds a second Put panics; in others it
// would lend the same memory twice.
func (SliceLender) Put(b []byte) {
	if cap(b) == 0 {
		return
	}
	if Poisoning && isPoisoned(b) {
		panic("pool: slice put back twice: put each slice exactly once, and set the variable to nil then")
	}
	lent.Add(-1)
	lentBytes.Add(-int64(cap(b)))
	give(b)
}
