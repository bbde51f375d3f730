package shap

import (
	"context"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Words explains the output of a function of texts, such as the margin that a turn gives, by the words of one text: its
// players are the words, and a coalition is the text without the others. The names of the players, concatenated, are
// the text: each is a word with the white space after it (and before the first). Base is the output for the text
// without words. A text of more than 64 words is cut into 64 runs of words of about equal length instead. It samples as
// Sample does; each call of value gets all texts of two orders.
func Words(ctx context.Context, text string, value func(ctx context.Context, texts []string) ([]float64, error), opts *SampleOptions) (*Explanation, error) {
	return explainWords(ctx, join(SplitWords(text), mostWords), value, opts)
}

// Phrases is Words with the words of a phrase as a group: they join together, and their values (Owen's) add up to what the
// phrase adds. A phrase ends with a word that a punctuation mark follows (. , ; : ! ? or the like). Groups of opts is
// ignored.
func Phrases(ctx context.Context, text string, value func(ctx context.Context, texts []string) ([]float64, error), opts *SampleOptions) (*Explanation, error) {
	var o SampleOptions
	if opts != nil {
		o = *opts
	}
	words := join(SplitWords(text), mostWords)
	o.Groups = [][]int{phrasesOf(words)}
	return explainWords(ctx, words, value, &o)
}

// mostWords is the number of words up to which each is a player.
const mostWords = 64

// phrasesOf numbers the phrases of words.
func phrasesOf(words []string) []int {
	phrases, n := make([]int, len(words)), 0
	for i, word := range words {
		phrases[i] = n
		ends := strings.TrimRightFunc(word, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("\"'”’)]", r) })
		if r, _ := utf8.DecodeLastRuneInString(ends); strings.ContainsRune(".,;:!?…–—", r) {
			n++
		}
	}
	return phrases
}

// explainWords explains a text that is cut into words by them.
func explainWords(ctx context.Context, words []string, value func(ctx context.Context, texts []string) ([]float64, error), opts *SampleOptions) (*Explanation, error) {
	if value == nil {
		return nil, errors.New("shap: no value function: it is nil")
	}
	e, err := Sample(ctx, len(words), func(ctx context.Context, coalitions [][]bool) ([]float64, error) {
		texts := make([]string, len(coalitions))
		for i, c := range coalitions {
			var b strings.Builder
			for k, word := range words {
				if c[k] {
					b.WriteString(word)
				}
			}
			texts[i] = strings.TrimSpace(b.String())
		}
		return value(ctx, texts)
	}, opts)
	if err != nil {
		return nil, err
	}
	e.Names = words
	return e, nil
}

// SplitWords cuts a text before every word but the first: concatenated, the words are the text. A text without words
// has no parts.
func SplitWords(text string) []string {
	var words []string
	start, inWord, any := 0, false, false
	for i, r := range text {
		space := unicode.IsSpace(r)
		if !space && !inWord && any {
			words = append(words, text[start:i])
			start = i
		}
		any = any || !space
		inWord = !space
	}
	if any {
		words = append(words, text[start:])
	}
	return words
}

// join joins neighbours until there are no more than n.
func join(words []string, n int) []string {
	if len(words) <= n {
		return words
	}
	runs := make([]string, n)
	for i := range runs {
		runs[i] = strings.Join(words[i*len(words)/n:(i+1)*len(words)/n], "")
	}
	return runs
}
