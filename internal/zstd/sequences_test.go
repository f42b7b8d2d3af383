package zstd

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// A sequenceStream makes blocks of random sequences by hand, in every mode of
// every table, and what they have to give, byte by byte.
type sequenceStream struct {
	rng    *rand.Rand
	window int
	out    []byte // of all blocks
	recent [3]int
	tables [sequenceCodes]*testTable // the last ones
}

// A testTable is a code to write sequences with.
type testTable struct {
	log     int
	states  stateTable // whose values are the symbols
	symbols []int      // that have a state
}

var symbolCells = func() (t [maxSymbols]cell) {
	for symbol := range t {
		t[symbol] = cell(symbol) << 32
	}
	return t
}()

func newTestTable(log int, count []int16) *testTable {
	d := distribution{log: log, symbols: len(count)}
	copy(d.count[:], count)
	t := &testTable{log: log}
	for symbol, n := range count {
		if n != 0 {
			t.symbols = append(t.symbols, symbol)
		}
	}
	d.build(&t.states, &symbolCells)
	return t
}

// before returns the state of a symbol from which the given state follows,
// and the bits that lead there.
func (t *testTable) before(symbol int, state uint64) (from, v uint64, n int) {
	for from, c := range t.states[:1<<t.log] {
		n := int(c & 0xff)
		base := uint64(c >> 16 & 0xffff)
		if int(c.value()) == symbol && base <= state && state < base+1<<n {
			return uint64(from), state - base, n
		}
	}
	panic("no state before")
}

// randomCount makes a distribution of up to limit symbols, of which the second
// has a probability and none more than half: klauspost's decoder refuses others.
func randomCount(rng *rand.Rand, limit int, log int) []int16 {
	count := make([]int16, 2+rng.IntN(limit-1))
	count[1] = 1
	left := 1<<log - 1
	for left > 0 {
		i := rng.IntN(len(count))
		switch {
		case i > 0 && count[i] == 0 && rng.IntN(4) == 0:
			count[i] = -1
			left--
		case count[i] >= 0:
			n := min(1+rng.IntN(left), 1<<log/2-int(count[i]))
			if rng.IntN(2) == 0 {
				n = min(n, 1+rng.IntN(4))
			}
			count[i] += int16(n)
			left -= n
		}
	}
	for count[len(count)-1] == 0 {
		count = count[:len(count)-1]
	}
	return count
}

// table picks a mode for a code and writes its description.
func (m *sequenceStream) table(code, limit int) (mode int, description []byte) {
	modes := []int{predefinedMode, rleMode, compressedMode, compressedMode, repeatMode}
	mode = modes[m.rng.IntN(len(modes))]
	if mode == repeatMode && m.tables[code] == nil {
		mode = predefinedMode
	}
	switch mode {
	case predefinedMode:
		t := &testTable{log: alphabets[code].log}
		seen := make(map[int]bool)
		for state, c := range alphabets[code].predefined[:1<<t.log] {
			symbol := 0
			for i, full := range alphabets[code].cells[:alphabets[code].symbols] {
				if full == c&^0xffff00ff {
					symbol = i
				}
			}
			t.states[state] = c&0xffff00ff | cell(symbol)<<32
			if symbol < limit && !seen[symbol] {
				seen[symbol] = true
				t.symbols = append(t.symbols, symbol)
			}
		}
		m.tables[code] = t
	case rleMode:
		symbol := m.rng.IntN(limit)
		t := &testTable{symbols: []int{symbol}}
		t.states[0] = symbolCells[symbol]
		m.tables[code] = t
		description = []byte{byte(symbol)}
	case compressedMode:
		log := minLog + m.rng.IntN(alphabets[code].logLimit-minLog+1)
		count := randomCount(m.rng, limit, log)
		m.tables[code] = newTestTable(log, count)
		description = tableDescription(log, count)
	}
	return mode, description
}

