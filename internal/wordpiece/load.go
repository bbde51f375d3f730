package wordpiece

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/sugarme/tokenizer"
	"github.com/sugarme/tokenizer/pretrained"
)

// Settings are what surrounds a tokenizer.json: they win over it. Nil changes nothing.
type Settings struct {
	// Bert are the steps of a tokenizer that is made anew over the vocabulary; nil: the steps of tokenizer.json.
	Bert *Bert

	// Special are tokens that are matched in a text as they stand, besides the added ones of tokenizer.json.
	Special    []string
	LowerFirst bool // lower a text before all other steps
	// Left cuts a text that is too long at its beginning; nil: as tokenizer.json has it.
	Left    *bool
	Literal bool // read special tokens in a text as plain text
}

// Bert is how transformers makes a BertTokenizer.
type Bert struct {
	Lower, Chinese bool
	Strip          *bool // accents; nil: if Lower
	Unknown        string
	CLS, SEP       string
}

// file is what tokenizer.json has to say besides its vocabulary.
type file struct {
	Truncation  struct{ Direction string }
	AddedTokens []struct {
		ID                  int
		Content             string
		Special, Normalized bool
		SingleWord          bool `json:"single_word"`
	} `json:"added_tokens"`
	Normalizer struct {
		Type         string
		CleanText    *bool `json:"clean_text"`
		Chinese      *bool `json:"handle_chinese_chars"`
		StripAccents *bool `json:"strip_accents"`
		Lowercase    *bool
	}
	PreTokenizer  struct{ Type string } `json:"pre_tokenizer"`
	PostProcessor struct {
		Type     string
		Cls, Sep []any
		Single   []struct {
			SpecialToken struct{ ID string }
			Sequence     struct{ ID string }
		}
	} `json:"post_processor"`
	Decoder struct{ Type string }
	Model   struct {
		Type     string
		Unknown  string          `json:"unk_token"`
		Prefix   string          `json:"continuing_subword_prefix"`
		MaxChars int             `json:"max_input_chars_per_word"`
		Vocab    json.RawMessage // read by sugarme
	}

	special []string // of the settings
	literal bool
}

// New reads a tokenizer.json of a BERT model, cased or not. The length in its truncation, and its padding, are ignored.
// A file whose steps are not BERT's is refused with an error that names the step. It takes some 30 ms, spent in sugarme:
// load the weights meanwhile.
func New(tokenizerJSON []byte, settings *Settings) (*Tokenizer, error) {
	var f file
	var keys map[string]json.RawMessage
	err := json.Unmarshal(tokenizerJSON, &f)
	if err == nil {
		err = json.Unmarshal(tokenizerJSON, &keys)
	}
	if err != nil {
		return nil, fmt.Errorf("wordpiece: %w", located(err))
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if !slices.Contains(understood, key) {
			return nil, fmt.Errorf("wordpiece: key %.60q is not understood", key)
		}
	}
	if settings == nil {
		settings = new(Settings)
	}
	f.apply(settings)
	if err := f.check(); err != nil {
		return nil, fmt.Errorf("wordpiece: %w", err)
	}
	reference, err := load(tokenizerJSON)
	if err != nil {
		return nil, fmt.Errorf("wordpiece: %w", err)
	}
	t, err := f.build(reference.GetVocab(true))
	if err != nil {
		return nil, fmt.Errorf("wordpiece: %w", err)
	}
	return t, nil
}

// understood are the keys of tokenizer.json.
var understood = []string{"version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"}

// apply writes the settings into the file.
func (f *file) apply(s *Settings) {
	if b := s.Bert; b != nil {
		f.Normalizer.Type, f.Normalizer.CleanText, f.Normalizer.StripAccents = "BertNormalizer", nil, b.Strip
		f.Normalizer.Chinese, f.Normalizer.Lowercase = &b.Chinese, &b.Lower
		f.PreTokenizer.Type = "BertPreTokenizer"
		f.PostProcessor.Type, f.PostProcessor.Cls, f.PostProcessor.Sep = "BertProcessing", []any{b.CLS, nil}, []any{b.SEP, nil}
		f.Model.Unknown, f.Model.Prefix, f.Model.MaxChars = b.Unknown, prefix, maxChars
	}
	if s.LowerFirst {
		n, yes := &f.Normalizer, true
		strip := or(n.StripAccents, or(n.Lowercase, true))
		n.StripAccents, n.Lowercase = &strip, &yes
	}
	if s.Left != nil {
		f.Truncation.Direction = "Right"
		if *s.Left {
			f.Truncation.Direction = "Left"
		}
	}
	f.special, f.literal = s.Special, s.Literal
}

// located adds the place to a syntax error.
func located(err error) error {
	if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) {
		return fmt.Errorf("byte %d: %w", syntax.Offset, err)
	}
	return err
}

