package transcript

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Features turns calls into columns of numbers other than tf-idf: who speaks how much and how, what is mentioned, the
// sentiment and its trend, when the call was, and who is called. Each column has a readable name. There is a column
// for each industry and company size of the calls that it was fitted on. It can be saved as JSON and is safe for
// concurrent use.
type Features struct {
	industries, sizes []string
}

// FitFeatures learns which industries and company sizes there are.
func FitFeatures(calls []Call) (*Features, error) {
	if len(calls) == 0 {
		return nil, errors.New("transcript: features: there are no calls to fit on")
	}
	var f Features
	for _, c := range calls {
		f.industries = append(f.industries, c.Metadata.Industry)
		f.sizes = append(f.sizes, c.Metadata.CompanySize)
	}
	f.industries, f.sizes = levels(f.industries), levels(f.sizes)
	return &f, nil
}

// levels returns the values that occur, in order, without "".
func levels(values []string) []string {
	slices.Sort(values)
	values = slices.Compact(values)
	if values[0] == "" {
		values = values[1:]
	}
	return values
}

// Names returns the names of the columns.
func (f *Features) Names() []string {
	var names []string
	for _, c := range columns {
		names = append(names, c.name)
	}
	for day := range 7 {
		names = append(names, "weekday = "+weekday(day).String())
	}
	for _, v := range f.industries {
		names = append(names, "industry = "+v)
	}
	for _, v := range f.sizes {
		names = append(names, "company size = "+v)
	}
	return names
}

// weekday counts days from Monday.
func weekday(day int) time.Weekday { return time.Weekday((day + 1) % 7) }

