package transcript

import (
	"html"
	"iter"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// mark is a place from which on somebody else may speak, or where what is no speech stands: text from start to body is a
// label, a time or an exporter's, and what is said goes from body to the start of the next mark.
type mark struct {
	start, body int
	// bare is where the text starts if the label is none and the mark stands all the same, as one with a time does; -1 if
	// the mark then goes.
	bare  int
	name  label // of the speaker, whose place is that in the text; "" where nobody is named
	form  form
	tight bool // no blank after the colon
	// loose: it may well be within what somebody says, as the line before continues or the time could be said.
	loose   bool
	later   bool // it is in a later line of a subtitle
	change  bool // another speaks, as ">>" says
	cue     bool // of subtitles
	escaped bool // the text is in JSON
	// style is of the time before a name that has its text below: the sign it starts with, or the one between it and
	// the name.
	style    byte
	from, to time.Duration
}

// form is how a label is written.
type form uint8

const (
	unnamed form = iota // a time, or what is no speech
	colon               // Name: text
	dash                // 00:12 Name - text
	timed               // 0:12 | Name, or Name (0:12), and the text on the lines below; Name (0:12): text
	square              // [Name] text
	round               // (Name), and the text on the lines below
	bold                // **Name:** text
	alone               // Name, and the text on the lines below
	apart               // Name <tab> text, Name | text, Name > text
	voice               // <v Name>text
	forms
)

// shift moves the places of a mark of a line to those in the text.
func (m *mark) shift(at int) {
	m.start, m.body = m.start+at, m.body+at
	if m.bare >= 0 {
		m.bare += at
	}
	m.name.start, m.name.end = m.name.start+at, m.name.end+at
}

// unname makes a mark that names nobody.
func (m *mark) unname() {
	m.form, m.name, m.body, m.tight, m.loose, m.style = unnamed, label{}, m.bare, false, false, 0
}

// below reports whether the text is on the lines below the label, which ends its line at byte end.
func (m *mark) below(end int) bool { return m.body >= end && m.form > dash && m.form < apart }

// lines yields the lines of a text with their line breaks, which are LF, CR LF or CR, and where each starts.
func lines(text string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		next := func(c byte, from int) int { // the place after the next c
			if n := strings.IndexByte(text[from:], c); n >= 0 {
				return from + n + 1
			}
			return len(text)
		}
		lf, cr := next('\n', 0), next('\r', 0)
		for at := 0; at < len(text); {
			end := min(lf, cr)
			if end < len(text) && end == cr && text[end] == '\n' {
				end++
			}
			if !yield(at, text[at:end]) {
				return
			}
			if at = end; lf <= at {
				lf = next('\n', at)
			}
			if cr <= at {
				cr = next('\r', at)
			}
		}
	}
}

func isBlank(s string) bool { return strings.TrimSpace(s) == "" }

// trimBlanks takes blanks and tabs off the start.
func trimBlanks(s string) string {
	for len(s) > 0 && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	if len(s) > 0 && s[0] >= utf8.RuneSelf {
		return strings.TrimLeft(s, " \t\u00a0\u202f\ufeff")
	}
	return s
}

// labelReader reads the label at the start of a line.
type labelReader struct {
	mark
	line, rest string
}

func (r *labelReader) at() int { return len(r.line) - len(r.rest) }

// take consumes the first of the signs that is there.
func (r *labelReader) take(signs ...string) bool {
	for _, sign := range signs {
		if rest, ok := strings.CutPrefix(r.rest, sign); ok {
			r.rest = rest
			return true
		}
	}
	return false
}

// stamp consumes a time.
func (r *labelReader) stamp() (t stamp) {
	if t = readStamp(r.rest); t.length > 0 {
		r.from, r.to = t.from, t.to
		r.rest = r.rest[t.length:]
	}
	return t
}

// findMark reads the label at the start of a line, with places in the line. In subtitles markup before it is passed over.
// ok is false where the line starts with nothing but text.
func findMark(line string, subtitles bool) (m mark, ok bool) {
	r := labelReader{line: line, rest: line}
	r.bare = -1
	r.bullets(subtitles)
	opening := r.rest
	before := r.stamp()
	if before.length > 0 {
		r.rest = trimBlanks(r.rest)
		if isBlank(r.rest) {
			r.body, r.bare, r.loose = len(line), len(line), !before.sure
			return r.mark, true
		}
		r.style = opening[0]
		if isDigit(r.style) {
			r.style = r.rest[0]
		} else {
			r.bare = r.at()
		}
		if !r.take("-", "–", "—", "|", "•", "·") && isDigit(opening[0]) {
			r.style = ' '
		}
		r.rest = trimBlanks(r.rest)
	}
	if r.read(before.length > 0) {
		return r.mark, true
	}
	r.form, r.name, r.body = unnamed, label{}, max(r.bare, 0)
	return r.mark, r.bare >= 0
}

