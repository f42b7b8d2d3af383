//go:build !purego

package lazyjson

// scans are all that this processor can run.
var scans = map[string]func(b []byte, from int) (end int, ok bool){
	"scanAVX2": func(b []byte, from int) (end int, ok bool) {
		if !hasAVX2 || len(b) < blockSize {
			return 0, false
		}
		return scanAVX2(&b[0], len(b), from), true
	},
	"scanAVX512": func(b []byte, from int) (end int, ok bool) {
		if !hasAVX512 {
			return 0, false
		}
		return scanAVX512(&b[0], len(b), from), true
	},
}
