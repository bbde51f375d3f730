package transcript

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/org/salesconv/internal/matrix"
	"gonum.org/v1/gonum/mat"
)

// TFIDFOptions are the settings of [FitTFIDF]. Comparisons with scikit-learn are with its TfidfVectorizer.
type TFIDFOptions struct {
	// MaxGram is the number of words in the longest term; default 2 (scikit-learn's is 1), at most 16.
	MaxGram int
	// MinTexts is the number of texts that a term has to be in; default 2 (scikit-learn's min_df is 1).
	MinTexts int
	// MaxTerms, if it is above 0, keeps only the most frequent terms; ties are broken alphabetically.
	MaxTerms int
	// Sublinear counts a term that is n times in a text as 1 + ln n.
	Sublinear bool
}

// TFIDF turns texts into weights of words and word pairs: the count of each term in the text times its inverse
// document frequency in the texts that it was fitted on, with each row scaled to length 1. Values equal scikit-learn
// 1.9's with the same settings. It must be fitted on training texts alone, can be saved as JSON, and is safe for
// concurrent use.
type TFIDF struct {
	terms     []string // in byte order
	idf       []float64
	maxGram   int
	sublinear bool
	column    map[string]int
}

// FitTFIDF learns the terms of n texts and their inverse document frequencies: ln((1+n)/(1+texts with the term)) +
// 1.
func FitTFIDF(texts []string, opts *TFIDFOptions) (*TFIDF, error) {
	o := TFIDFOptions{}
	if opts != nil {
		o = *opts
	}
	o.MaxGram, o.MinTexts = cmp.Or(o.MaxGram, 2), cmp.Or(o.MinTexts, 2)
	if o.MaxGram < 1 || o.MinTexts < 1 || o.MaxTerms < 0 {
		return nil, fmt.Errorf("transcript: tf-idf: options %+v: want no negative numbers", o)
	}
	if o.MaxGram > mostGram {
		return nil, fmt.Errorf("transcript: tf-idf: MaxGram is %d, want at most %d", o.MaxGram, mostGram)
	}
	if len(texts) == 0 {
		return nil, errors.New("transcript: tf-idf: there are no texts to fit on")
	}
	type use struct {
		term               string
		count, texts, last int
	}
	uses := make(map[string]*use)
	for i, text := range texts {
		grams(text, o.MaxGram, func(term []byte, _, _ int) {
			u := uses[string(term)]
			if u == nil {
				u = &use{term: string(term), last: -1}
				uses[u.term] = u
			}
			u.count++
			if u.last != i {
				u.last = i
				u.texts++
			}
		})
	}
	var kept []*use
	for _, u := range uses {
		if u.texts >= o.MinTexts {
			kept = append(kept, u)
		}
	}
	slices.SortFunc(kept, func(a, b *use) int { return cmp.Compare(a.term, b.term) })
	if o.MaxTerms > 0 && len(kept) > o.MaxTerms {
		slices.SortStableFunc(kept, func(a, b *use) int { return cmp.Compare(b.count, a.count) })
		kept = kept[:o.MaxTerms]
		slices.SortFunc(kept, func(a, b *use) int { return cmp.Compare(a.term, b.term) })
	}
	if len(kept) == 0 {
		return nil, fmt.Errorf("transcript: tf-idf: no term is in %d of the %d texts; lower MinTexts or give more text", o.MinTexts, len(texts))
	}
	t := &TFIDF{maxGram: o.MaxGram, sublinear: o.Sublinear}
	for _, u := range kept {
		t.terms = append(t.terms, u.term)
		t.idf = append(t.idf, math.Log(float64(1+len(texts))/float64(1+u.texts))+1)
	}
	t.number()
	return t, nil
}

// number gives each term its column.
func (t *TFIDF) number() {
	t.column = make(map[string]int, len(t.terms))
	for i, term := range t.terms {
		t.column[term] = i
	}
}

// Terms returns the names of the columns.
func (t *TFIDF) Terms() []string { return slices.Clone(t.terms) }

