package mask

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// The kinds of personal data, as they stand in masks; package transcript says what they take in.
const (
	Email   = "EMAIL"
	URL     = "URL"
	Account = "ACCOUNT"
	Card    = "CARD"
	Phone   = "PHONE"
	Address = "ADDRESS"
	Name    = "NAME"
)

// kinds are all kinds. Of data that fit several, the kind that comes first here is found.
var kinds = [...]string{Email, URL, Account, Card, Phone, Address, Name}

// An Entity is personal data of a kind in a text, from byte Start to before byte End.
type Entity struct {
	Kind       string
	Start, End int
}

// A Finder looks for personal data in one text. It is not safe for concurrent use.
type Finder struct {
	text  string
	found []Entity
	// names are parts of names in lower case; true: found in any case, false: only with a capital.
	names map[string]bool
}

// New returns a finder for a text.
func New(text string) *Finder { return &Finder{text: text, names: make(map[string]bool)} }

// Label notes that a person's name stands from byte start to before byte end, as the label of a speaker, and learns it.
func (f *Finder) Label(name string, start, end int) {
	f.add(Name, start, end)
	f.Learn(name)
}

// Learn learns the name of a person: its parts are found in any case, unless they are words too.
func (f *Finder) Learn(name string) { f.learn(name, true) }

// Entities returns the personal data, in the order of their places and without overlaps. It is called once, after all
// names have been found.
func (f *Finder) Entities() []Entity {
	f.scan()
	f.known()
	return settle(f.found)
}

func (f *Finder) add(kind string, start, end int) {
	f.found = append(f.found, Entity{kind, start, end})
}

// IsPersonal reports whether an agent's ID identifies a person: a name or a user name, with or without a capital and with
// a number after a forename ("rajesh", "jane.doe2"), an e-mail address, a telephone number.
func IsPersonal(id string) bool {
	if len(New(id).Entities()) > 0 {
		return true
	}
	letters := 0
	for part := range strings.FieldsFuncSeq(id, func(c rune) bool { return !unicode.IsLetter(c) }) {
		letters += len(part)
		if len(part) > 2 && vocabulary[strings.ToLower(part)].is(forename) {
			return true
		}
	}
	return letters > 1 && !strings.ContainsAny(id, "0123456789")
}

// LearnID learns the names in the ID of a person. What is in small letters and on no list is a name only with a capital: it
// may be a word.
func (f *Finder) LearnID(id string) {
	for part := range strings.FieldsFuncSeq(id, func(c rune) bool { return !unicode.IsLetter(c) }) {
		class := vocabulary[strings.ToLower(part)]
		if isCapital(id) || class.is(forename) || class == 0 && strings.ContainsAny(id, "._@") {
			f.learn(part, true)
		} else if class == 0 {
			f.learn(part, false)
		}
	}
}

// settle sorts entities and, of those that overlap, keeps the one whose kind comes first.
func settle(found []Entity) []Entity {
	rank := func(e Entity) int { return slices.Index(kinds[:], e.Kind) }
	slices.SortFunc(found, func(a, b Entity) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(rank(a), rank(b)), cmp.Compare(b.End, a.End))
	})
	kept := found[:0]
	for _, e := range found {
		n := len(kept)
		switch {
		case n == 0 || kept[n-1].End <= e.Start:
			kept = append(kept, e)
		case rank(e) < rank(kept[n-1]):
			kept[n-1] = e
		}
	}
	return kept
}