// Rows returns a row of numbers for each call, all finite. What is not known, such as the duration, or an industry that
// was not among the training calls, is 0; separate columns show whether duration and time are known.
func (f *Features) Rows(calls []Call) [][]float64 {
	rows := make([][]float64, len(calls))
	for i, call := range calls {
		s := survey(call)
		row := make([]float64, 0, len(columns)+7+len(f.industries)+len(f.sizes))
		for _, c := range columns {
			row = append(row, c.value(s))
		}
		m := call.Metadata
		for day := range 7 {
			row = append(row, indicator(!m.CallTime.IsZero() && m.CallTime.Weekday() == weekday(day)))
		}
		for _, v := range f.industries {
			row = append(row, indicator(v == m.Industry))
		}
		for _, v := range f.sizes {
			row = append(row, indicator(v == m.CompanySize))
		}
		rows[i] = row
	}
	return rows
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// column is one of the columns that every call has.
type column struct {
	name  string
	value func(*summary) float64
}

// columns are in the order of the rows. A monologue is a turn of 60 words or more; trends are from the first turn of a
// speaker to the last, by least squares.
var columns = []column{
	{"turns", func(s *summary) float64 { return float64(s.turns) }},
	{"words", func(s *summary) float64 { return float64(s.words()) }},
	{"agent's share of words", func(s *summary) float64 { return ratio(s.of[Agent].words, s.words()) }},
	{"agent's words a turn", func(s *summary) float64 { return ratio(s.of[Agent].words, s.of[Agent].turns) }},
	{"customer's words a turn", func(s *summary) float64 { return ratio(s.of[Customer].words, s.of[Customer].turns) }},
	{"agent's longest turn", func(s *summary) float64 { return float64(s.of[Agent].longest) }},
	{"customer's longest turn", func(s *summary) float64 { return float64(s.of[Customer].longest) }},
	{"agent's monologues", func(s *summary) float64 { return float64(s.of[Agent].monologues) }},
	{"customer's monologues", func(s *summary) float64 { return float64(s.of[Customer].monologues) }},
	{"agent's questions", func(s *summary) float64 { return float64(s.of[Agent].questions) }},
	{"customer's questions", func(s *summary) float64 { return float64(s.of[Customer].questions) }},
	{"price mentions by agent", func(s *summary) float64 { return float64(s.of[Agent].price) }},
	{"price mentions by customer", func(s *summary) float64 { return float64(s.of[Customer].price) }},
	{"next-step mentions by agent", func(s *summary) float64 { return float64(s.of[Agent].nextStep) }},
	{"next-step mentions by customer", func(s *summary) float64 { return float64(s.of[Customer].nextStep) }},
	{"objections by customer", func(s *summary) float64 { return float64(s.of[Customer].objections) }},
	{"agent's sentiment", func(s *summary) float64 { return s.of[Agent].sentiment() }},
	{"customer's sentiment", func(s *summary) float64 { return s.of[Customer].sentiment() }},
	{"agent's sentiment trend", func(s *summary) float64 { return slope(s.of[Agent].moods) }},
	{"customer's sentiment trend", func(s *summary) float64 { return slope(s.of[Customer].moods) }},
	{"duration (minutes)", func(s *summary) float64 { return s.duration.Minutes() }},
	{"duration known", func(s *summary) float64 { return indicator(s.duration > 0) }},
	{"words a minute", func(s *summary) float64 {
		if s.duration <= 0 {
			return 0
		}
		return float64(s.words()) / s.duration.Minutes()
	}},
	{"hour of day", func(s *summary) float64 {
		return float64(s.time.Hour()) + float64(s.time.Minute())/60
	}},
	{"call time known", func(s *summary) float64 { return indicator(!s.time.IsZero()) }},
}

// summary is what the columns of a call are made of.
type summary struct {
	turns    int
	duration time.Duration // by the metadata, else by the times of the turns
	time     time.Time
	of       [3]part // by role
}

// part is what the speakers of one role have in a call.
type part struct {
	tally
	turns, longest, monologues int
	moods                      []float64 // the sentiment of each turn
}

const monologueWords = 60

func survey(c Call) *summary {
	turns := c.Turns()
	s := &summary{turns: len(turns), duration: c.Metadata.Duration, time: c.Metadata.CallTime}
	var last time.Duration
	for _, t := range turns {
		p := &s.of[t.Role]
		said := tallyOf(t.Text)
		p.add(said)
		p.turns++
		p.longest = max(p.longest, said.words)
		if said.words >= monologueWords {
			p.monologues++
		}
		p.moods = append(p.moods, said.sentiment())
		last = max(last, t.From, t.To)
	}
	if s.duration <= 0 {
		s.duration = last
	}
	return s
}

func (s *summary) words() int {
	return s.of[Agent].words + s.of[Customer].words + s.of[Other].words
}

// ratio is 0 where there is nothing to divide by.
func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// slope fits a line through the values by least squares and returns its rise from the first to the last.
func slope(values []float64) float64 {
	n := float64(len(values))
	if n < 2 {
		return 0
	}
	var sum, squares float64
	for i, v := range values {
		x := float64(i) - (n-1)/2
		sum += x * v
		squares += x * x
	}
	return sum / squares * (n - 1)
}

// featuresJSON is how Features are kept. The names are there to be checked.
type featuresJSON struct {
	Names      []string `json:"names"`
	Industries []string `json:"industries"`
	Sizes      []string `json:"customer_company_sizes"`
}

// MarshalJSON writes what UnmarshalJSON reads.
func (f *Features) MarshalJSON() ([]byte, error) {
	if f == nil {
		return []byte("null"), nil
	}
	return marshal(featuresJSON{f.Names(), f.industries, f.sizes})
}

// UnmarshalJSON reads what MarshalJSON wrote. Columns other than this version's are an error.
func (f *Features) UnmarshalJSON(b []byte) error {
	var k featuresJSON
	if err := json.Unmarshal(b, &k); err != nil {
		return fmt.Errorf("transcript: features: %w", err)
	}
	g := Features{k.Industries, k.Sizes}
	if !slices.Equal(g.Names(), k.Names) {
		return fmt.Errorf("transcript: features: the %d columns are not the %d that this version computes; fit again", len(k.Names), len(g.Names()))
	}
	*f = g
	return nil
}