// SparseMatrix is a matrix that knows which of its values are not 0: tf-idf as packages classify, shap and tsne read it.
// DoRowNonZero visits these values of a row, columns ascending.
type SparseMatrix interface {
	mat.Matrix
	mat.RowNonZeroDoer
}

// Transform returns a row of weights for each text, a column for each of Terms. Terms that were not in the training
// texts are left out; a text without any known term is a row of zeros.
func (t *TFIDF) Transform(texts []string) SparseMatrix {
	s := matrix.NewSparse(len(t.terms))
	counts := make([]float64, len(t.terms))
	var index []int
	var value []float64
	for _, text := range texts {
		index, value = index[:0], value[:0]
		grams(text, t.maxGram, func(term []byte, _, _ int) {
			if c, ok := t.column[string(term)]; ok {
				if counts[c] == 0 {
					index = append(index, c)
				}
				counts[c]++
			}
		})
		slices.Sort(index)
		value = t.weigh(index, func(c int) float64 { return counts[c] }, value)
		for _, c := range index {
			counts[c] = 0
		}
		if err := s.Append(index, value); err != nil {
			panic(err) // never: columns ascend below the width
		}
	}
	return s
}

// weigh appends to row the weights of terms that are count times in a text, scaled to length 1.
func (t *TFIDF) weigh(terms []int, count func(term int) float64, row []float64) []float64 {
	square := 0.0
	for _, c := range terms {
		n := count(c)
		if t.sublinear {
			n = 1 + math.Log(n)
		}
		v := n * t.idf[c]
		row = append(row, v)
		square += v * v
	}
	for k := range row {
		row[k] /= math.Sqrt(square)
	}
	return row
}

// Occurrences yields the occurrences of known terms in a text, in reading order: the column and the byte span of each.
// Explanations attribute the weight of a term to them.
func (t *TFIDF) Occurrences(text string) iter.Seq2[int, [2]int] {
	return func(yield func(int, [2]int) bool) {
		more := true
		grams(text, t.maxGram, func(term []byte, start, end int) {
			if c, ok := t.column[string(term)]; ok && more {
				more = yield(c, [2]int{start, end})
			}
		})
	}
}

// grams calls term for each run of up to maxGram words of the text, words in lower case and joined by a space, and where
// it starts and ends in the text. Words are the runs of two or more letters, numbers and underscores. The bytes are
// only valid during the call.
func grams(text string, maxGram int, term func(gram []byte, start, end int)) {
	type word struct{ joined, text int } // where it starts in joined and in the text
	var last []word                      // the last words, at most maxGram
	joined := make([]byte, 0, 256)
	for start, end := range words(text) {
		if len(last) == maxGram {
			cut := len(joined)
			if maxGram > 1 {
				cut = last[1].joined
			}
			joined = joined[:copy(joined, joined[cut:])]
			last = last[:copy(last, last[1:])]
			for k := range last {
				last[k].joined -= cut
			}
		}
		if len(last) > 0 {
			joined = append(joined, ' ')
		}
		last = append(last, word{len(joined), start})
		joined = appendLower(joined, text, start, end)
		for _, first := range slices.Backward(last) {
			term(joined[first.joined:], first.text, end)
		}
	}
}

// appendLower appends a word of a text in lower case as Python's str.lower has it: a capital sigma is final, "ς", where
// a letter with case is before it and none after it. (The dot of "İ", which that makes of it too, ends the word; see
// words.)
func appendLower(b []byte, text string, start, end int) []byte {
	word := text[start:end]
	if !strings.Contains(word, "Σ") {
		return append(b, strings.ToLower(word)...)
	}
	for i, c := range word {
		i += start
		switch {
		case c != 'Σ':
			b = utf8.AppendRune(b, unicode.ToLower(c))
		case casedBefore(text[:i]) && !casedBehind(text[i+len("Σ"):]):
			b = append(b, "ς"...)
		default:
			b = append(b, "σ"...)
		}
	}
	return b
}

