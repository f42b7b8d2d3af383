package zstd

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	library "github.com/klauspost/compress/zstd"
)

// forgetMessages returns parts of one frame that refer to what lies up to a window in front of
// them, and what they say.
func forgetMessages(tb testing.TB, seed uint64, window, n int) (payloads, messages [][]byte) {
	r := rand.New(rand.NewPCG(seed, 1))
	var out bytes.Buffer
	w, err := library.NewWriter(&out, library.WithEncoderConcurrency(1), library.WithWindowSize(window), library.WithEncoderCRC(false))
	if err != nil {
		tb.Fatal(err)
	}
	var all []byte
	for i := range n {
		p := fmt.Appendf(nil, "%d:", i)
		for range 1 + r.IntN(12) {
			if len(all) > 0 && r.IntN(3) > 0 {
				from := max(0, len(all)-1-r.IntN(2*window))
				p = append(p, all[from:min(len(all), from+r.IntN(900))]...)
			} else {
				for range r.IntN(300) {
					p = append(p, "abcdefghijklmnop"[r.IntN(16)])
				}
			}
		}
		all = append(all, p...)
		out.Reset()
		if _, err := w.Write(p); err != nil {
			tb.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			tb.Fatal(err)
		}
		payloads, messages = append(payloads, p), append(messages, bytes.Clone(out.Bytes()))
	}
	return payloads, messages
}

// TestForget: a stream that forgets, and recalls where a message is corrupt, says what one says
// that does not. Its memory is what it remembers.
func TestForget(t *testing.T) {
	for seed := range uint64(10) {
		window := 1 << (10 + seed)
		payloads, messages := forgetMessages(t, seed, window, 400)
		r := rand.New(rand.NewPCG(seed, 2))
		var d Decoder
		var s Stream
		var old []byte
		forgot, recalled := 0, 0
		for i, m := range messages {
			out, done, err := d.Decode(&s, m, 1<<20)
			if err != nil && s.Forgotten() {
				recalled++
				s.Recall(old)
				out, done, err = d.Decode(&s, m, 1<<20)
			}
			if err != nil || !done || !bytes.Equal(out, payloads[i]) {
				t.Fatalf("seed %d, message %d: %v, %v, %.80q, want %.80q", seed, i, done, err, out, payloads[i])
			}
			if !s.Forgotten() && r.IntN(5) == 0 {
				old = s.AppendRemembered(old[:0])
				kept := r.IntN(600)
				s.Forget(kept)
				if s.Remembered() > kept || s.Window() > kept {
					t.Fatalf("remembers %d bytes in %d, is to keep %d", s.Remembered(), s.Window(), kept)
				}
				if s.Forgotten() {
					forgot++
				}
			}
		}
		if forgot < 5 || recalled < 5 {
			t.Errorf("seed %d: forgot %d times, recalled %d times", seed, forgot, recalled)
		}
	}
}

// TestForgetEnds: what is forgotten does not matter any more behind a frame's end, nor behind a
// whole window.
func TestForgetEnds(t *testing.T) {
	var d Decoder
	var s Stream
	decode := func(src []byte) {
		t.Helper()
		if _, done, err := d.Decode(&s, src, 1<<20); err != nil || !done {
			t.Fatal(done, err)
		}
	}
	for name, next := range map[string][]byte{
		"another frame":  (&blockWriter{}).block(true, rawBlock, 1, 'i').bytes(framed(10).raw("x").b...).b,
		"a whole window": (&blockWriter{}).raw(string(make([]byte, 1024))).b,
	} {
		s.Reset()
		decode(framed(10).raw("abcdefgh").b)
		s.Forget(3)
		if !s.Forgotten() {
			t.Fatalf("%s: nothing is forgotten", name)
		}
		decode(next)
		if s.Forgotten() {
			t.Errorf("something is forgotten behind %s", name)
		}
	}
	s.Reset()
	decode(framed(10).raw("abcdefgh").b)
	s.Forget(2)
	for range 2 { // the error stays the same
		if _, _, err := d.Decode(&s, (&blockWriter{}).raw("too long").b, 3); err != ErrTooLarge {
			t.Errorf("error %v", err)
		}
	}
	s.Recall([]byte("abcdefgh"))
	if got := s.AppendRemembered(nil); string(got) != "abcdefgh" {
		t.Errorf("remembers %q", got)
	}
}
