package transcript

import (
	"html"
	"slices"
	"strings"
	"time"
	"unicode"
)

// cue is what subtitles show at a time.
type cue struct {
	start     int // of its identifier or times
	body, end int // of its text
	from, to  time.Duration
	text      bool // it has one
}

const (
	backwardCue  = "cues end before they start; their end is left out"
	unreadCue    = "cues have times that cannot be read; their text is kept"
	rolling      = "rolling captions are read once"
	leftOut      = "an exporter's header or footer is left out"
	longestTimes = 200 // bytes of a line of times
)

// isVTT reports whether a text is WebVTT.
func isVTT(text string) bool {
	return strings.HasPrefix(strings.TrimLeftFunc(strings.TrimPrefix(text, "\ufeff"), unicode.IsSpace), "WEBVTT")
}

// isSubtitles reports whether a text is WebVTT or has cues: SRT, SubViewer's SBV, or a line of times above each speech. Its
// first or second line is one of times, or it has several.
func isSubtitles(text string) bool {
	if isVTT(text) {
		return true
	}
	seen, found := 0, 0
	for _, line := range lines(text) {
		if seen < 3 {
			if isBlank(line) {
				continue
			}
			seen++
		}
		if t, ok := readTimes(line); ok && !t.broken {
			if found++; seen <= 2 && (t.full || t.length == len(line)) || found > 1 {
				return true
			}
		}
	}
	return false
}

// hasCue reports whether a text has a line of times.
func hasCue(text string) bool {
	for _, line := range lines(text) {
		if _, ok := readTimes(line); ok {
			return true
		}
	}
	return false
}

// isNumberLine reports whether a line is a number, as is above each cue of SRT.
func isNumberLine(line string) bool {
	n, _ := digits(trimBlanks(line))
	return n > 0 && isBlank(trimBlanks(line)[n:])
}

// times is the line above a cue: "00:01.000 --> 00:02.000", followed by settings or the text, or "0:00:01,0:00:02".
type times struct {
	from, to time.Duration
	length   int  // what follows it is text
	full     bool // one of them has hours or a fraction
	broken   bool // one of the times cannot be read
}

// readTimes reads a line of times; ok is false where it is none.
func readTimes(line string) (t times, ok bool) {
	rest := trimBlanks(line)
	if rest == "" || !isDigit(rest[0]) {
		return t, false
	}
	var n int
	t.from, n = cueClock(rest)
	t.broken = n == 0
	if n == 0 {
		n = len(rest) - len(strings.TrimLeft(rest, "0123456789:.,"))
		if word := strings.IndexByte(rest, ' '); word > n && strings.Count(rest[:word], ":") == 2 { // "00:00:xx.000"
			n = word
		}
	}
	from := rest[:n]
	rest = trimBlanks(rest[n:])
	arrow := false
	for _, sign := range []string{"-->", "->", "→", "–>", "--&gt;"} {
		if after, found := strings.CutPrefix(rest, sign); found {
			rest, arrow = after, true
			break
		}
	}
	if !arrow { // SBV
		after, comma := strings.CutPrefix(rest, ",")
		to, k := cueClock(after)
		if t.to = to; t.broken || !comma || k == 0 || !isBlank(after[k:]) {
			return t, false
		}
		t.length, t.full = len(line), true
		return t, true
	}
	rest = trimBlanks(rest)
	t.full = isFull(from) && !t.broken
	t.to, n = cueClock(rest)
	if n == 0 || n < len(rest) && !isSpace(rest[n]) {
		n = strings.IndexAny(rest+"\n", " \t\r\n")
		t.to, t.broken = 0, true
	} else {
		t.full = t.full || isFull(rest[:n])
	}
	if t.broken && (!t.full || !isBlank(rest[n:])) {
		return t, false
	}
	rest = rest[n:]
	for {
		word := trimBlanks(rest)
		n := strings.IndexAny(word, " \t\r\n")
		if n < 0 {
			n = len(word)
		}
		if !isSetting(word[:n]) {
			break
		}
		rest = word[n:]
	}
	t.length = len(line) - len(strings.TrimLeft(rest, " \t\r\n"))
	return t, true
}