// casedBefore reports whether the last character of s that case does not ignore is a letter with case.
func casedBefore(s string) bool {
	for len(s) > 0 {
		c, n := utf8.DecodeLastRuneInString(s)
		if !ignoresCase(c) {
			return isCased(c)
		}
		s = s[:len(s)-n]
	}
	return false
}

// casedBehind is casedBefore for the first character.
func casedBehind(s string) bool {
	for _, c := range s {
		if !ignoresCase(c) {
			return isCased(c)
		}
	}
	return false
}

func isCased(c rune) bool {
	return unicode.In(c, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase)
}

// ignoresCase reports whether a character is Case_Ignorable: a mark, a modifier, or a sign that stands within words.
func ignoresCase(c rune) bool {
	return unicode.In(c, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk) ||
		strings.ContainsRune("'.:\u00b7\u0387\u055f\u05f4\u2018\u2019\u2024\u2027\ufe13\ufe52\ufe55\uff07\uff0e\uff1a", c)
}

// words yields start and end of each run of two or more letters, numbers and underscores, counted in lower case: there
// "İ" is an i and a dot above it, which is no letter.
func words(text string) iter.Seq2[int, int] {
	return func(yield func(int, int) bool) {
		start, runes := 0, 0
		for i, c := range text {
			if isWord(c) {
				if runes == 0 {
					start = i
				}
				runes++
				if c != 'İ' {
					continue
				}
				i += len("İ")
			}
			if runes > 1 && !yield(start, i) {
				return
			}
			runes = 0
		}
		if runes > 1 {
			yield(start, len(text))
		}
	}
}

func isWord(c rune) bool {
	if c < utf8.RuneSelf {
		return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_' || c >= 'A' && c <= 'Z'
	}
	return unicode.IsLetter(c) || unicode.IsNumber(c)
}

const (
	mostGram = 16  // keeps the time that a text takes linear in its words
	mostIDF  = 1e6 // keeps weights finite; the fit gives 1 + ln n for n texts at most
)

// tfidfJSON is how a TFIDF is kept.
type tfidfJSON struct {
	MaxGram   int       `json:"max_gram"`
	Sublinear bool      `json:"sublinear"`
	Terms     []string  `json:"terms"`
	IDF       []float64 `json:"idf"`
}

// MarshalJSON writes what UnmarshalJSON reads.
func (t *TFIDF) MarshalJSON() ([]byte, error) {
	if t == nil {
		return []byte("null"), nil
	}
	return marshal(tfidfJSON{t.maxGram, t.sublinear, t.terms, t.idf})
}

// UnmarshalJSON reads what MarshalJSON wrote, and checks it.
func (t *TFIDF) UnmarshalJSON(b []byte) error {
	var k tfidfJSON
	if err := json.Unmarshal(b, &k); err != nil {
		return fmt.Errorf("transcript: tf-idf: %w", err)
	}
	switch {
	case k.MaxGram < 1 || k.MaxGram > mostGram:
		return fmt.Errorf("transcript: tf-idf: max_gram is %d, want 1 to %d", k.MaxGram, mostGram)
	case len(k.Terms) == 0 || len(k.Terms) != len(k.IDF):
		return fmt.Errorf("transcript: tf-idf: %d terms and %d idf values, want the same number of each, 1 or more", len(k.Terms), len(k.IDF))
	}
	for i := 1; i < len(k.Terms); i++ {
		if k.Terms[i] <= k.Terms[i-1] {
			return fmt.Errorf("transcript: tf-idf: term %d, %q, does not come after %q in the alphabet", i, k.Terms[i], k.Terms[i-1])
		}
	}
	for i, v := range k.IDF {
		if !(v > 0 && v <= mostIDF) {
			return fmt.Errorf("transcript: tf-idf: the idf of term %d, %q, is %v, want a number above 0, at most %d", i, k.Terms[i], v, int(mostIDF))
		}
	}
	*t = TFIDF{terms: k.Terms, idf: k.IDF, maxGram: k.MaxGram, sublinear: k.Sublinear}
	t.number()
	return nil
}
