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
	name  label    // of the speaker, whose place is that in the text; "" where nobody is named
	use   *nameUse // of the name, as settle counts it
	form  form
	tight bool // no blank after the colon
	// loose: it may well be within what somebody says, as the line before continues or the time could be said.
	loose   bool
	later   bool // it is in a later line of a subtitle
	change  bool // another speaks, as ">>" says
	cue     bool // of subtitles
	escaped bool // the text is in JSON
	header  bool // a name and a time fill the line, and the text is below it
	sayable bool // the time could be said
	astray  bool // the time is not between those before and after it
	spaced  bool // a blank line is before it
	says    bool // "Name says:"
	open    bool // "Name (0:12) text", without a colon
	notice  bool // the rest of the line is a notice of a chat
	page    bool // the line numbers a page
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
	dot                 // Q. text, A. text
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
func (m *mark) below(end int) bool { return m.body >= end && m.form >= timed && m.form <= alone }

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
		return strings.TrimLeft(s, " \t\u00a0\u202f\ufeff"+directionMarks)
	}
	return s
}

// directionMarks do not show; WhatsApp puts them before lines and notices.
const directionMarks = "\u200e\u200f"

// labelReader reads the label at the start of a line:
//
//	bullets [time [-]] name [time] separator text
//
// where the name can be in brackets, and Markdown's emphasis and links can be around each of these.
type labelReader struct {
	mark
	line, rest string
	stress     string // the emphasis that has begun: "*", "**", "__" and so on
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

// stamp consumes a time, and the address of the link that it is.
func (r *labelReader) stamp() (t stamp) {
	rest := strings.TrimPrefix(strings.TrimPrefix(r.rest, "@"), "T+")
	if t = readStamp(rest); t.length > 0 {
		r.from, r.to = t.from, t.to
		r.rest = rest[t.length:]
		r.link()
	}
	return t
}

// link consumes the address of a link of Markdown whose text has been read.
func (r *labelReader) link() {
	if strings.HasPrefix(r.rest, "(http") {
		if n := strings.IndexAny(r.rest, ") \r\n"); n > 0 && r.rest[n] == ')' {
			r.rest = r.rest[n+1:]
		}
	}
}

// emphasis consumes the signs with which emphasis begins, or ends where it has begun.
func (r *labelReader) emphasis() {
	switch {
	case r.rest == "" || r.rest[0] != '*' && r.rest[0] != '_':
	case r.stress != "":
		if rest, ok := strings.CutPrefix(r.rest, r.stress); ok {
			r.rest, r.stress = rest, ""
		}
	default:
		n := 1
		for n < 3 && n < len(r.rest) && r.rest[n] == r.rest[0] {
			n++
		}
		if n < len(r.rest) && !isSpace(r.rest[n]) {
			r.stress, r.rest = r.rest[:n], r.rest[n:]
		}
	}
}

// findMark reads the label at the start of a line, with places in the line. In subtitles markup before it is passed over.
// ok is false where the line starts with nothing but text.
func findMark(line string, subtitles bool) (m mark, ok bool) {
	r := labelReader{line: line, rest: line}
	r.bare = -1
	r.bullets(subtitles)
	r.emphasis()
	opening := r.rest
	before := r.stamp()
	if before.length > 0 {
		r.emphasis()
		r.rest = trimBlanks(r.rest)
		if isBlank(r.rest) {
			r.body, r.bare, r.loose = len(line), len(line), !before.sure
			return r.mark, true
		}
		r.style = opening[0]
		if isDigit(r.style) {
			r.style = r.rest[0]
		} else if r.stress == "" && r.style != '@' {
			r.bare = r.at()
		}
		if !r.take("-", "–", "—", "|", "•", "·") && isDigit(opening[0]) {
			r.style = ' '
		}
		r.rest = trimBlanks(r.rest)
		r.sayable = !before.sure
		if (before.dated || strings.HasPrefix(r.rest, "***")) && isNotice(r.rest) {
			r.body, r.bare, r.notice = len(line), len(line), true
			return r.mark, true
		}
	}
	if before.length == 0 && !subtitles && strings.HasPrefix(r.rest, "*** ") && isNotice(r.rest) {
		r.body, r.bare, r.notice = len(line), len(line), true
		return r.mark, true
	}
	if r.read(before.length > 0) {
		if before.dated && isNoMessage(r.line[r.body:]) {
			r.body, r.bare, r.notice = len(line), len(line), true
		}
		return r.mark, true
	}
	r.form, r.name, r.body = unnamed, label{}, max(r.bare, 0)
	return r.mark, r.bare >= 0
}

// read reads the name and what separates it from the text; before: a time is before it.
func (r *labelReader) read(before bool) bool {
	if r.stress == "" {
		r.emphasis()
	}
	if r.rest == "" {
		return false
	}
	if strings.IndexByte("[(<{\"'", r.rest[0]) >= 0 || strings.HasPrefix(r.rest, "【") {
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
		case r.rest != "" && (subtitles && r.rest[0] == '{' || r.rest[0] == '<' && (subtitles || isTag(r.rest))) && !isVoice(r.rest):
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
		name = strings.TrimRight(name, " \t-–—|,·•*_@\u00a0\u202f")
	}
	if name != "" && !isLetter(name[0]) {
		name = strings.TrimLeft(name, "*_")
	}
	from = to - len(r.line[from:to]) + strings.Index(r.line[from:to], name)
	name = r.sender(name)
	from += strings.Index(r.line[from:to], name)
	if name == "" {
		return false
	}
	if isBlank(r.rest) {
		r.rest = ""
	}
	r.form, r.body, r.name = f, r.at(), label{html.UnescapeString(name), from, from + len(name)}
	return true
}

// sender returns the name in "From Name to Everyone", as Zoom writes, in "Name says" and in "BY MR. NAME" above questions.
func (r *labelReader) sender(name string) string {
	if strings.IndexByte(name, ' ') < 0 {
		return name
	}
	rest, from := strings.CutPrefix(name, "From ")
	rest = strings.TrimLeft(rest, " ")
	for _, to := range []string{" to ", " To "} {
		if sender, receiver, ok := strings.Cut(rest, to); ok && (from || receiver == "Everyone") {
			return strings.TrimRight(sender, " ")
		}
	}
	if from && r.from > 0 {
		return rest
	}
	if asks, ok := strings.CutPrefix(name, "BY M"); ok {
		return name[len(name)-len(asks)-1:]
	}
	for _, verb := range []string{" says", " said", " wrote"} {
		if rest, ok := strings.CutSuffix(name, verb); ok {
			r.says = true
			return rest
		}
	}
	return name
}

// colon consumes a colon, with a time in brackets after it or not.
func (r *labelReader) colon() bool {
	r.endMarkup()
	if r.rest == "" || r.rest[0] != ':' && r.rest[0] < utf8.RuneSelf || strings.HasPrefix(r.rest, "://") || !r.take(":", "：") {
		return false
	}
	wide := strings.HasSuffix(r.line[:r.at()], "：")
	r.end()
	r.endMarkup()
	if r.rest == "" {
		return true
	}
	r.tight = !isSpace(r.rest[0]) && r.rest[0] != '<' && !wide
	if rest := trimBlanks(r.rest); r.from == 0 && rest != "" && (rest[0] == '[' || rest[0] == '(') {
		if t := readStamp(rest); t.length > 0 {
			r.rest, r.tight = rest, false
			r.stamp()
		}
	}
	return true
}

// endMarkup consumes the tags with which the markup of the name ends.
func (r *labelReader) endMarkup() {
	for strings.HasPrefix(r.rest, "</") {
		n := strings.IndexByte(r.rest, '>')
		if n < 0 {
			return
		}
		r.rest = r.rest[n+1:]
	}
}

// end consumes the signs with which emphasis that has begun ends.
func (r *labelReader) end() {
	if r.stress != "" {
		r.emphasis()
	}
}

// bracketed reads "[Name]: text", "[Name] text", "<Name> text", "{Name} text", "[Name] 10:02:13 text", "(Name)", "(Name): text",
// "(Name) text" and "'Name': text".
func (r *labelReader) bracketed() bool {
	f, opening, closing := square, 1, "]"
	switch c := r.rest[0]; c {
	case '(':
		f, closing = round, ")"
	case '<':
		closing = ">"
	case '{':
		closing = "}"
	case '"', '\'':
		closing = string(c)
	case "【"[0]:
		opening, closing = len("【"), "】"
	}
	n := strings.Index(r.rest[opening:max(opening, min(len(r.rest), longestName))], closing) + opening
	if n <= opening {
		return false
	}
	start, end := r.within(r.rest[opening:n])
	name := r.rest[opening+start : opening+end]
	if strings.ContainsAny(name, "[!?\n") || strings.Contains(name, ":") && !isSpeakerNumber(name) || strings.Trim(name, "0123456789") == "" { // "(415) 555-0123"
		return false
	}
	from := r.at() + opening + start
	to := from + len(name)
	r.rest = r.rest[n+len(closing):]
	r.link()
	r.end()
	r.rest = trimBlanks(r.rest)
	if r.from == 0 {
		r.stamp()
	}
	r.rest = trimBlanks(r.rest)
	if closing == ">" {
		from += len(name) - len(strings.TrimLeft(name, " @+%~")) // what IRC puts before who may talk
		r.sayable = false
	}
	switch {
	case r.stress != "":
		return false
	case r.colon():
		f = square // either is set off for certain
	case closing == `"`, closing == "'":
		return false
	case f == round:
		r.tight = !isBlank(r.rest)
	}
	return r.set(f, from, to)
}

// isSpeakerNumber reports whether a name is one such as "Speaker:0", as Deepgram's examples print.
func isSpeakerNumber(name string) bool {
	before, number, _ := strings.Cut(name, ":")
	return strings.EqualFold(before, "speaker") && isPlainDigits(number)
}

// within returns where in brackets the name starts and ends, alongside which a time can be.
func (r *labelReader) within(brackets string) (start, end int) {
	const between = " \t|,-–—·•@("
	end = len(brackets)
	colon := strings.IndexByte(brackets, ':')
	if colon < 0 || r.from != 0 {
		return 0, end
	}
	t := readStamp(brackets)
	if t.length > 0 {
		start = end - len(strings.TrimLeft(brackets[t.length:], between))
	} else {
		clock := strings.LastIndexAny(brackets[:colon], between) + 1
		if t = readStamp(brackets[clock:]); clock+t.length < end {
			return 0, end
		}
		end = len(strings.TrimRight(brackets[:clock], between))
	}
	r.from, r.to = t.from, t.to
	return start, end
}

// nextStamp consumes a time after a name.
func (r *labelReader) nextStamp() (t stamp) {
	if r.from != 0 || r.rest == "" || r.rest[0] == ':' {
		return t
	}
	was := r.rest
	r.rest = strings.TrimLeft(r.rest, " \t|,-–—·•@")
	if t = r.stamp(); t.length == 0 {
		r.rest = was
		return t
	}
	r.end()
	spaced := strings.HasSuffix(r.line[:len(r.line)-len(was)], "  ") && strings.HasPrefix(r.rest, "  ")
	t.sure = t.sure || spaced || was[0] == '\t' && strings.HasPrefix(r.rest, "\t") // as in a table
	r.rest = trimBlanks(r.rest)
	r.sayable = !t.sure
	return t
}

// plain reads a name without brackets.
func (r *labelReader) plain(before bool) bool {
	from, stressed, bound := r.at(), r.stress != "", r.rest
	if stressed {
		n := strings.Index(r.rest, r.stress)
		bound = r.rest[:max(n, 0)]
	}
	if rest := r.rest; !stressed && len(rest) > 2 && (rest[0] == 'Q' || rest[0] == 'A') && rest[1] == '.' && isSpace(rest[2]) {
		r.rest = trimBlanks(rest[2:])
		return r.set(dot, from, from+1)
	}
	n, sep := nameEnd(bound, before)
	if to := receiver(bound, before); to > 0 {
		r.rest = r.rest[to:]
		return r.colon() && r.set(colon, from, from+strings.Index(bound, arrow))
	}
	if n == 0 {
		return false
	}
	if !before && n < len(bound) && isDigit(bound[n]) {
		if k := beforeDate(bound); k > 0 {
			n, sep = k, 0
		}
	}
	to, all := from+n, r.rest
	r.rest = r.rest[n:]
	r.end()
	var after stamp
	if !before {
		after = r.nextStamp()
	}
	parted := r.colon()
	r.end()
	blank := isBlank(r.rest)
	switch {
	case stressed:
		return r.stress == "" && (parted || blank || after.length > 0) && r.set(bold, from, to)
	case parted && after.length > 0, after.length > 0 && (after.sure || r.take("|", "- ", "– ", "— ")) && !blank:
		r.header = blank
		if r.open = !parted; r.open {
			r.style = 0x80 | r.line[len(r.line)-len(all)+n:][0]
		}
		return r.set(timed, from, to)
	case parted:
		return r.set(colon, from, to)
	case (before || after.length > 0) && blank:
		r.header = true
		return r.set(timed, from, to)
	case after.length > 0:
		return false
	case before && r.take("-", "–", "—", "|"):
		return r.set(dash, from, to)
	case sep > 0:
		f := apart
		if before {
			f = dash
		}
		r.rest = strings.TrimLeft(all[sep:], " \t|;=->–—"+pointers)
		return r.set(f, from, from+sep)
	case blank:
		return r.set(alone, from, to)
	}
	return false
}

// beforeDate returns where a name ends that a date with a time of day follows on the same line, as in "Jane Doe | March 5, 2024 at 10:02 AM";
// 0 if s does not start so.
func beforeDate(s string) int {
	const longest = 120
	line, _, _ := strings.Cut(s[:min(len(s), longest)], "\n")
	if len(line) == longest || !hasDigit(line) {
		return 0
	}
	for i := range min(len(line), longestName) {
		if c := line[i]; c != '|' && c != ',' && (c != '-' || line[max(0, i-1)] != ' ') {
			continue
		}
		rest := strings.TrimLeft(line[i+1:], " ")
		if t := readStamp(rest); t.dated && isBlank(strings.TrimRight(rest[t.length:], " \r")) {
			return len(strings.TrimRight(line[:i], " "))
		}
	}
	return 0
}

const arrow = " -> "

// receiver returns where the name of who is spoken to ends in "Name -> Everyone: text", as in Zoom's chats; 0 if s does not start so.
func receiver(s string, timed bool) int {
	near := s[:min(len(s), longestName)]
	if strings.IndexByte(near, '>') < 0 { // as in most lines
		return 0
	}
	sender := strings.Index(near, arrow)
	if sender <= 0 {
		return 0
	}
	if n, _ := nameEnd(s[:sender], timed); n < sender {
		return 0
	}
	from := sender + len(arrow)
	n, _ := nameEnd(s[from:], false)
	if !strings.HasPrefix(s[from+n:], ":") {
		return 0
	}
	if to := s[from : from+n]; to == "Everyone" || timed && likenessOf(to, nil) >= fairName {
		return from + n
	}
	return 0
}

// pointers are signs that point from a name to the text.
const pointers = "»›→▶►"

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
			case strings.ContainsRune(pointers, r) && n > 0:
				if sep == 0 {
					sep = n
				}
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
		case n == 0 && c != '+' && c != '@' && !(c == '#' && len(s) > 1 && isDigit(s[1])):
			return 0, 0
		case c == '&' && charRef(s[n:]) > 0:
			n += charRef(s[n:]) - 1
		case c == '*' && hidesDigits(s[:n], s[n:]):
		case c == '-' && s[n-1] == ' ' && dashed:
			return n, sep
		case c == '\t', c == ';', c == '=' && n+1 < len(s) && isSpace(s[n+1]):
			return n, n
		case c == '|' && dashed:
			return n, sep
		case c == '>', c == '|', c == '-' && s[n-1] == ' ':
			if sep == 0 && n+1 < len(s) && isSpace(s[n+1]) {
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

// isTag reports whether s starts with a tag of HTML that can be around a label.
func isTag(s string) bool {
	for _, tag := range []string{"<b>", "<strong>", "<p>", "<li>", "<div>", "<em>", "<i>", "<u>", "<p ", "<div ", "<span "} {
		if strings.HasPrefix(s, tag) {
			return true
		}
	}
	return false
}

// isVoice reports whether s starts with a voice tag of WebVTT.
func isVoice(s string) bool {
	return strings.HasPrefix(s, "<v") && len(s) > 2 && (s[2] == ' ' || s[2] == '.' || s[2] == '\t')
}
