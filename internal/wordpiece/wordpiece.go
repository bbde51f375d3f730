package wordpiece

import (
	"context"
	"slices"
)

// Tokenizer encodes text. It is safe for concurrent use.
type Tokenizer struct {
	vocab   *vocabulary
	classes *[0x20000]uint8
	special []special // longest first
	kinds   [256]kind // what the scanner does at each byte
	fold    [256]byte // the byte a word character contributes
	clean   bool      // drop control characters and the like
	chinese bool      // ideographs are words
	strip   bool      // decompose, drop marks
	lower   bool
	left    bool // a text that is too long loses its beginning
}

// Encoding is a text as token ids.
type Encoding struct {
	IDs []int // [CLS] … [SEP]
	// Spans are for each id its bytes [from, to) in the text; {0, 0} for [CLS] and [SEP].
	Spans [][2]int
	Cut   int // tokens beyond the limit, left out
}

// Encode returns the ids of text between [CLS] and [SEP] with their spans, at most limit ids in all. A limit of 0 or
// less means none; the smallest is 2, for [CLS] and [SEP].
func (t *Tokenizer) Encode(text string, limit int) Encoding {
	n := 2 + len(text)/4
	e := Encoding{Spans: make([][2]int, 1, n)}
	e.IDs, e.Cut = t.encode(context.Background(), make([]int, 0, n), text, limit, &e.Spans)
	e.Spans = append(e.Spans, [2]int{})
	return e
}

// Append appends to ids what [Tokenizer.Encode] returns as IDs, and returns the number of tokens that were cut. If ctx
// ends, so does the text, within a few milliseconds.
func (t *Tokenizer) Append(ctx context.Context, ids []int, text string, limit int) (out []int, cut int) {
	return t.encode(ctx, ids, text, limit, nil)
}

// encode appends [CLS], the ids of text and [SEP] to ids, and the spans of the text's ids if they are wanted.
func (t *Tokenizer) encode(ctx context.Context, ids []int, text string, limit int, spans *[][2]int) (out []int, cut int) {
	s := scanner{t: t, ctx: ctx, text: text, ids: append(ids, t.vocab.cls), spans: spans, room: room(limit)}
	most := s.room
	if t.left {
		s.room = room(0)
	}
	s.scan()
	if from := len(ids) + 1; t.left && len(s.ids)-from > most {
		s.cut = len(s.ids) - from - most
		s.ids = slices.Delete(s.ids, from, from+s.cut)
		if spans != nil {
			*spans = slices.Delete(*spans, 1, 1+s.cut)
		}
	}
	return append(s.ids, t.vocab.sep), s.cut
}

// room is how many ids fit between [CLS] and [SEP].
func room(limit int) int {
	if limit <= 0 {
		return int(^uint(0) >> 1)
	}
	return max(limit-2, 0)
}

// Literal returns a tokenizer over the same vocabulary that reads special tokens typed in a text, such as [MASK], as
// plain text.
func (t *Tokenizer) Literal() *Tokenizer {
	l := *t
	l.special = nil
	l.kinds, l.fold = byteKinds(&l)
	return &l
}

// Size returns one more than the largest id.
func (t *Tokenizer) Size() int { return len(t.vocab.tokens) }

// Token returns the token of an id as the vocabulary spells it, "" if there is none.
func (t *Tokenizer) Token(id int) string {
	if id < 0 || id >= len(t.vocab.tokens) {
		return ""
	}
	return t.vocab.tokens[id]
}