// isFull reports whether a time has hours or a fraction of a second, so that nobody would say it.
func isFull(clock string) bool {
	return hasHours(clock) || strings.ContainsAny(clock, ".,")
}

// cueClock is clock, but reads "0:0:4.12" and frames after the seconds, which it leaves out.
func cueClock(s string) (d time.Duration, n int) {
	d, n = readClock(s, 1)
	if n > 0 && n < len(s) && (s[n] == ':' || s[n] == ';') {
		if k, _ := digits(s[n+1:]); k > 0 && strings.Count(s[:n], ":") == 2 {
			n += 1 + k
		}
	}
	if n < len(s) && n > 0 && s[n] == ':' {
		return 0, 0
	}
	return d, n
}

// isSetting reports whether a word after the times is a setting of WebVTT or a place of SRT.
func isSetting(word string) bool {
	key, value, ok := strings.Cut(word, ":")
	return ok && value != "" && slices.Contains([]string{"vertical", "line", "position", "size", "align", "region", "X1", "X2", "Y1", "Y2"}, key)
}

// isComment reports whether a line starts a block of WebVTT that is not a cue.
func isComment(line string) bool {
	word, _, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
	return word == "NOTE" || word == "STYLE" || word == "REGION"
}

// cueScanner finds the cues of subtitles.
type cueScanner struct {
	vtt   bool
	cues  []cue
	notes []string
	// the last line that is not blank, and whether a blank one is before it and after it
	at            int
	last          string
	before, blank bool
	first         bool // that line is the only one of its cue so far
	comment       bool // in a block that is no cue
	number        int  // above the last cue, 0 if it has none
	named         bool // the first cue has an identifier
	full          bool // the times of the cues before have hours or fractions
}

// cuesOf returns the cues of subtitles. Headers, comments and styles are no cues.
func cuesOf(text string) (cues []cue, notes []string) {
	s := &cueScanner{vtt: isVTT(text), blank: true, cues: make([]cue, 0, 8+min(len(text)/64, 1<<12))}
	for at, line := range lines(text) {
		if isBlank(line) {
			s.blank, s.comment = true, false
			continue
		}
		t, ok := readTimes(line)
		switch {
		case ok && (t.full || !s.full):
			s.full = t.full
			s.open(at, t)
			if t.length < len(line) {
				s.cues[len(s.cues)-1].text = true
			}
			s.last = ""
		case s.vtt && s.blank && isComment(line):
			s.close(at)
			s.comment = true
			s.last = ""
		case !s.comment:
			n := len(s.cues)
			s.first = n > 0 && !s.cues[n-1].text
			s.at, s.last, s.before = at, line, s.blank
			if n > 0 {
				s.cues[n-1].text = true
			}
		}
		s.blank = false
	}
	s.close(len(text))
	return s.cues, s.notes
}

// open starts a cue at a line of times.
func (s *cueScanner) open(at int, t times) {
	start := at
	if s.isIdentifier() {
		start = s.at
	} else {
		s.number = 0
	}
	s.named = s.named || start < at && len(s.cues) == 0
	s.close(start)
	if t.broken {
		s.note(unreadCue)
	} else if t.to < t.from {
		t.to = 0
		s.note(backwardCue)
	}
	s.cues = append(s.cues, cue{start: start, body: at + t.length, end: -1, from: t.from, to: t.to})
}

func (s *cueScanner) close(end int) {
	if n := len(s.cues); n > 0 && s.cues[n-1].end < 0 {
		s.cues[n-1].end = max(end, s.cues[n-1].body)
	}
}

func (s *cueScanner) note(note string) {
	if !slices.Contains(s.notes, note) {
		s.notes = append(s.notes, note)
	}
}

