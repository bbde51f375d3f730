package conversion

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/org/salesconv/transcript"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// InfluenceOptions are the settings of Influences. Nil means the defaults.
type InfluenceOptions struct {
	// By is the key of the metadata whose values are compared, such as agent_id; default: none.
	By string
	// Phrases is the number of phrases reported in favour of a won call, and the number against; default 20.
	Phrases  int
	Seed     uint64                // of what is sampled; default 0
	Progress func(done, total int) // watches the number of calls explained; default none
}

// Influences reports what moves the log-odds of a set of calls.
type Influences struct {
	Calls    int         `json:"calls"` // in which somebody says a word
	Features []Influence `json:"features"`
	Phrases  []Influence `json:"phrases"` // those in favour of a won call first, each half sorted by the nearer end of its interval
}

// An Influence is a block of features or a phrase, and what it contributes to calls: for a phrase, what the turns
// that contain it contribute.
type Influence struct {
	Name string `json:"name"`
	InfluenceIn
	Won  InfluenceIn            `json:"won"`          // among the calls labelled won
	Lost InfluenceIn            `json:"lost"`         // among the calls labelled lost
	By   map[string]InfluenceIn `json:"by,omitempty"` // among the calls with each value of InfluenceOptions.By
}

// InfluenceIn is an influence within a set of calls.
type InfluenceIn struct {
	Calls int     `json:"calls"` // that contain it
	Share float64 `json:"share"` // of all calls of the set
	// Mean contribution to the log-odds of the calls that contain it, with a 95% interval for other calls of the same
	// source (Student's t; nil for fewer than two calls).
	Mean float64  `json:"mean"`
	Low  *float64 `json:"low,omitempty"`
	High *float64 `json:"high,omitempty"`
}

const (
	longestPhrase = 4 // words
	fewestCalls   = 5 // with a phrase
)

// Influences explains a set of calls by their turns, and reports which phrases and blocks of features move their log-odds:
// in all calls, the won, the lost, and by a key of the metadata.
//
// A phrase is two to four consecutive words of a sentence, in lower case and with personal data masked, that occur in five
// calls or more. Of phrases that mostly occur in the same turns, one is reported. Intervals are not adjusted for the
// number of phrases: of a hundred phrases without influence about five have intervals without 0.
func (p *Predictor) Influences(ctx context.Context, calls []transcript.Call, opts *InfluenceOptions) (*Influences, error) {
	var o InfluenceOptions
	if opts != nil {
		o = *opts
	}
	if o.Phrases = cmp.Or(o.Phrases, 20); o.Phrases < 0 {
		return nil, fmt.Errorf("conversion: %d phrases, want 0 (20) or more", o.Phrases)
	}
	known := func(c transcript.Call) bool { return c.Metadata.Value(o.By) != "" }
	if o.By != "" && len(calls) > 0 && !slices.ContainsFunc(calls, known) {
		return nil, fmt.Errorf("conversion: no call has the metadata %q", o.By)
	}
	all, err := p.ExplainAll(ctx, calls, &ExplainOptions{Words: -1, Seed: o.Seed, Progress: o.Progress})
	if err != nil {
		return nil, err
	}
	s := &influences{groups: make([][]string, len(calls)), sizes: map[string]int{}}
	var spoken []int
	for i, e := range all {
		if len(e.Turns) == 0 {
			continue
		}
		spoken = append(spoken, i)
		s.groups[i] = groupsOf(calls[i], o.By)
		for _, g := range s.groups[i] {
			s.sizes[g]++
		}
	}
	if len(spoken) == 0 {
		return nil, errors.New("conversion: nobody says a word in these calls: there is nothing to explain")
	}
	r := &Influences{Calls: len(spoken)}
	for b, block := range p.blocks {
		values := map[int]float64{}
		for _, i := range spoken {
			values[i] = all[i].Features[b].Contribution
		}
		r.Features = append(r.Features, s.influence(block.key, values))
	}
	for _, phrase := range p.phrases(all, o.Phrases) {
		r.Phrases = append(r.Phrases, s.influence(phrase.words, phrase.values()))
	}
	return r, nil
}

// Prefixes of the groups of a call.
const (
	outcomeGroup = "outcome "
	valueGroup   = "value "
)

// groupsOf are the groups that a call belongs to in addition to all calls, "".
func groupsOf(c transcript.Call, by string) []string {
	groups := []string{""}
	if c.Outcome != transcript.Unknown {
		groups = append(groups, outcomeGroup+c.Outcome.String())
	}
	if v := c.Metadata.Value(by); by != "" && v != "" {
		groups = append(groups, valueGroup+v)
	}
	return groups
}