// block appends a block of some sequences to w. It gives up, and leaves the
// tables as they are, if what it drew does not fit: then ok is false.
func (m *sequenceStream) block(w *blockWriter) bool {
	start := len(m.out)
	stop := start + min(m.window, maxBlock)
	tables, recent := m.tables, m.recent
	count := 1 + m.rng.IntN(40)
	if m.rng.IntN(8) == 0 {
		count = 120 + m.rng.IntN(300)
	}
	// Half of the time without the codes of large values, which seldom fit.
	limits := [sequenceCodes]int{36, 24, 53}
	if m.rng.IntN(4) > 0 {
		limits = [sequenceCodes]int{18, 16, 36}
	}
	var modes [sequenceCodes]int
	var descriptions [sequenceCodes][]byte
	for code := range sequenceCodes {
		modes[code], descriptions[code] = m.table(code, limits[code])
	}

	var literals []byte
	var codes, extras, widths [][sequenceCodes]int
	for range count {
		var symbol, extra, width, value [sequenceCodes]int
		fits := false
		for range 40 {
			for code, t := range m.tables {
				symbol[code] = t.symbols[m.rng.IntN(len(t.symbols))]
				c := alphabets[code].cells[symbol[code]]
				width[code] = int(c >> 8 & 0xff)
				extra[code] = m.rng.IntN(1 << width[code])
				value[code] = int(c.value()) + extra[code]
			}
			offset, next := m.offset(value[offsets], value[literalsLengths])
			size := len(m.out) + value[literalsLengths]
			if size+value[matchLengths] > stop || offset < 1 || offset > min(size, m.window) {
				continue
			}
			fits = true
			m.recent = next
			for range value[literalsLengths] {
				literals = append(literals, byte(m.rng.Uint32()))
			}
			m.out = append(m.out, literals[len(literals)-value[literalsLengths]:]...)
			for range value[matchLengths] {
				m.out = append(m.out, m.out[len(m.out)-offset])
			}
			break
		}
		if !fits {
			break
		}
		codes, extras, widths = append(codes, symbol), append(extras, extra), append(widths, width)
	}
	if len(codes) == 0 {
		m.tables, m.recent = tables, recent
		return false
	}
	for range min(m.rng.IntN(20), stop-len(m.out)) {
		c := byte(m.rng.Uint32())
		literals = append(literals, c)
		m.out = append(m.out, c)
	}

	// From the last sequence to the first, find the states and their bits.
	last := len(codes) - 1
	states, bits, ns := make([][sequenceCodes]uint64, len(codes)), make([][sequenceCodes]uint64, len(codes)), make([][sequenceCodes]int, len(codes))
	for code, t := range m.tables {
		for state, c := range t.states[:1<<t.log] {
			if int(c.value()) == codes[last][code] {
				states[last][code] = uint64(state)
			}
		}
		for i := last - 1; i >= 0; i-- {
			states[i][code], bits[i][code], ns[i][code] = t.before(codes[i][code], states[i+1][code])
		}
	}
	var s bitString
	for code, t := range m.tables {
		s.add(states[0][code], t.log)
	}
	for i := range codes {
		for _, code := range []int{offsets, matchLengths, literalsLengths} {
			s.add(uint64(extras[i][code]), widths[i][code])
		}
		for _, code := range []int{literalsLengths, matchLengths, offsets} {
			s.add(bits[i][code], ns[i][code])
		}
	}
	w.compressed(rawSection(string(literals)), sequencesHeader(len(codes), modes[0], modes[1], modes[2]),
		descriptions[0], descriptions[1], descriptions[2], s.stream())
	return true
}

// offset resolves a value as RFC 8878 section 3.1.1.5 has it.
func (m *sequenceStream) offset(value, literals int) (offset int, recent [3]int) {
	r := m.recent
	if literals == 0 && value <= 3 {
		value++
		if value == 4 {
			return r[0] - 1, [3]int{r[0] - 1, r[0], r[1]}
		}
	}
	switch value {
	case 1:
		return r[0], r
	case 2:
		return r[1], [3]int{r[1], r[0], r[2]}
	case 3:
		return r[2], [3]int{r[2], r[0], r[1]}
	}
	return value - 3, [3]int{value - 3, r[0], r[1]}
}