// isIdentifier reports whether the last line is the number or the name of the cue that starts.
func (s *cueScanner) isIdentifier() bool {
	if s.last == "" {
		return false
	}
	if isNumberLine(s.last) {
		_, n := digits(trimBlanks(s.last))
		if !s.before && n != s.number+1 && len(s.cues) > 0 || s.first && !s.named {
			return false
		}
		s.number = n
		return true
	}
	token := !strings.ContainsAny(strings.TrimSpace(s.last), " \t") && strings.ContainsAny(s.last, "0123456789-")
	switch {
	case !s.vtt:
		return false
	case s.before:
		return len(s.cues) == 0 || !s.first && !s.blank || token && s.named
	}
	return token && s.named && len(strings.TrimSpace(s.last)) > 20
}

// cueMarks appends the marks of subtitles to none, and returns notes.
func cueMarks(text string, none []mark) (*lineScanner, []string) {
	cues, notes := cuesOf(text)
	roll := areRolling(text, cues)
	if roll {
		cues, notes = joinGrown(text, cues), append(notes, rolling)
	}
	s := &lineScanner{marks: none}
	var shown []string
	for i, c := range cues {
		if roll {
			c.body, shown = skipShown(text, c, shown)
		}
		first := len(s.marks)
		s.cue(text, c)
		if c.text {
			s.lines++
			s.every[s.marks[first].form]++
		}
		next := len(text)
		if i+1 < len(cues) {
			next = cues[i+1].start
		}
		if next > c.end { // a comment
			s.marks = append(s.marks, mark{start: c.end, body: next, bare: next, cue: true})
		}
	}
	s.heads = s.lines
	s.inline(text)
	return s, notes
}

// cueReader appends the marks of a cue.
type cueReader struct {
	*lineScanner
	text  string
	cue   cue
	first int // of its marks
}

// cue appends the mark of a cue, and the marks of voice tags and labels in it.
func (s *lineScanner) cue(text string, c cue) {
	r := &cueReader{s, text, c, len(s.marks)}
	s.marks = append(s.marks, mark{start: c.start, body: c.body, bare: c.body, cue: true, from: c.from, to: c.to})
	said := text[c.body:c.end]
	if r.json(said) {
		return
	}
	voices := strings.Contains(said, "<v")
	dashes, later, last := false, false, ""
	for at, line := range lines(said) {
		if isBlank(line) {
			continue
		}
		at += c.body
		if voices {
			r.voices(at, line)
		} else {
			dashes = dashes || !later && isDash(line)
			r.label(at, line, last, dashes, isBlank(text[at+len(line):c.end]))
		}
		later, last = true, line
	}
}

// add appends a mark within the cue. It takes the place of the cue's own where nothing is said before it.
func (r *cueReader) add(m mark) {
	m.cue, m.from, m.to = true, r.cue.from, r.cue.to
	if own := r.marks[r.first]; len(r.marks) == r.first+1 && own.form == unnamed && !own.change && isBlank(r.text[own.body:m.start]) {
		r.marks = r.marks[:r.first]
		m.start, m.bare = own.start, max(m.bare, own.body)
	}
	r.marks = append(r.marks, m)
}