// read reads the name and what separates it from the text; before: a time is before it.
func (r *labelReader) read(before bool) bool {
	if r.rest == "" {
		return false
	}
	switch c := r.rest[0]; {
	case c == '*' || c == '_':
		return r.inBold()
	case c == '[' || c == '(' || c == '<':
		if try := *r; try.bracketed() {
			*r = try
			return true
		}
	}
	return r.plain(before)
}

// bullets passes over what can stand before a label.
func (r *labelReader) bullets(subtitles bool) {
	for {
		r.rest = trimBlanks(r.rest)
		switch {
		case r.rest == "" || isLetter(r.rest[0]):
			return
		case r.take(">>", "&gt;&gt;"):
			for r.take(">", "&gt;") {
			}
			r.change = true
			r.bare = r.at()
		case r.take("- ", "– ", "• ", "* ", "> ", "# "), r.take("##"), subtitles && r.take("-"):
		case isDigit(r.rest[0]):
			n, _ := digits(r.rest)
			if n == len(r.rest) || r.rest[n] != '.' && r.rest[n] != ')' || !strings.HasPrefix(r.rest[n+1:], " ") {
				return
			}
			r.rest = r.rest[n+1:]
		case subtitles && r.rest != "" && (r.rest[0] == '<' || r.rest[0] == '{') && !isVoice(r.rest):
			n, _ := markup(r.rest)
			if n == 0 {
				return
			}
			r.rest = r.rest[n:]
		default:
			return
		}
	}
}

// set notes the name at bytes from to of the line.
func (r *labelReader) set(f form, from, to int) bool {
	name := r.line[from:to]
	if name != "" && !isLetter(name[len(name)-1]) {
		name = strings.TrimRight(name, " \t-–—|,·•*")
	}
	if name == "" {
		return false
	}
	if isBlank(r.rest) {
		r.rest = ""
	}
	r.form, r.body, r.name = f, r.at(), label{html.UnescapeString(name), from, from + len(name)}
	return true
}

// colon consumes a colon, with a time in brackets after it or not.
func (r *labelReader) colon() bool {
	for strings.HasPrefix(r.rest, "</") { // the markup of the name ends
		n := strings.IndexByte(r.rest, '>')
		if n < 0 {
			return false
		}
		r.rest = r.rest[n+1:]
	}
	if r.rest == "" || r.rest[0] != ':' && r.rest[0] < utf8.RuneSelf || strings.HasPrefix(r.rest, "://") || !r.take(":", "：") {
		return false
	}
	if r.rest == "" {
		return true
	}
	r.tight = !isSpace(r.rest[0]) && r.rest[0] != '<' && !strings.HasSuffix(r.line[:r.at()], "：")
	if rest := trimBlanks(r.rest); r.from == 0 && rest != "" && (rest[0] == '[' || rest[0] == '(') {
		if t := readStamp(rest); t.length > 0 {
			r.rest, r.tight = rest, false
			r.stamp()
		}
	}
	return true
}

// bracketed reads "[Name]: text", "[Name] text", "<Name> text", "[Name] 10:02:13", "(Name)", "(Name): text" and "(Name) text".
func (r *labelReader) bracketed() bool {
	f, closing := square, byte(']')
	switch r.rest[0] {
	case '(':
		f, closing = round, ')'
	case '<':
		closing = '>'
	}
	n := strings.IndexByte(r.rest[:min(len(r.rest), longestName)], closing)
	if n < 0 || strings.ContainsAny(r.rest[1:n], "[:!?\n") || strings.Trim(r.rest[1:n], "0123456789") == "" { // "(415) 555-0123"
		return false
	}
	from := r.at() + 1
	to := from + n - 1
	r.rest = trimBlanks(r.rest[n+1:])
	timed := r.from == 0 && r.stamp().length > 0
	r.rest = trimBlanks(r.rest)
	switch {
	case r.colon():
		f = square // either is set off for certain
	case timed && !isBlank(r.rest):
		return false
	case f == round:
		r.tight = !isBlank(r.rest)
	}
	return r.set(f, from, to)
}

// inBold reads "**Name:** text", "**Name**: text" and "**Name**".
func (r *labelReader) inBold() bool {
	if !r.take("**", "__") {
		return false
	}
	from := r.at()
	n, _ := nameEnd(r.rest, false)
	r.rest = r.rest[n:]
	r.nextStamp()
	inside := r.colon()
	r.rest = strings.TrimPrefix(trimBlanks(r.rest), "**")
	r.rest = strings.TrimPrefix(r.rest, "__")
	closed := strings.HasSuffix(r.line[:r.at()], "**") || strings.HasSuffix(r.line[:r.at()], "__")
	r.nextStamp()
	if r.tight = false; !closed || n == 0 || !inside && !r.colon() && !isBlank(r.rest) {
		return false
	}
	return r.set(bold, from, from+n)
}

