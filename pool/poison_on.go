//go:build race

package pool

// Poisoning reports whether bytes are overwritten when their loan ends. It is
// true in race builds alone.
const Poisoning = true

// poison is what bytes whose loan has ended are overwritten with.
const poison = 0xCC

// Poison overwrites b, up to its length, with 0xCC, for memory whose loan has
// ended. Outside race builds it does nothing.
func Poison(b []byte) {
	for i := range b {
		b[i] = poison
	}
}

// isPoisoned reports whether all of b's memory carries the mark, as only memory
// whose loan has ended does: the smallest loan is 1 KiB, too much for chance.
func isPoisoned(b []byte) bool {
	if cap(b) < 1<<minBits {
		return false
	}
	for _, c := range b[:cap(b)] {
		if c != poison {
			return false
		}
	}
	return true
}
