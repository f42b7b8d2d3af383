package state

import (
	"cmp"
	"slices"
)

const (
	minWord   = 3  // how often a word was said that gets a number
	minPart   = 3  // letters of a part of words
	minParted = 6  // words that have a part in common
	minUsage  = 40 // words of a column that has its own usage
	maxUsages = 16
)

// countWords counts the words of a text that a column says.
func (t *trainer) countWords(column int, text []byte) {
	for separator := 1; separator > 0; {
		var word []byte
		word, separator, text = cutWord(text)
		t.words[string(word)]++
		t.columns[column].words++
	}
}

// best returns the words that are worth a number.
func (t *trainer) best() (words []string) {
	t.addParts()
	for word, n := range t.words {
		if n >= minWord && len(word) < maxEntry {
			words = append(words, word)
		}
	}
	slices.SortFunc(words, func(a, b string) int {
		return cmp.Or(cmp.Compare(t.words[b], t.words[a]), cmp.Compare(a, b))
	})
	return words[:min(len(words), maxWords)]
}

// addParts adds parts to the words: what many of the rare ones begin or end with, but not what nearly all of these have
// one more letter of in common. Names are often made of two words with nothing between them.
func (t *trainer) addParts() {
	begin, end := make(map[string]int), make(map[string]int)
	for word, n := range t.words {
		if n >= minWord {
			continue
		}
		for at := minPart; at <= len(word)-minPart && at < maxEntry; at++ {
			begin[word[:at]] += n
			end[word[len(word)-at:]] += n
		}
	}
	parts, longer := make(map[string]int), make(map[string]int)
	for part, n := range begin {
		parts[part] += n
		less := part[:len(part)-1]
		longer[less] = max(longer[less], n)
	}
	for part, n := range end {
		parts[part] += n
		less := part[1:]
		longer[less] = max(longer[less], n)
	}
	for part, n := range parts {
		if n >= minParted && longer[part]*2 < n {
			t.words[part] = max(t.words[part], n)
		}
	}
}

// usages returns the columns that have a usage of words of their own, behind one that stands for all others.
func (t *trainer) usages() []int {
	list := []int{columnOther}
	for n, c := range t.columns {
		if n != columnOther && c.words >= minUsage {
			list = append(list, n)
		}
	}
	slices.SortStableFunc(list[1:], func(a, b int) int { return cmp.Compare(t.columns[b].words, t.columns[a].words) })
	return list[:min(len(list), maxUsages)]
}
