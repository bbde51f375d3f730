package wordpiece

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxChars is the length in characters beyond which a word is [UNK].
const maxChars = 100

// kind is what the scanner does at a byte.
type kind uint8

const (
	letter  kind = iota // belongs to a word
	blank               // ends a word
	sign                // is a word of its own
	nothing             // is dropped
	wide                // begins a character of several bytes, or a broken one
	starts              // added to the above: a special token may start here
)

// special is a token found in the text as it is.
type special struct {
	text string
	id   int
}

// byteKinds returns what t's normalizer and special tokens make of each byte.
func byteKinds(t *Tokenizer) (kinds [256]kind, fold [256]byte) {
	for c := range kinds {
		fold[c] = byte(c)
		class := t.class(rune(c))
		switch {
		case c >= utf8.RuneSelf:
			kinds[c] = wide
		case class&removed != 0 && t.clean:
			kinds[c] = nothing
		case class&space != 0:
			kinds[c] = blank
		case class&punctuation != 0:
			kinds[c] = sign
		case t.lower && class&lowers != 0:
			fold[c] += 'a' - 'A'
		}
	}
	for _, s := range t.special {
		kinds[s.text[0]] = kinds[s.text[0]]%starts + starts
	}
	return kinds, fold
}

// class returns the classes of a character.
func (t *Tokenizer) class(r rune) uint8 {
	if int(r) < len(t.classes) {
		return t.classes[r]
	}
	return classAbove(r)
}

// scanner encodes one text. It lives on its caller's stack.
type scanner struct {
	t     *Tokenizer
	ctx   context.Context
	text  string
	ids   []int
	spans *[][2]int // nil: not wanted
	room  int       // ids that may still be appended
	cut   int       // ids that could not

	// The word being read, normalized.
	n     int // bytes kept
	chars int // characters; those beyond maxChars are not kept
	last  int // where in the text its last character starts
	word  [maxToken]byte
	from  [maxToken]int        // where in the text the character of each byte starts
	pre   [maxToken + 1]uint64 // hashes of the word's beginnings
	// starter is where in the text the last character before combining ones starts.
	starter int
	waiting int // combining characters that wait for canonical ordering
	few     [8]combiner
	many    []combiner // all of them, if they are more than few holds
}

// combiner is a character of a combining class other than 0, and where in the text it comes from.
type combiner struct {
	r, class rune
	from     int
	part     bool // not the first of what a character was decomposed into
}

// stride is how many bytes are read between two looks at the context.
const stride = 1 << 18

func (s *scanner) scan() {
	t := s.t
	for i, look := 0, stride; i < len(s.text); {
		if i >= look {
			if look += stride; s.ctx.Err() != nil {
				break
			}
		}
		k := t.kinds[s.text[i]]
		if k >= starts {
			if id, n := t.match(s.text[i:]); n > 0 {
				s.flush()
				_, width := utf8.DecodeLastRuneInString(s.text[:i+n])
				s.emit(id, i, i+n-width)
				i += n
				continue
			}
			k -= starts
		}
		switch k {
		case letter:
			i = s.letters(i)
			continue
		case blank:
			s.flush()
		case sign:
			s.flush()
			s.keep(rune(s.text[i]), i)
			s.flush()
		case wide:
			i = s.wide(i)
			continue
		}
		i++
	}
	s.flush()
}

// match returns the special token that text begins with and its length, the longest first.
func (t *Tokenizer) match(text string) (id, n int) {
	for _, x := range t.special {
		if strings.HasPrefix(text, x.text) {
			return x.id, len(x.text)
		}
	}
	return 0, 0
}

// letters keeps the run of ASCII letters at i and returns where it ends.
func (s *scanner) letters(i int) int {
	s.settle()
	t, text, n, h := s.t, s.text, s.n, s.pre[s.n]
	end := min(len(text), i+max(maxChars-s.chars, 0))
	j := i
	for ; j < end && t.kinds[text[j]] == letter; j++ {
		c := t.fold[text[j]]
		h = h*base + uint64(c) + 1
		s.word[n], s.from[n] = c, j
		n++
		s.pre[n] = h
	}
	if j == i { // a special token may start here, or the word is full
		s.keep(rune(t.fold[text[i]]), i)
		return i + 1
	}
	s.n, s.chars, s.last = n, s.chars+j-i, j-1
	return j
}

// wide reads the character of several bytes at i and returns where it ends.
func (s *scanner) wide(i int) int {
	t := s.t
	r, width := decode(s.text[i:])
	switch class := t.class(r); {
	case class&removed != 0 && t.clean:
	case class&space != 0:
		s.flush()
	case class&cjk != 0 && t.chinese:
		s.flush()
		s.normalize(r, class, i)
		s.flush()
	default:
		s.normalize(r, class, i)
	}
	return i + width
}

// decode is utf8.DecodeRuneInString but for the width of what is broken: up to three bytes that begin a character
// count as one U+FFFD.
func decode(text string) (r rune, width int) {
	r, width = utf8.DecodeRuneInString(text)
	if r == utf8.RuneError && width == 1 {
		for width < len(text) && !utf8.FullRuneInString(text[:width]) && !utf8.FullRuneInString(text[:width+1]) {
			width++
		}
	}
	return r, width
}

