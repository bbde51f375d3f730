// Package wordlist has the lists of English words for reading and masking transcripts: forenames and words around them,
// capitalised words that are no names, spoken numbers, headings and sounds that are no speakers. All words are in lower
// case.
//
// A list is a string of words with white space between. Each user gives the lists that it needs classes of its own, one bit
// each, and [Vocabulary] makes one map of them; a word of several lists has the classes of all.
package wordlist