// label reads the labels of a line, which start it or follow ">>"; above is the line before it in the cue.
func (r *cueReader) label(at int, line, above string, dashes, last bool) {
	m, ok := findMark(line, true)
	dash, later := isDash(line), above != ""
	m.loose = later && !endsSaying(above)
	m.later = later && !dash && !m.change && (m.form == colon || m.form == alone)
	if m.form == alone && (later || last) { // nothing is below it
		ok = m.change
		m.unname()
	}
	ok = ok && (m.form != unnamed || m.change)
	if dash && dashes && !(last && !later) { // one of two who speak at a time
		m.bare, m.change = strings.IndexByte(line, '-')+1, true
		if !ok {
			m.unname()
			ok = true
		}
	}
	from := 0
	if ok {
		from = m.body
		m.shift(at)
		r.add(m)
	}
	for from < len(line) {
		n := strings.IndexByte(line[from:], '>')
		if k := strings.IndexByte(line[from:], '&'); k >= 0 && (n < 0 || k < n) {
			n = k
		}
		if n < 0 {
			return
		}
		from += n
		if from == 0 || !isSpace(line[from-1]) || !strings.HasPrefix(line[from:], ">>") && !strings.HasPrefix(line[from:], "&gt;&gt;") {
			from++
			continue
		}
		m, _ := findMark(line[from:], true)
		body := m.body
		m.shift(at + from)
		r.add(m)
		from += max(body, 1)
	}
}

// isDash reports whether a line starts with the dash before what one of several says.
func isDash(line string) bool {
	line = trimBlanks(line)
	return len(line) > 1 && line[0] == '-' && strings.IndexByte("->\r\n", line[1]) < 0
}

// voices reads the voice tags of a line.
func (r *cueReader) voices(at int, line string) {
	for k := 0; ; {
		n := strings.Index(line[k:], "<v")
		if n < 0 {
			return
		}
		k += n
		end := strings.IndexByte(line[k:], '>')
		if end < 0 {
			return
		}
		if kind, name, ok := strings.Cut(line[k:k+end], " "); ok && isVoice(line[k:]) {
			from := k + len(kind) + len(name) - len(strings.TrimLeft(name, " ")) + 1
			start := k
			if strings.Trim(line[:k], " \t-") == "" {
				start = 0
			}
			m := mark{start: start, body: k + end + 1, bare: -1, form: voice}
			m.name = label{html.UnescapeString(strings.TrimSpace(name)), from, from + len(strings.TrimSpace(name))}
			m.shift(at)
			r.add(m)
		}
		k += end + 1
	}
}

// json reads a cue that is a JSON object of who speaks and what is said, as Teams writes, and reports whether it is one.
func (r *cueReader) json(said string) bool {
	from := len(said) - len(strings.TrimLeftFunc(said, unicode.IsSpace))
	if !strings.HasPrefix(said[from:], "{") {
		return false
	}
	var d document
	object, err := d.parse([]byte(said))
	if err != nil {
		return false
	}
	m := mark{bare: -1, form: voice, escaped: true}
	end := 0
	for v := range object.all() {
		from, to := v.at()+1, v.at()+len(v.bytes())-1 // without its quotes
		switch {
		case v.kind() != '"':
		case v.key() == "speakerName":
			m.name = label{strings.TrimSpace(v.text()), from, to}
		case v.key() == "spokenText":
			m.body, end = from, to
		}
	}
	if end == 0 {
		return false
	}
	if m.name.speaker == "" {
		m.form = unnamed
		m.bare = m.body
	}
	m.shift(r.cue.body)
	r.add(m)
	r.marks = append(r.marks, mark{start: r.cue.body + end, body: r.cue.end, bare: r.cue.end, cue: true})
	return true
}

// shownLines returns the lines of a cue that are not blank, without tags, at most 8, and where each ends.
func shownLines(text string, c cue) (shown []string, ends []int) {
	for at, line := range lines(text[c.body:c.end]) {
		t := Turn{Text: line}
		if !strings.Contains(line, "<v") {
			t.strip(false)
		}
		if said := strings.TrimSpace(t.Text); said != "" && len(shown) < 8 {
			shown, ends = append(shown, said), append(ends, c.body+at+len(line))
		}
	}
	return shown, ends
}

// overlap returns how many lines at the start of a cue are the last of those that were shown before.
func overlap(before, now []string) int {
	for n := min(len(before), len(now)); n > 0; n-- {
		if slices.Equal(before[len(before)-n:], now[:n]) {
			return n
		}
	}
	return 0
}

