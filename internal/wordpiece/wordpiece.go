package wordpiece

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
}

// Encoding is a text as token ids.
type Encoding struct {
	IDs   []int    // [CLS] … [SEP]
	Spans [][2]int // for each id the bytes [from, to) of the text it stands for; {0, 0} for [CLS] and [SEP]
	Cut   int      // pieces beyond the limit, left out
}

// Encode returns the ids of text between [CLS] and [SEP] with their spans, at most limit ids in all. A limit of 0 or
// less means none; the smallest is 2, for [CLS] and [SEP].
func (t *Tokenizer) Encode(text string, limit int) Encoding {
	n := 2 + len(text)/4
	e := Encoding{IDs: make([]int, 0, n), Spans: make([][2]int, 0, n)}
	s := scanner{t: t, text: text, spans: &e.Spans, room: room(limit)}
	e.Spans = append(e.Spans, [2]int{})
	s.ids = append(e.IDs, t.vocab.cls)
	s.scan()
	e.IDs = append(s.ids, t.vocab.sep)
	e.Spans = append(e.Spans, [2]int{})
	e.Cut = s.cut
	return e
}

// Append appends to ids what [Tokenizer.Encode] returns as IDs, and returns the number of pieces that were cut.
func (t *Tokenizer) Append(ids []int, text string, limit int) (out []int, cut int) {
	s := scanner{t: t, text: text, ids: append(ids, t.vocab.cls), room: room(limit)}
	s.scan()
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
