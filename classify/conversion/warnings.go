package conversion

import (
	"strings"
	"unicode"
)

// A Warning is a reason to distrust a probability.
type Warning string

const (
	// NoWords: nobody says a word in the call. The probability is the share of training calls that were won.
	NoWords Warning = "no_words"
	// TooShort: fewer words than in all but a few of the training calls, such as the beginning of a call.
	TooShort Warning = "too_short"
	// NotEnglish: hardly any of the words that English sentences are held together by, where the training calls have them.
	NotEnglish Warning = "not_english"
	// Unlike: what is said is unlike the training calls.
	Unlike Warning = "unlike_training"
)

// limits are what the training calls are like, beyond which a call gets a warning.
type limits struct {
	Words int `json:"words"` // fewer are TooShort
}

// profile is what warnings are decided by.
type profile struct {
	words int
}

// add takes in the text of a turn.
func (p *profile) add(text string) {
	for range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && r != '\'' }) {
		p.words++
	}
}

// warn returns the warnings for a document.
func (p *Predictor) warn(doc []string) []Warning {
	var said profile
	for _, turn := range doc {
		said.add(turn)
	}
	return p.warnings(said)
}

func (p *Predictor) warnings(said profile) (all []Warning) {
	if said.words < p.limits.Words {
		all = append(all, TooShort)
	}
	return all
}

// hasWord reports whether a text has a letter or a number.
func hasWord(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
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
