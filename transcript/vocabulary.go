package transcript

import "github.com/org/salesconv/transcript/internal/wordlist"

// class is what the rules of reading know of a word beyond its letters, in bits; package wordlist says what each list is.
type class uint32

const (
	common class = 1 << iota
	nameAndWord
	forename
	particle
	title
	digitWord
	numberWord
	headingWord
	offerWord
	soundWord
	joiner
)

// vocabulary has the classes of words in lower case.
var vocabulary = wordlist.Vocabulary(map[class]string{
	common: wordlist.Common, nameAndWord: wordlist.NamesAndWords, forename: wordlist.Forenames, particle: wordlist.Particles, title: wordlist.Titles,
	digitWord: wordlist.Digits, numberWord: wordlist.Numbers, headingWord: wordlist.Headings, offerWord: wordlist.Offers, soundWord: wordlist.Sounds, joiner: wordlist.Joiners,
})

func (c class) is(any class) bool { return c&any != 0 }
