package transcript

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Summary describes how a [Reader] read its input, so that a user can check it; String returns it as a line. The zero
// value is empty, and further sequences of calls add to it. It is for one goroutine.
type Summary struct {
	// Formats counts the calls by what they were read from, such as "CSV" or "Deepgram".
	Formats map[string]int
	// Columns maps transcript, label and so on to the key or column with another name that was read as it.
	Columns map[string]string
	Calls   int
	Turns   int
	// Speakers counts the speakers of each role, in each call by their names, and Unnamed the turns without a speaker.
	Speakers map[Role]int
	Unnamed  int
	// Outcomes counts the calls that were won, lost, or have an unknown outcome.
	Outcomes map[Outcome]int
	// Skipped counts the records that could not be used, and Errors holds the errors of the first of them.
	Skipped int
	Errors  []error
	// Ignored are the files of directories that were ignored because their names show that they hold no calls,
	// such as README.md.
	Ignored []string
	// Notes counts the calls with each of [Call.Notes].
	Notes map[string]int

	unlabelled bool // labels were not read
}

// mostErrors is how many errors a Summary holds.
const mostErrors = 10

// format remembers what the next call is read from.
func (s *Summary) format(name string) {
	if s != nil {
		increment(&s.Formats, name)
	}
}

// took remembers that a key was taken for something.
func (s *Summary) took(key, as string) {
	if s == nil {
		return
	}
	if s.Columns == nil {
		s.Columns = make(map[string]string)
	}
	s.Columns[as] = key
}

// passBy remembers a file that was not read.
func (s *Summary) passBy(name string) {
	if s != nil {
		s.Ignored = append(s.Ignored, name)
	}
}

// add counts a call, or an error.
func (s *Summary) add(c Call, err error) {
	if s == nil {
		return
	}
	if err != nil {
		if s.Skipped++; len(s.Errors) < mostErrors {
			s.Errors = append(s.Errors, err)
		}
		return
	}
	s.Calls++
	increment(&s.Outcomes, c.Outcome)
	for _, note := range c.Notes {
		increment(&s.Notes, note)
	}
	seen := make(map[string]bool)
	for _, t := range c.Turns() {
		s.Turns++
		if t.Speaker == "" {
			s.Unnamed++
		} else if !seen[t.Speaker] {
			seen[t.Speaker] = true
			increment(&s.Speakers, t.Role)
		}
	}
}

func increment[K comparable](m *map[K]int, key K) {
	if *m == nil {
		*m = make(map[K]int)
	}
	(*m)[key]++
}

// String returns a line such as
//
//	CSV: 20 calls, 160 turns of 20 agents, 20 customers (counted in each call); 9 won, 11 lost; label is the column converted
//
// followed by what was left out, and what the reader was unsure of.
func (s *Summary) String() string {
	parts := []string{s.calls()}
	if !s.unlabelled {
		parts = append(parts, s.outcomes())
	}
	for _, as := range slices.Sorted(maps.Keys(s.Columns)) {
		parts = append(parts, fmt.Sprintf("%s is read from %s", as, s.Columns[as]))
	}
	if s.Skipped > 0 {
		parts = append(parts, fmt.Sprintf("left out: %s (the first: %v)", number(s.Skipped, "record"), s.first()))
	}
	if n := len(s.Ignored); n > 0 {
		parts = append(parts, fmt.Sprintf("ignored, as their names are not of calls: %s (%s)", number(n, "file"), clip(strings.Join(s.Ignored, ", "))))
	}
	for _, note := range s.notes() {
		parts = append(parts, fmt.Sprintf("of %s: %s", number(s.Notes[note], "call"), note))
	}
	return strings.Join(parts, "; ")
}

// calls describes what was read from where.
func (s *Summary) calls() string {
	from := slices.SortedFunc(maps.Keys(s.Formats), func(a, b string) int {
		return cmp.Or(cmp.Compare(s.Formats[b], s.Formats[a]), cmp.Compare(a, b))
	})
	var speakers []string
	for _, r := range []Role{Agent, Customer, Other} {
		if n := s.Speakers[r]; n > 0 {
			speakers = append(speakers, number(n, map[Role]string{Agent: "agent", Customer: "customer", Other: "speaker of neither side"}[r]))
		}
	}
	line := number(s.Calls, "call")
	if s.Turns > 0 || s.Calls == 0 {
		line += ", " + number(s.Turns, "turn")
	}
	if len(speakers) > 0 {
		line += " of " + strings.Join(speakers, ", ")
		if s.Calls > 1 {
			line += " (counted in each call)" // whether two calls have one agent, their words do not tell
		}
	}
	if s.Unnamed > 0 {
		line += fmt.Sprintf(", %d without a speaker", s.Unnamed)
	}
	if len(from) > 0 {
		line = strings.Join(from, ", ") + ": " + line
	}
	return line
}

func (s *Summary) outcomes() string {
	line := fmt.Sprintf("%d won, %d lost", s.Outcomes[Won], s.Outcomes[Lost])
	if n := s.Outcomes[Unknown]; n > 0 {
		line += fmt.Sprintf(", %d without a label", n)
	}
	return line
}

// first returns the first error, without the name of this package.
func (s *Summary) first() error {
	if bad, ok := errors.AsType[*RecordError](s.Errors[0]); ok && bad.File == "" {
		return errors.New(strings.TrimPrefix(bad.Error(), "transcript: "))
	}
	return s.Errors[0]
}

// notes lists the notes, the most frequent first.
func (s *Summary) notes() []string {
	return slices.SortedFunc(maps.Keys(s.Notes), func(a, b string) int {
		return cmp.Or(cmp.Compare(s.Notes[b], s.Notes[a]), cmp.Compare(a, b))
	})
}

// number writes a count with its noun.
func number(n int, noun string) string {
	if first, rest, _ := strings.Cut(noun, " "); n != 1 {
		noun = strings.TrimSpace(first + "s " + rest)
	}
	return fmt.Sprintf("%d %s", n, noun)
}