// grown reports whether a cue shows the line of the one before again, with more words behind it.
func grown(before, now []string) bool {
	return len(before) == 1 && len(now) == 1 && strings.HasPrefix(now[0], before[0]+" ")
}

// joinGrown lets each cue that has grown take the place of the one before.
func joinGrown(text string, cues []cue) []cue {
	joined := cues[:0]
	var before []string
	for _, c := range cues {
		now, _ := shownLines(text, c)
		if n := len(joined) - 1; grown(before, now) {
			c.start, c.from = joined[n].start, joined[n].from
			joined = joined[:n]
		}
		joined = append(joined, c)
		before = now
	}
	return joined
}

// areRolling reports whether cues show lines of the cues before again and more behind or below them, as live captions do:
// most do, and some have new words, or all of a few do.
func areRolling(text string, cues []cue) bool {
	const enough = 400 // cues to judge by
	rolled, repeated, pairs := 0, 0, 0
	var before []string
	for _, c := range cues[:min(len(cues), enough)] {
		now, _ := shownLines(text, c)
		if len(now) == 0 {
			continue
		}
		if before != nil {
			pairs++
			if n := overlap(before, now); n == len(now) {
				repeated++
			} else if n > 0 || grown(before, now) {
				rolled++
			}
		}
		before = now
	}
	all := rolled + repeated
	return rolled > 1 && 2*all > pairs || rolled > 0 && all > 1 && all == pairs
}

// skipShown returns where the text of a cue starts that was not shown before, and what the cue shows.
func skipShown(text string, c cue, before []string) (body int, now []string) {
	now, ends := shownLines(text, c)
	if n := overlap(before, now); n > 0 {
		return ends[n-1], now
	}
	if len(now) == 0 {
		now = before
	}
	return c.body, now
}

// strip takes the markup of subtitles out of a turn's text: tags, {\…} and entities, and in JSON escapes.
func (t *Turn) strip(escaped bool) {
	if !strings.ContainsAny(t.Text, "<&{\\") {
		return
	}
	raw := t.Text
	var text strings.Builder
	var pieces offsets
	from := 0 // of what is to be written
	write := func(s string, there int) {
		if text.Len() == 0 {
			left := strings.TrimLeftFunc(s, unicode.IsSpace)
			there += len(s) - len(left)
			s = left
		}
		if s != "" {
			pieces = append(pieces, offset{text.Len(), t.Start + there})
			text.WriteString(s)
		}
	}
	for i := 0; i < len(raw); {
		var n int
		var instead string
		switch raw[i] {
		case '<', '&', '{':
			if !escaped {
				n, instead = markup(raw[i:])
			}
		case '\\':
			if escaped {
				if c, size, err := escape([]byte(raw[i:min(len(raw), i+12)])); err == nil {
					n, instead = size, string(c)
				}
			}
		}
		if n == 0 {
			i++
			continue
		}
		write(raw[from:i], from)
		write(instead, i)
		i += n
		from = i
	}
	write(raw[from:], from)
	t.Text = strings.TrimRightFunc(text.String(), unicode.IsSpace)
	t.pieces = pieces
}

// markup returns the length of the tag or entity at the start of s, which is '<', '{' or '&', 0 if there is none, and what
// it stands for.
func markup(s string) (n int, instead string) {
	const longest = 200 // bytes of a tag
	closing := byte('>')
	switch s[0] {
	case '{':
		closing = '}'
	case '&':
		closing = ';'
	}
	n = strings.IndexByte(s[:min(longest, len(s))], closing) + 1
	switch {
	case n < 3:
		return 0, ""
	case s[0] == '&':
		if instead = html.UnescapeString(s[:n]); instead == s[:n] {
			return 0, ""
		}
		return n, instead
	case s[0] == '{' && s[1] != '\\', s[0] == '<' && s[1] != '/' && !isWord(rune(s[1])):
		return 0, ""
	}
	return n, ""
}
