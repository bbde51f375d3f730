package conversion

import (
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/org/salesconv/classify/internal/sample"
	"github.com/org/salesconv/transcript"
	"gonum.org/v1/gonum/mat"
)

// A Warning is a reason to distrust a probability.
type Warning string

const (
	// NoWords: nobody says a word in the call. The probability is the share of training calls that were won.
	NoWords Warning = "no_words"
	// TooShort: the call has fewer than half the words of the shortest 1% of the training calls, such as the
	// beginning of a call.
	TooShort Warning = "too_short"
	// NotEnglish: the call has hardly any of the most frequent English words, and most of its words do not occur in the
	// training calls.
	NotEnglish Warning = "not_english"
	// Unlike: the words, or the embedding, are farther from the training calls than training calls are from each other.
	// Calls of fewer words than the shortest 1% of the training calls never get this warning, as every beginning of a call
	// is unlike a whole call.
	Unlike Warning = "unlike_training"
)

// limits are what the training calls are like, beyond which a call gets a warning.
type limits struct {
	Words   float64 `json:"words"`         // fewer are TooShort
	Unknown float64 `json:"unknown_words"` // a larger share of words that are no terms is Unlike
	// Distance of the turn mean from its background above which a call is Unlike.
	Distance float64 `json:"distance"`
}

// Of the calls of two public sources, between 33% and 64% are words of the list, of texts in seven other languages at most
// 6%; of the words of calls of the same source at most 32% are unknown, of other sources up to 40%, of other languages
// 88% and more. The cosine distance from the mean training call reaches 0.55 in the training calls, 0.62 in others of the
// source, and 0.91 to 0.99 in other languages, news and recipes.
const (
	leastEnglish = 0.12 // share of words of the list below which a text is NotEnglish
	mostUnknown  = 0.5  // share of unknown words up to which it is not
	fewestWords  = 5    // to decide about the language
)

// english are frequent words of English that are rare in other languages.
var english = setOf(strings.Fields(`the and you that it to for i this have are with be my your they but if what can not would just about
	or there how from get know them some like she his by which when who been had were then than because could should did does
	don going think want here where really any also very only more other into our their make good need yes thank thanks`))

func setOf(words []string) map[string]bool {
	set := make(map[string]bool, len(words))
	for _, w := range words {
		set[w] = true
	}
	return set
}

// profile counts what warnings are decided by.
type profile struct {
	words   float64
	english float64
	long    float64 // words of two or more letters, as tf-idf reads them
	unknown float64 // of these, the ones that are no terms
}

// add counts the words of a turn.
func (p *Predictor) add(said *profile, turn string) {
	for _, w := range strings.FieldsFunc(strings.ToLower(turn), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }) {
		said.words++
		if english[w] {
			said.english++
		}
		if utf8.RuneCountInString(w) > 1 {
			said.long++
			if !p.known[w] {
				said.unknown++
			}
		}
	}
}

// profile counts the words of a document.
func (p *Predictor) profile(doc []string) (said profile) {
	for _, turn := range doc {
		p.add(&said, turn)
	}
	return said
}

// unknownShare is the share of words that are no terms.
func (s *profile) unknownShare() float64 { return s.unknown / max(1, s.long) }

// warnings are those for a call of a profile, at a distance from the training calls.
func (p *Predictor) warnings(said profile, distance float64) (all []Warning) {
	if said.words < p.limits.Words {
		all = append(all, TooShort)
	}
	if said.words >= fewestWords && said.english < leastEnglish*said.words && said.unknownShare() > mostUnknown {
		all = append(all, NotEnglish)
	}
	if said.words >= 2*p.limits.Words && (said.unknownShare() > p.limits.Unknown || distance > p.limits.Distance) {
		all = append(all, Unlike)
	}
	return all
}

// distance is 1 - cosine of a row of the turn mean and its background.
func (p *Predictor) distance(parts []mat.Matrix, i int) float64 {
	at := slices.IndexFunc(p.blocks, func(b block) bool { return b.key == TurnMean })
	if at < 0 {
		return 0
	}
	row := mat.Row(nil, i, parts[at])
	background := p.background[TurnMean]
	dot, a, b := 0.0, 0.0, 0.0
	for j, v := range row {
		dot += v * background[j]
		a += v * v
		b += background[j] * background[j]
	}
	return 1 - dot/max(math.Sqrt(a*b), 1e-300)
}

// limit sets the limits by the training calls. The factors leave room for calls that were not trained on, whose words and
// embeddings lie farther away: see the constants above.
func (p *Predictor) limit(docs [][]string, parts []mat.Matrix) {
	words, unknown, distance := make([]float64, len(docs)), make([]float64, len(docs)), make([]float64, len(docs))
	for i, doc := range docs {
		said := p.profile(doc)
		words[i], unknown[i], distance[i] = said.words, said.unknownShare(), p.distance(parts, i)
	}
	p.limits = limits{Words: quantile(words, 0.01) / 2, Unknown: 2 * quantile(unknown, 0.99), Distance: 1.3 * quantile(distance, 0.99)}
}

// quantile is a quantile of x, which it sorts.
func quantile(x []float64, q float64) float64 {
	slices.Sort(x)
	return sample.Quantile(x, q)
}

// Speaks reports whether anybody says a word in a call. A call in which nobody does cannot be predicted.
func Speaks(call transcript.Call) bool { return slices.ContainsFunc(call.Turns(), speaks) }

// speaks reports whether a turn has a letter or a number that is no label.
func speaks(t transcript.Turn) bool {
	return strings.ContainsFunc(t.Text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) &&
		(t.Speaker != "" || !onlyLabels(t.Text))
}

// onlyLabels reports whether every line of a text is a speaker's label with nothing after it.
func onlyLabels(text string) bool {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasSuffix(line, ":") {
			return false
		}
	}
	return true
}