// nextStamp consumes a time after a name.
func (r *labelReader) nextStamp() bool {
	if r.from != 0 || r.rest == "" || r.rest[0] == ':' {
		return false
	}
	rest := strings.TrimLeft(r.rest, " \t|,-–—·•@")
	if readStamp(rest).length == 0 {
		return false
	}
	r.rest = rest
	r.stamp()
	r.rest = trimBlanks(r.rest)
	return true
}

// plain reads a name without brackets.
func (r *labelReader) plain(before bool) bool {
	from := r.at()
	n, sep := nameEnd(r.rest, before)
	if n == 0 {
		return false
	}
	to, all := from+n, r.rest
	r.rest = r.rest[n:]
	after := !before && r.nextStamp()
	switch {
	case after && r.colon(), (before || after) && isBlank(r.rest):
		return r.set(timed, from, to)
	case after:
		return false
	case r.colon():
		return r.set(colon, from, to)
	case before && r.take("-", "–", "—"):
		return r.set(dash, from, to)
	case sep > 0:
		f := apart
		if before {
			f = dash
		}
		r.rest = strings.TrimLeft(all[sep:], " \t|->–—")
		return r.set(f, from, from+sep)
	case isBlank(r.rest):
		return r.set(alone, from, to)
	}
	return false
}

// nameEnd returns the length of what could be a speaker's name at the start of s: up to a colon, a time, what no name
// has, or the dash after it where the name has a time before it. sep is where a tab, a bar, a dash or ">" stands that
// may part a name from the text, 0 if there is none.
func nameEnd(s string, dashed bool) (n, sep int) {
	for n < len(s) && n <= longestName {
		c := s[n]
		switch {
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(s[n:])
			switch {
			case r == '：':
				return n, sep
			case (r == '–' || r == '—') && n > 0 && s[n-1] == ' ':
				if dashed {
					return n, sep
				}
				if sep == 0 {
					sep = n
				}
			case !unicode.IsLetter(r) && (n == 0 || !unicode.In(r, unicode.Digit, unicode.Mark) && !strings.ContainsRune("’·•–\u00a0\u202f\u200d", r)):
				return 0, 0
			}
			n += size - 1
		case isLetter(c):
		case c == '\n' || c == '\r':
			return n, sep
		case c == ':':
			if n > 0 && isDigit(s[n-1]) && n+1 < len(s) && isDigit(s[n+1]) {
				return 0, 0
			}
			return n, sep
		case isDigit(c), c == '[', c == '(':
			if n > 0 && s[n-1] == ' ' || c == '[' || c == '(' {
				if readStamp(s[n:]).length > 0 {
					return n, sep
				}
			}
			if c == '[' {
				k := strings.IndexByte(s[n:min(len(s), n+longestName)], ']') + 1
				if n == 0 || k == 0 || !strings.HasPrefix(s[n+k:], ":") { // "Name [she/her]:"
					return 0, 0
				}
				n += k - 1
			}
		case n == 0 && c != '+' && c != '@':
			return 0, 0
		case c == '&' && charRef(s[n:]) > 0:
			n += charRef(s[n:]) - 1
		case c == '*' && hidesDigits(s[:n], s[n:]):
		case c == '-' && s[n-1] == ' ' && dashed:
			return n, sep
		case c == '\t', c == '>', c == '|', c == '-' && s[n-1] == ' ':
			if sep == 0 && n+1 < len(s) && (c == '\t' || isSpace(s[n+1])) {
				sep = n
			}
			if c == '>' {
				return n, sep
			}
		case c == ' ' || strings.IndexByte(".'_#&/),+@-\"", c) >= 0:
		default:
			return n, sep
		}
		n++
	}
	return n, sep
}

// charRef returns the length of the "&amp;" or "&#39;" at the start of s, 0 if there is none.
func charRef(s string) int {
	for _, ref := range []string{"&amp;", "&#39;", "&apos;"} {
		if strings.HasPrefix(s, ref) {
			return len(ref)
		}
	}
	return 0
}

// hidesDigits reports whether a star at the start of rest is one that hides the digit of a telephone number.
func hidesDigits(before, rest string) bool {
	rest = strings.TrimLeft(rest, "*-")
	return (before[0] == '+' || isDigit(before[0])) && rest != "" && isDigit(rest[0])
}

// isVoice reports whether s starts with a voice tag of WebVTT.
func isVoice(s string) bool {
	return strings.HasPrefix(s, "<v") && len(s) > 2 && (s[2] == ' ' || s[2] == '.' || s[2] == '\t')
}
