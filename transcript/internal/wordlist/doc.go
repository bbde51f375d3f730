// Package wordlist has the lists of English words by which transcripts are read and masked: forenames and what stands around
// them, words that are no names although they have a capital, numbers as they are said, headings and sounds that are no
// speakers. All words are in lower case.
//
// A list is a string of words with white space between. Each user gives the lists that it needs classes of its own, one bit
// each, and [Vocabulary] makes one map of them; a word of several lists has the classes of all.
package wordlist
