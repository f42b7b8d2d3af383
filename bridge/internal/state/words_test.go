package state

import (
	"slices"
	"strings"
	"testing"
)

// TestParts has rare words cut into what many of them are made of.
func TestParts(t *testing.T) {
	trained := &trainer{words: make(map[string]int), columns: make([]counted, firstColumn)}
	begins, ends := strings.Fields("shadow pixel cosmic velvet lazy rusty"), strings.Fields("wolf otter falcon cat moon noodle")
	for _, begin := range begins {
		for _, end := range ends {
			trained.countWords(columnRows, []byte(begin+end+" and-more"))
		}
	}
	words := trained.best()
	for _, part := range slices.Concat(begins, ends, []string{"and", "more"}) {
		if !slices.Contains(words, part) {
			t.Errorf("%q is no word", part)
		}
	}
	if n := len(begins) + len(ends) + 2; len(words) > n+2 {
		t.Errorf("%d words, want about %d: %q", len(words), n, words)
	}
	texts := newTexts(words, 1)
	for word, want := range map[string]string{
		"cosmicmoon": "cosmic", "shadow123": "shadow", "pixel42cat": "pixel", "xxxotter": "xxx", "shadowy": "", "wolfpixelcat": "wolf", "unheard": "", "": "", "cat": "",
		strings.Repeat("é", 5000) + "cat": "", "lazy" + strings.Repeat("z", 150): "lazy", "lazy" + strings.Repeat("z", 5000): "",
	} {
		if first := word[:texts.split([]byte(word))]; first != want {
			t.Errorf("%.20q is cut behind %q, want %q", word, first, want)
		}
	}
}

// TestNewest has times be told by their age only if that is shorter.
func TestNewest(t *testing.T) {
	now := uint64(1_790_000_000_000)
	var rising, scattered []uint64
	for i := range uint64(100) {
		rising = append(rising, now+i*60_000)
		scattered = append(scattered, now-i*i*7919%97*300_000_000)
	}
	for _, test := range []struct {
		name  string
		times []uint64
		want  uint64
	}{
		{"none", nil, 0}, {"few", scattered[:3], 0}, {"one after the other", rising, 0}, {"scattered", scattered, slices.Max(scattered)},
		{"always the same", slices.Repeat([]uint64{now}, 9), 0}, {"two in turn", slices.Repeat([]uint64{now, 1 << 63}, 9), 1 << 63},
		{"numbers", slices.Repeat([]uint64{1, 2, maybeTime - 1}, 9), 0},
	} {
		var c counted
		for _, at := range test.times {
			c.told(at)
		}
		if got := c.newest(); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}