// normalize decomposes a character and strips marks, if asked for, and passes on what is left of it.
func (s *scanner) normalize(r rune, class uint8, from int) {
	switch {
	case !s.t.strip:
		s.put(r, class, from)
	case r >= hangulFirst && r <= hangulLast:
		r -= hangulFirst
		s.start(hangulLeading+r/(hangulVowels*hangulTrailings), 0, from)
		s.start(hangulVowel+r/hangulTrailings%hangulVowels, 0, from)
		if r%hangulTrailings > 0 {
			s.start(hangulTrailing+r%hangulTrailings, 0, from)
		}
	case class&decomposes != 0:
		parts, _ := decompose(r)
		for i, p := range parts {
			s.order(p, s.t.class(p), from, i > 0)
		}
	default:
		s.order(r, class, from, false)
	}
}

// order passes on a character, or lets it wait for the others of a run of combining characters.
func (s *scanner) order(r rune, class uint8, from int, part bool) {
	if class&combining == 0 {
		s.start(r, class, from)
		return
	}
	c := combiner{r, lookup(combiningRuns, r), from, part}
	switch {
	case s.waiting < len(s.few):
		s.few[s.waiting] = c
	case s.waiting == len(s.few):
		s.many = append(append(s.many[:0], s.few[:]...), c)
	default:
		s.many = append(s.many, c)
	}
	s.waiting++
}

// start passes on a character that is not combining, unless it is a mark.
func (s *scanner) start(r rune, class uint8, from int) {
	s.settle()
	s.starter = from
	if class&mark == 0 {
		s.put(r, class, from)
	}
}

// settle brings the characters that were waiting into canonical order and passes on those that are not marks. Places in
// the text are given out anew in that order, as the reference does, so that spans ascend: each character of the text
// gives one, and further parts of a decomposed one share the place before them.
func (s *scanner) settle() {
	if s.waiting == 0 {
		return
	}
	run := s.many
	if s.waiting <= len(s.few) {
		run = s.few[:s.waiting]
	}
	s.waiting = 0
	if !slices.IsSortedFunc(run, byClass) {
		var few [len(s.few)]int
		places := few[:0]
		for _, c := range run {
			if !c.part {
				places = append(places, c.from)
			}
		}
		slices.SortStableFunc(run, byClass)
		from, next := s.starter, 0
		for i := range run {
			if !run[i].part {
				from, next = places[next], next+1
			}
			run[i].from = from
		}
	}
	for _, c := range run {
		if class := s.t.class(c.r); class&mark == 0 {
			s.put(c.r, class, c.from)
		}
	}
}

func byClass(a, b combiner) int { return int(a.class - b.class) }

// put lowers a character, if asked for, and adds it to the word or ends the word.
func (s *scanner) put(r rune, class uint8, from int) {
	if s.t.lower && class&lowers != 0 {
		if r == dottedCapital {
			s.keep('i', from)
			s.keep(dotAbove, from)
			return
		}
		r += lookup(lowerRuns, r)
		class = s.t.class(r)
	}
	switch {
	case class&space != 0:
		s.flush()
	case class&punctuation != 0:
		s.flush()
		s.keep(r, from)
		s.flush()
	default:
		s.keep(r, from)
	}
}

// keep adds a character to the word.
func (s *scanner) keep(r rune, from int) {
	s.chars++
	s.last = from
	if s.chars > maxChars {
		return
	}
	for _, c := range utf8.AppendRune(make([]byte, 0, utf8.UTFMax), r) {
		s.word[s.n], s.from[s.n] = c, from
		s.pre[s.n+1] = s.pre[s.n]*base + uint64(c) + 1
		s.n++
	}
}

// flush ends the word.
func (s *scanner) flush() {
	s.settle()
	if s.chars == 0 {
		return
	}
	ids, room, cut := len(s.ids), s.room, s.cut
	if s.chars > maxChars || !s.tokens() {
		s.ids, s.room, s.cut = s.ids[:ids], room, cut
		if s.spans != nil {
			*s.spans = (*s.spans)[:ids]
		}
		s.emit(s.t.vocab.unk, s.from[0], s.last)
	}
	s.n, s.chars = 0, 0
}

// tokens emits the word in the longest tokens there are, from the left, and reports whether it came to the end.
func (s *scanner) tokens() bool {
	v := s.t.vocab
	for i, at, skip := 0, 0, 0; i < s.n; at, skip = 1, len(prefix) {
		j, id := min(s.n, i+v.longest[at]), -1
		for ; j > i; j-- {
			hash := s.pre[j] - s.pre[i]*v.powers[j-i] + uint64(at)*inside
			if id = v.find(hash, s.word[i:j], skip); id >= 0 {
				break
			}
		}
		if id < 0 {
			return false
		}
		s.emit(id, s.from[i], s.from[j-1])
		i = j
	}
	return true
}

// emit adds an id for the characters of the text that start at first to last.
func (s *scanner) emit(id, first, last int) {
	if s.room == 0 {
		s.cut++
		return
	}
	s.room--
	s.ids = append(s.ids, id)
	if s.spans != nil {
		_, width := decode(s.text[last:])
		*s.spans = append(*s.spans, [2]int{first, last + width})
	}
}
