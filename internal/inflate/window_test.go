package inflate

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// A matchStream makes messages of random literals and matches by hand, and
// what they have to give, byte by byte.
type matchStream struct {
	rng  *rand.Rand
	out  []byte // of all messages
	seen int    // bytes given out
}

// message makes the next message of about size bytes.
func (m *matchStream) message(size int) (src, want []byte) {
	w := &bitWriter{}
	if m.seen == 0 {
		w = deflated()
	}
	w.block(false, 1)
	for len(m.out) < m.seen+size {
		if len(m.out) == 0 || m.rng.IntN(4) == 0 {
			c := byte(m.rng.Uint32())
			w.symbol(int(c))
			m.out = append(m.out, c)
			continue
		}
		length := 3 + m.rng.IntN(256)
		if m.rng.IntN(2) == 0 {
			length = 3 + m.rng.IntN(30)
		}
		reach := min(len(m.out), WindowSize)
		inMessage := len(m.out) - m.seen
		var distance int
		switch m.rng.IntN(6) {
		case 0:
			distance = 1 + m.rng.IntN(20)
		case 1: // around the start of the message
			distance = inMessage + m.rng.IntN(300) - 40
		case 2: // around the end of the window
			distance = reach - m.rng.IntN(300)
		case 3: // around where the ring wraps
			distance = len(m.out)%WindowSize + m.rng.IntN(300) - 40
		default:
			distance = 1 + m.rng.IntN(reach)
		}
		distance = min(max(distance, 1), reach)
		w.match(length, distance)
		for range length {
			m.out = append(m.out, m.out[len(m.out)-distance])
		}
	}
	w.symbol(endSymbol)
	want = m.out[m.seen:]
	m.seen = len(m.out)
	return w.flush(), want
}

func TestMatches(t *testing.T) {
	for seed := range uint64(40) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			m := matchStream{rng: rand.New(rand.NewPCG(seed, 2))}
			var d Decoder
			var s Stream
			for i := range 100 {
				size := m.rng.IntN(2000)
				if m.rng.IntN(20) == 0 {
					size = 30_000 + m.rng.IntN(50_000)
				}
				src, want := m.message(size)
				if m.rng.IntN(2) == 0 {
					d.forget()
				}
				out, done, err := d.Decode(&s, src, testLimit)
				if err != nil || !done || !bytes.Equal(out, want) {
					t.Fatalf("message %d of %d bytes: done %v, error %v, %d bytes", i, len(want), done, err, len(out))
				}
			}
		})
	}
}

// Lengths of all sizes at small distances, and from every place around the
// border between the window and the message.
func TestMatchBorders(t *testing.T) {
	first := make([]byte, 700)
	rng := rand.New(rand.NewPCG(3, 3))
	for i := range first {
		first[i] = byte(rng.Uint32())
	}
	second := []byte("0123456789")
	var d Decoder
	for distance := 1; distance <= 300; distance += 1 + distance/70 {
		for length := 3; length <= 258; length += 1 + distance%3 {
			var s Stream
			if _, done, err := d.Decode(&s, deflated().stored(false, first...).flush(), testLimit); !done {
				t.Fatal(err)
			}
			want := append(bytes.Clone(first), second...)
			for range length {
				want = append(want, want[len(want)-distance])
			}
			w := (&bitWriter{}).stored(false, second...).block(false, 1).match(length, distance).symbol('!').symbol(endSymbol)
			if length%2 == 0 {
				d.forget()
			}
			out, done, err := d.Decode(&s, w.flush(), testLimit)
			if !done || string(out) != string(append(want, '!')[len(first):]) {
				t.Fatalf("length %d, distance %d: done %v, error %v", length, distance, done, err)
			}
		}
	}
}

// The ring holds the last bytes, however they came.
func TestHistoryAppend(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	var h history
	var all []byte
	for range 500 {
		chunk := make([]byte, rng.IntN(3000))
		switch rng.IntN(50) {
		case 0:
			chunk = make([]byte, WindowSize-1+rng.IntN(3))
		case 1:
			chunk = make([]byte, rng.IntN(3*WindowSize))
		}
		for i := range chunk {
			chunk[i] = byte(rng.Uint32())
		}
		h.append(chunk)
		all = append(all, chunk...)
		if int(h.size) != min(len(all), WindowSize) {
			t.Fatalf("size %d after %d bytes", h.size, len(all))
		}
		for i := 1; i <= int(h.size); i++ {
			if got := h.window[(int(h.next)-i)&(WindowSize-1)]; got != all[len(all)-i] {
				t.Fatalf("byte %d from the end of %d is %#x, want %#x", i, len(all), got, all[len(all)-i])
			}
		}
	}
}