// influences sums up contributions by groups of calls.
type influences struct {
	groups [][]string     // of each call
	sizes  map[string]int // calls of each group
}

// influence sums up the contributions of one thing by call.
func (s *influences) influence(name string, values map[int]float64) Influence {
	in := map[string][]float64{}
	for _, i := range slices.Sorted(maps.Keys(values)) {
		for _, g := range s.groups[i] {
			in[g] = append(in[g], values[i])
		}
	}
	group := func(g string) InfluenceIn { return influenceIn(in[g], s.sizes[g]) }
	x := Influence{Name: name, InfluenceIn: group(""), Won: group(outcomeGroup + transcript.Won.String()), Lost: group(outcomeGroup + transcript.Lost.String())}
	for g := range s.sizes {
		if v, ok := strings.CutPrefix(g, valueGroup); ok {
			if x.By == nil {
				x.By = map[string]InfluenceIn{}
			}
			x.By[v] = group(g)
		}
	}
	return x
}

func influenceIn(values []float64, calls int) InfluenceIn {
	n := float64(len(values))
	x := InfluenceIn{Calls: len(values)}
	if calls > 0 {
		x.Share = n / float64(calls)
	}
	if n > 0 {
		x.Mean = stat.Mean(values, nil)
	}
	if n > 1 {
		wide := distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(0.975) * stat.StdDev(values, nil) / math.Sqrt(n)
		low, high := x.Mean-wide, x.Mean+wide
		x.Low, x.High = &low, &high
	}
	return x
}

// phrase is a run of words with the turns that hold it.
type phrase struct {
	words string
	turns []saying
	bound float64 // the end of the interval that is nearer to 0; 0 if it holds 0
}

// saying is a turn that holds a phrase.
type saying struct {
	call, turn   int
	contribution float64
}

// values are the contributions of the phrase by call.
func (p *phrase) values() map[int]float64 {
	values := map[int]float64{}
	for _, t := range p.turns {
		values[t.call] += t.contribution
	}
	return values
}

// phrases returns the phrases that most clearly raise the log-odds, at most the given number, then the phrases that lower them.
func (p *Predictor) phrases(all []Explanation, most int) (chosen []*phrase) {
	found := map[string]*phrase{}
	for i, e := range all {
		for k, turn := range e.Turns {
			for words := range runs(p.mask(turn.Text)) {
				if found[words] == nil {
					found[words] = &phrase{words: words}
				}
				found[words].turns = append(found[words].turns, saying{i, k, turn.Contribution})
			}
		}
	}
	var candidates []*phrase
	for _, words := range slices.Sorted(maps.Keys(found)) {
		f := found[words]
		values := slices.Collect(maps.Values(f.values()))
		slices.Sort(values)
		if len(values) < fewestCalls {
			continue
		}
		in := influenceIn(values, len(values))
		if f.bound = max(0, *in.Low) + min(0, *in.High); f.bound != 0 {
			candidates = append(candidates, f)
		}
	}
	for _, sign := range []float64{1, -1} {
		// The clearest first, of equals the longest.
		slices.SortStableFunc(candidates, func(a, b *phrase) int {
			return cmp.Or(cmp.Compare(sign*b.bound, sign*a.bound), cmp.Compare(len(b.words), len(a.words)))
		})
		var half []*phrase
		for _, f := range candidates {
			alike := func(other *phrase) bool { return f.alike(other) }
			if len(half) < most && sign*f.bound > 0 && !slices.ContainsFunc(half, alike) {
				half = append(half, f)
			}
		}
		chosen = append(chosen, half...)
	}
	return chosen
}

// alike reports whether half of the turns that hold one of two phrases hold the other.
func (p *phrase) alike(other *phrase) bool {
	shared := 0
	for a, b := p.turns, other.turns; len(a) > 0 && len(b) > 0; {
		switch c := cmp.Or(cmp.Compare(a[0].call, b[0].call), cmp.Compare(a[0].turn, b[0].turn)); {
		case c < 0:
			a = a[1:]
		case c > 0:
			b = b[1:]
		default:
			shared++
			a, b = a[1:], b[1:]
		}
	}
	return 2*shared >= min(len(p.turns), len(other.turns))
}

// runs are the different runs of two to longestPhrase words within the sentences of a text, in lower case.
func runs(text string) map[string]bool {
	all := map[string]bool{}
	for sentence := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return strings.ContainsRune(".?!;:\n", r) }) {
		words := strings.FieldsFunc(sentence, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !strings.ContainsRune("'’[]", r)
		})
		for from := range words {
			for to := from + 2; to <= min(from+longestPhrase, len(words)); to++ {
				all[strings.Join(words[from:to], " ")] = true
			}
		}
	}
	return all
}
