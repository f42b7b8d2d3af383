package traffic

import (
	"math/bits"
	"math/rand/v2"
)

// A source draws random numbers, with integers alone: the same on every machine.
type source struct{ pcg rand.PCG }

func newSource(seed, stream uint64) source {
	return source{*rand.NewPCG(seed, stream)}
}

// below draws from 0 to n-1.
func (r *source) below(n int) int {
	hi, _ := bits.Mul64(r.pcg.Uint64(), uint64(n))
	return int(hi)
}

// between draws from lo to hi, both included.
func (r *source) between(lo, hi int) int { return lo + r.below(hi-lo+1) }

// chance is true percent times in a hundred.
func (r *source) chance(percent int) bool { return r.below(100) < percent }

// rank draws from 0 to 1<<octaves-2 by Zipf's law: as often from [1, 2) as from
// [2, 4), [4, 8), and so on, less 1.
func (r *source) rank(octaves int) int {
	first := 1 << r.below(octaves)
	return first + r.below(first) - 1
}

// pick draws an element of list, all alike.
func pick[E any](r *source, list []E) E { return list[r.below(len(list))] }

// recurring draws an index below n by Zipf's law.
func (r *source) recurring(n int) int {
	for {
		if i := r.rank(bits.Len(uint(n))); i < n {
			return i
		}
	}
}

// recur draws an element of list by Zipf's law; the first ones recur the most.
func recur[E any](r *source, list []E) E { return list[r.recurring(len(list))] }

const hexDigits = "0123456789abcdef"

// appendHex appends n random hexadecimal digits, as in a hash; n is a multiple
// of 8.
func (r *source) appendHex(dst []byte, n int) []byte {
	for ; n > 0; n -= 8 {
		v := r.pcg.Uint64()
		for range 8 {
			dst = append(dst, hexDigits[v&15])
			v >>= 4
		}
	}
	return dst
}

const base62Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

// appendBase62 appends n random letters and digits, as in a token.
func (r *source) appendBase62(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, base62Digits[r.below(len(base62Digits))])
	}
	return dst
}