// check refuses what the encoder does not do.
func (f *file) check() error {
	if m := f.Model; m.Type != "WordPiece" && (m.Type != "" || f.Decoder.Type != "WordPiece") {
		return fmt.Errorf("model %q: want WordPiece", m.Type)
	} else if m.Prefix != prefix {
		return fmt.Errorf("continuing_subword_prefix %q: want %q", m.Prefix, prefix)
	} else if m.MaxChars != maxChars {
		return fmt.Errorf("max_input_chars_per_word %d: want %d", m.MaxChars, maxChars)
	}
	if f.Normalizer.Type != "BertNormalizer" {
		return fmt.Errorf("normalizer %q: want BertNormalizer", f.Normalizer.Type)
	}
	if f.PreTokenizer.Type != "BertPreTokenizer" {
		return fmt.Errorf("pre_tokenizer %q: want BertPreTokenizer", f.PreTokenizer.Type)
	}
	if _, _, err := f.template(); err != nil {
		return err
	}
	for _, a := range f.AddedTokens {
		if a.Content == "" || a.SingleWord || a.Normalized {
			return fmt.Errorf("added token %q: want one that is matched as it is (single_word and normalized false)", a.Content)
		}
	}
	return nil
}

// template returns the tokens put before and after a text.
func (f *file) template() (cls, sep string, err error) {
	p := f.PostProcessor
	switch p.Type {
	case "BertProcessing":
		if len(p.Cls) == 2 && len(p.Sep) == 2 {
			cls, _ = p.Cls[0].(string)
			sep, _ = p.Sep[0].(string)
		}
	case "TemplateProcessing":
		if s := p.Single; len(s) == 3 && s[1].Sequence.ID == "A" {
			cls, sep = s[0].SpecialToken.ID, s[2].SpecialToken.ID
		}
	}
	if cls == "" || sep == "" {
		return "", "", fmt.Errorf("post_processor %q: want a template of [CLS], the text and [SEP]", p.Type)
	}
	return cls, sep, nil
}

// load hands the file to sugarme, which panics on what it does not expect.
func load(tokenizerJSON []byte) (t *tokenizer.Tokenizer, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("sugarme/tokenizer: %v", r)
		}
	}()
	t, err = pretrained.FromReader(bytes.NewReader(tokenizerJSON))
	if err != nil {
		return nil, fmt.Errorf("sugarme/tokenizer: %w", err)
	}
	t.WithTruncation(nil)
	t.WithPadding(nil)
	return t, nil
}

// build makes the tokenizer of a checked file and its vocabulary.
func (f *file) build(ids map[string]int) (*Tokenizer, error) {
	tokens := make([]string, len(ids))
	for token, id := range ids {
		switch {
		case id < 0 || id >= maxID:
			return nil, fmt.Errorf("token %q: id %d is out of range", token, id)
		case id >= len(tokens):
			tokens = append(tokens, make([]string, id+1-len(tokens))...)
		}
		if tokens[id] != "" {
			return nil, fmt.Errorf("tokens %q and %q: both have the id %d", min(token, tokens[id]), max(token, tokens[id]), id)
		}
		tokens[id] = token
	}
	cls, sep, _ := f.template()
	v := newVocabulary(tokens)
	for token, id := range map[string]*int{f.Model.Unknown: &v.unk, cls: &v.cls, sep: &v.sep} {
		var ok bool
		if *id, ok = ids[token]; !ok {
			return nil, fmt.Errorf("token %q: not in the vocabulary", token)
		}
	}
	t := &Tokenizer{vocab: v, classes: classTable()}
	for _, a := range f.AddedTokens {
		if id, ok := ids[a.Content]; !ok || id != a.ID {
			return nil, fmt.Errorf("added token %q: has id %d, but %d in the vocabulary", a.Content, a.ID, id)
		}
		t.special = append(t.special, special{a.Content, a.ID})
	}
	for _, token := range f.special {
		id, ok := ids[token]
		if !ok && token != "[PAD]" && token != "[MASK]" { // these are the defaults, which a text need not have
			return nil, fmt.Errorf("special token %q: not in the vocabulary", token)
		}
		if ok && !slices.Contains(t.special, special{token, id}) {
			t.special = append(t.special, special{token, id})
		}
	}
	slices.SortStableFunc(t.special, func(a, b special) int { return cmp.Compare(len(b.text), len(a.text)) })
	n := f.Normalizer
	t.clean, t.chinese, t.lower = or(n.CleanText, true), or(n.Chinese, true), or(n.Lowercase, true)
	t.strip = or(n.StripAccents, t.lower)
	t.left = f.Truncation.Direction == "Left"
	if f.literal {
		t.special = nil
	}
	t.kinds, t.fold = byteKinds(t)
	return t, nil
}

// maxID bounds the ids, and so the table of tokens that a broken file can ask for.
const maxID = 1 << 24

// or returns what p points to, otherwise if it is nil.
func or(p *bool, otherwise bool) bool {
	if p == nil {
		return otherwise
	}
	return *p
}
