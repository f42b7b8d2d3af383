package trace

import "math"

// lexicon has the words that replace words: by length, the frequent ones first. They are made of few letters,
// so that none of them is one of a language, and people see what was redacted.
var lexicon = newLexicon()

const (
	maxWord     = 12
	wordsEach   = 128
	wordTurns   = 1024 // length of the table that a word is drawn by
	consonants  = "bdgjkqvwxz"
	vowels      = "uy"
	lexiconSeed = 0x736c75696365
)

type words struct {
	words [maxWord + 1][]string
	turns [wordTurns]uint8 // rank of a word, by Zipf's law
}

func newLexicon() *words {
	l := new(words)
	seed := random(lexiconSeed)
	for n := 1; n <= maxWord; n++ {
		seen := make(map[string]bool)
		for tries := 0; len(l.words[n]) < wordsEach && tries < 4*wordsEach; tries++ {
			word := make([]byte, n)
			vowel := seed.below(3) == 0
			for i := range word {
				letters := consonants
				if vowel {
					letters = vowels
				}
				word[i] = letters[seed.below(len(letters))]
				vowel = !vowel || seed.below(6) == 0
			}
			if !seen[string(word)] {
				seen[string(word)] = true
				l.words[n] = append(l.words[n], string(word))
			}
		}
	}
	for i := range l.turns {
		l.turns[i] = uint8(math.Pow(wordsEach, (float64(i)+0.5)/wordTurns) - 1)
	}
	return l
}

// word returns a word of n letters; n is at most maxWord.
func (l *words) word(seed *random, n int) string {
	list := l.words[n]
	return list[int(l.turns[seed.next()%wordTurns])%len(list)]
}