// Sequences of all codes, tables in all modes, offsets to all places, and
// streams of other windows in between.
func TestSequences(t *testing.T) {
	oracle := newOracle(t)
	var d Decoder
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 2))
		var streams [2]sequenceStream
		var decoded [2]Stream
		var all [2][]byte
		for i := range streams {
			log := 10 + rng.IntN(14)
			streams[i] = sequenceStream{rng: rng, window: 1 << log, recent: [3]int{1, 4, 8}}
			all[i] = framed(log).b
		}
		for range 60 {
			for i := range streams {
				m := &streams[i]
				before := len(m.out)
				w := &blockWriter{}
				if before == 0 {
					w.b = bytes.Clone(all[i])
					all[i] = nil
				}
				for range 1 + rng.IntN(3) {
					if rng.IntN(3) == 0 || !m.block(w) {
						literals := make([]byte, rng.IntN(min(m.window, 3000)))
						for i := range literals {
							literals[i] = byte(rng.Uint32())
						}
						w.raw(string(literals))
						m.out = append(m.out, literals...)
					}
				}
				all[i] = append(all[i], w.b...)
				out, _, err := d.Decode(&decoded[i], w.b, testLimit)
				if err != nil {
					t.Fatalf("seed %d, stream %d, after %d bytes: %v", seed, i, before, err)
				}
				if !bytes.Equal(out, m.out[before:]) {
					t.Fatalf("seed %d, stream %d, after %d bytes: output differs", seed, i, before)
				}
			}
		}
		for i := range streams {
			if out, err := oracle.decode(all[i]); !bytes.Equal(out, streams[i].out[:min(len(streams[i].out), testLimit+1)]) {
				t.Fatalf("seed %d, stream %d: klauspost's %d bytes are not the %d put in: %v", seed, i, len(out), len(streams[i].out), err)
			}
		}
	}
}

// A sequence whose fields have more bits than a load gives: 89, the most
// there are, where each of the fields is the largest of its kind.
func TestWideSequence(t *testing.T) {
	var d Decoder
	for _, states := range []int{0, 9} {
		t.Run(fmt.Sprint(states, " bits of states"), func(t *testing.T) {
			n := uint64(states)
			top := [sequenceCodes]cell{
				literalsLengths: alphabets[literalsLengths].cells[35] | cell(n),
				offsets:         alphabets[offsets].cells[31] | cell(min(n, 8)),
				matchLengths:    alphabets[matchLengths].cells[52] | cell(n),
			}
			for code := range top {
				for i := range d.tables[code].states {
					d.tables[code].states[i] = cell(i) << 32
				}
			}
			var in bitString
			in.add(0x40000001, 31).add(0x8001, 16).add(0x8003, 16).add(0x155&(1<<n-1), states).add(0xff&(1<<n-1), states).add(0x81&(1<<n-1), min(states, 8))
			in.add(0, 0)
			r := &d.reader
			r.in, _ = newBitReader(append(make([]byte, front), in.stream()...))
			r.left, r.states = 2, top
			if _, v := d.readSequences(d.sequences[:1]); v != ok {
				t.Fatalf("verdict %d", v)
			}
			want := sequence{lengths: (65539+0x8001)<<32 | (65536 + 0x8003), offset: 1<<31 + 0x40000001}
			if got := d.sequences[0]; got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
			for code, want := range [sequenceCodes]uint64{0x155 & (1<<n - 1), 0x81 & (1<<n - 1), 0xff & (1<<n - 1)} {
				if got := uint64(r.states[code].value()); got != want {
					t.Errorf("state %d is %#x, want %#x", code, got, want)
				}
			}
		})
	}
}
