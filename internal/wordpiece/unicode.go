package wordpiece

import (
	"sort"
	"sync"
)

// Classes of a character, as the reference has them.
const (
	removed     uint8 = 1 << iota // dropped by clean_text
	space                         // separates words
	cjk                           // an ideograph: a word of its own
	punctuation                   // a word of its own
	mark                          // dropped by strip_accents
	combining                     // has a canonical combining class other than 0
	lowers                        // has a lower case
	decomposes                    // has a canonical decomposition
)

// A run is the characters first, first+step, … last, with one value.
type run struct{ first, last, step, value rune }

// Hangul syllables decompose by arithmetic: 19 leading consonants × 21 vowels × 28 trailing consonants or none.
const (
	hangulFirst, hangulLast                    = 0xAC00, 0xD7A3
	hangulLeading, hangulVowel, hangulTrailing = 0x1100, 0x1161, 0x11A7
	hangulVowels, hangulTrailings              = 21, 28
)

// dottedCapital is İ, the one character whose lower case is two: i and a dot above.
const (
	dottedCapital = 0x130
	dotAbove      = 0x307
)

// classTable returns the classes of the characters below 0x20000; those above are up to classAbove.
var classTable = sync.OnceValue(func() *[0x20000]uint8 {
	t := new([0x20000]uint8)
	set := func(first, last, step rune, class uint8) {
		for r := first; r <= min(last, rune(len(t)-1)); r += step {
			t[r] |= class
		}
	}
	for i, ranges := range classRanges {
		for _, r := range ranges {
			set(r[0], r[1], 1, 1<<i)
		}
	}
	for _, r := range combiningRuns {
		set(r.first, r.last, r.step, combining)
	}
	for _, r := range lowerRuns {
		set(r.first, r.last, r.step, lowers)
	}
	t[dottedCapital] |= lowers
	set(hangulFirst, hangulLast, 1, decomposes)
	for _, r := range decomposable {
		set(r, r, 1, decomposes)
	}
	return t
})

// classRanges holds the characters of class 1<<i at i.
var classRanges = [...][][2]rune{removedRanges, spaceRanges, cjkRanges, punctuationRanges, markRanges}

// classAbove returns the classes of a character from 0x20000 on: none there has a case or a combining class.
func classAbove(r rune) (class uint8) {
	for c, ranges := range classRanges {
		i := sort.Search(len(ranges), func(i int) bool { return ranges[i][1] >= r })
		if i < len(ranges) && ranges[i][0] <= r {
			class |= 1 << c
		}
	}
	if _, ok := decompose(r); ok {
		class |= decomposes
	}
	return class
}

// lookup returns the value of a character in sorted runs, 0 if it is in none.
func lookup(runs []run, r rune) rune {
	i := sort.Search(len(runs), func(i int) bool { return runs[i].last >= r })
	if i < len(runs) && runs[i].first <= r && (r-runs[i].first)%runs[i].step == 0 {
		return runs[i].value
	}
	return 0
}

// decompose returns the canonical decomposition of a character that is no Hangul syllable.
func decompose(r rune) (string, bool) {
	i := sort.Search(len(decomposable), func(i int) bool { return decomposable[i] >= r })
	if i < len(decomposable) && decomposable[i] == r {
		return decompositions[i], true
	}
	return "", false
}
