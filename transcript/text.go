package transcript

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text reads the whole input as the text of one call: lines with speakers' labels, WebVTT, SRT or plain text, as
// [Call.Turns] tells apart. ID, outcome and metadata come from lines such as "Outcome: Won" above or below it, if there are
// any. Subtitles are checked for broken times.
// A text of several calls is cut where each starts with a heading such as "Call 17" or "=== Call 17 | Outcome: Won ===", or with
// the same key, such as "Call ID: 17".
func (o Reader) Text(ctx context.Context, r io.Reader) iter.Seq2[Call, error] {
	return o.text(ctx, r, false)
}

// Subtitles reads a call as [Reader.Text] does, but a text without a cue of WebVTT, SRT or SBV is an error.
func (o Reader) Subtitles(ctx context.Context, r io.Reader) iter.Seq2[Call, error] {
	return o.text(ctx, r, true)
}

// text also takes what is known to be subtitles.
func (o Reader) text(ctx context.Context, r io.Reader, subtitles bool) iter.Seq2[Call, error] {
	return o.stream(ctx, r, func(r io.Reader, yield yieldFunc) {
		var b bytes.Buffer
		if _, err := b.ReadFrom(&limited{r, o.maxRecord(), o.tooLarge()}); err != nil {
			yield.fail(0, int64(b.Len()), err)
			return
		}
		text, at, err := checkFile(b.Bytes(), subtitles)
		if err != nil {
			yield.fail(1, int64(at), err)
			return
		}
		o.Summary.format("text")
		if subtitles {
			yield(Call{Text: text, ID: o.whole()}, nil)
			return
		}
		all := sections(text)
		if all == nil {
			all = []section{{text: text}}
		}
		for i, p := range all {
			c := Call{Text: plainLines(p.text)}
			err := checkText(c.Text)
			if err != nil {
				err = fmt.Errorf("the text %w", err)
			} else {
				err = o.describeText(&c, p.told)
			}
			if err != nil {
				if !yield.fail(i+1, int64(p.start), err) {
					return
				}
				continue
			}
			if len(all) > 1 {
				c.ID = cmp.Or(c.ID, o.number(i+1))
			} else if c.ID = cmp.Or(c.ID, o.whole()); ruled(text) {
				c.Notes = append(c.Notes, "rules such as ----- part the transcript, which is read as one call; if it is several, put each in a file of its own")
			}
			if !yield(c, nil) {
				return
			}
		}
	})
}

// describeText gives a call what its heading and the lines above and below the transcript tell of it.
func (o Reader) describeText(c *Call, heading []keyed) error {
	_, _, told := around(c.Text)
	told = append(heading, told...)
	k := newKeys(o.Columns)
	var d describer
	seen := make(map[string]bool)
	for _, h := range told {
		u := k.ofCall(h.key)
		if key := squeeze(h.key); seen[key] || u.slot == labelSlot && !h.endsCall() {
			continue
		} else {
			seen[key] = true
		}
		d.tell(h.key, u, entry{cell: h.value})
	}
	return d.finish(o, c)
}

// checkFile returns the text of a whole file, or an error and at which byte it is.
func checkFile(b []byte, subtitles bool) (text string, at int, err error) {
	if i := invalidUTF8(b); i >= 0 {
		return "", i, errors.New(notUTF8(b[i]))
	}
	text = string(bytes.TrimPrefix(b, utf8BOM))
	if err := checkText(text); err != nil {
		return "", 0, fmt.Errorf("the text %w", err)
	}
	if (subtitles || isVTT(text)) && !hasCue(text) {
		return "", len(b), errors.New("it has no cue; want lines such as 00:01:02.500 --> 00:01:04.000")
	}
	return text, 0, nil
}

// lineScanner finds the marks of text in lines.
type lineScanner struct {
	marks []mark
	// since the last line that is not blank
	blank bool
	last  string // that line
	below bool   // it is a label with its text on the lines below
	// within: one only if it has a time, since it may be within what somebody says.
	within bool
	lines  int        // that are not blank
	heads  int        // blocks of lines, and
	every  [forms]int // lines whose label has a form
	head   int        // bytes of keys and values above the transcript
	about  []keyed    // which these are, and those below it
	foot   int        // where those below it start
	digits int        // labels with a colon that a digit follows
}

// lineMarks appends the marks of text in lines to none.
func lineMarks(text string, none []mark) *lineScanner {
	s := &lineScanner{blank: true, marks: none}
	s.head, s.foot, s.about = around(text)
	if s.head > 0 {
		s.marks = append(s.marks, mark{body: s.head, bare: s.head})
	}
	none = s.marks
	text = text[:s.foot]
	pages := pageLines(text)
	at, spaced := 0, false // where the last line is, and whether a blank one is before it
	for i, line := range lines(text[s.head:]) {
		if isBlank(line) || isSeparator(line) {
			s.blank = true
			continue
		}
		if end := s.head + i + len(line); pages[s.head+i] {
			s.marks = append(s.marks, mark{start: s.head + i, body: end, bare: end, page: true})
			s.blank = true
			continue
		}
		at, spaced = s.head+i, s.blank
		if len(s.marks) > 0 || !isDateLine(line) {
			s.line(at, line)
			if n := len(s.marks) - 1; n < 0 || s.marks[n].start != at || !s.marks[n].notice {
				s.lines++
			}
		}
		s.last, s.blank = line, false
	}
	if s.below || s.within {
		s.drop()
	}
	s.inline(text)
	if s.digits > 1 {
		s.timesAfter(text)
	}
	if n := len(s.marks); n > len(none) {
		first := len(none)
		for first < n-1 && s.marks[first].form == alone {
			first++
		}
		if m := &s.marks[first]; m.spaced {
			s.lines -= captions(text[s.head:m.start])
		}
		if spaced && s.marks[n-1].start < at && isFooter(text[at:]) {
			s.lines--
		}
	}
	return s
}

// captions returns the number of the lines above a transcript, which a blank one ends, that are certainly no speech.
func captions(head string) (n int) {
	const most, longest = 5, 60
	for _, line := range lines(head) {
		if line = strings.TrimSpace(line); line == "" || isSeparator(line) || isDateLine(line) {
			continue
		}
		if n++; n > most || len(line) > longest || strings.IndexByte(".!?,", line[len(line)-1]) >= 0 {
			return 0
		}
	}
	return n
}

// timesAfter makes headers of labels that are followed by no more than a time on their line, as in "Name: 0:12", where most are so
// and the text is on the lines below.
func (s *lineScanner) timesAfter(text string) {
	var headers map[int]mark
	for i := range s.marks {
		if m := &s.marks[i]; m.form == colon {
			if h, ok := timeAfter(text, m); ok {
				if headers == nil {
					headers = make(map[int]mark)
				}
				headers[i] = h
			}
		}
	}
	if len(headers) < 2 {
		return
	}
	labels := 0
	for i := range s.marks {
		if m := &s.marks[i]; m.form == colon && likenessOf(m.name.speaker, nil) > noName {
			labels++
		}
	}
	if 2*len(headers) <= labels {
		return
	}
	for i, h := range headers {
		s.marks[i] = h
		s.every[colon]--
		s.every[timed]++
	}
}

// timeAfter returns the header of a label, up to the end of its line, if nothing but a time is after it.
func timeAfter(text string, label *mark) (m mark, ok bool) {
	rest := trimBlanks(text[label.body:])
	if rest == "" || !isDigit(rest[0]) {
		return m, false
	}
	m = *label
	t := readStamp(rest)
	end := len(rest)
	if n := strings.IndexAny(rest, "\r\n"); n >= 0 {
		end = n
		if strings.HasPrefix(rest[n:], "\r\n") {
			end++
		}
		end++
	}
	m.body, m.from, m.to, m.form, m.header = len(text)-len(rest)+end, t.from, t.to, timed, true
	return m, t.length > 0 && isBlank(rest[t.length:end])
}

// line reads a line that is not blank.
func (s *lineScanner) line(at int, line string) {
	if s.blank {
		s.heads++
	}
	m, ok := findMark(line, false)
	m.shift(at)
	var last *mark
	if !s.blank && len(s.marks) > 0 {
		last = &s.marks[len(s.marks)-1]
	}
	time := ok && m.form == unnamed && m.bare == at+len(line)
	header := m.below(at + len(line))
	if time && last != nil && last.form == apart && last.spaced { // below "Name | Firm"
		s.aboveText(last, at)
		s.below = last.form == alone
	}
	switch {
	case s.below && last != nil && last.form == alone && ok && m.form == unnamed && !m.change: // a time on the line below a name
		last = s.aboveTitle(last)
		last.form, last.from, last.to, last.body, last.header, last.sayable = timed, m.from, m.to, m.body, true, m.loose
		s.within, s.below = false, time
		return
	case s.below && ok && last != nil && last.saidBelow(&m):
		m.unname()
		ok = m.change
	case s.within, s.below && ok && (header && m.style != 0 && last != nil && m.style == last.style || m.form == unnamed && !m.change || last == nil && header && m.form != alone):
		s.drop() // no text is below it
		last = nil
	case s.below && header && last != nil && last.header && m.header && m.name.speaker == last.name.speaker: // as Teams writes
		last.body = m.body
		return
	case s.below && m.header && last != nil && last.header && likenessOf(last.name.speaker, nil) == noName: // "It is at 10:30"
		s.drop()
		last = nil
	case s.below && header && last != nil && (m.form != alone || last.form != alone): // the text below a label
		m.unname()
		ok = m.change
	}
	s.below, s.within = false, false
	if (!ok || m.form == alone) && last != nil && last.form == apart && last.spaced {
		s.aboveText(last, at)
	}
	if m.form == alone && last != nil && last.form == unnamed && last.body == at { // a name on the line below a time
		m.form, m.from, m.to, m.header, m.sayable = timed, last.from, last.to, true, last.loose
	}
	if s.within = m.form == alone && !s.blank; s.within && m.change {
		m.unname()
		s.within = false
	}
	if !ok {
		return
	}
	if m.form != unnamed && (m.style == 0 || m.sayable) {
		m.loose = !s.blank && s.lines > 0 && !endsSaying(s.last)
	}
	if rest := trimBlanks(line[m.body-at:]); m.form == colon && rest != "" && isDigit(rest[0]) {
		s.digits++
	}
	m.spaced = s.blank
	s.below = m.below(at + len(line))
	s.every[m.form]++
	s.marks = append(s.marks, m)
}

// saidBelow reports whether a time on the line below a name with a time, as "10:30" or "10:30 it is", is what is said there.
func (m *mark) saidBelow(time *mark) bool {
	if m.form != timed || !m.header || !(time.form == unnamed && time.loose || time.header && likenessOf(time.name.speaker, nil) == noName) {
		return false
	}
	like := likenessOf(m.name.speaker, nil)
	return like == roleName || like >= fairName && m.spaced
}

// aboveTitle returns the mark of the name that stands, after a blank line, above the last mark, which is then not a name but
// the title or firm of who is named, and is left out. Without one it returns the last mark.
func (s *lineScanner) aboveTitle(last *mark) *mark {
	n := len(s.marks) - 2
	if n < 0 || !s.within || s.marks[n].form != alone || !s.marks[n].spaced || s.marks[n].body != last.start {
		return last
	}
	s.every[alone]--
	s.marks = s.marks[:n+1]
	return &s.marks[n]
}

// aboveText makes a label with its text from byte at on, on the lines below, of "Name | Firm".
func (s *lineScanner) aboveText(last *mark, at int) {
	name := strings.TrimSpace(s.last)
	if n, _ := nameEnd(name, false); n < len(name) || !strings.HasPrefix(name, last.name.speaker+" |") {
		return
	}
	s.every[apart]--
	s.every[alone]++
	last.form, last.body = alone, at
	last.name.speaker, last.name.end = name, last.name.start+len(name)
}

// inline adds the labels within lines. Where all lines start with the label of one speaker, and so where the text is one line, these are
// of the same form, or names before a colon. Where labels start with a sign, as in "[Agent] Hello. [Customer] Hi.", there may be
// others that do. A name is the name of a side, or of who speaks at the start of another line, or a forename that comes back: other
// words before a colon are what somebody says.
func (s *lineScanner) inline(text string) {
	named := func(m *mark) bool { return m.form != alone && m.form != unnamed }
	i := 0
	for i < len(s.marks) && !named(&s.marks[i]) {
		i++
	}
	if i == len(s.marks) {
		return
	}
	first := s.marks[i]
	sign := text[first.start]
	signed := !first.cue && strings.IndexByte("[(<{*_", sign) >= 0
	names := 0
	for i := range s.marks {
		if named(&s.marks[i]) {
			names++
		}
	}
	if !signed && (names != s.lines || first.form != colon) || signed && !strings.Contains(text, " "+string(sign)) {
		return
	}
	for i := range s.marks {
		if m := &s.marks[i]; named(m) && (m.form != first.form || signed && text[m.start] != sign || !signed && m.name.speaker != first.name.speaker) {
			return
		}
	}
	marks := slices.DeleteFunc(slices.Clone(s.marks), func(m mark) bool { return !named(&m) })
	starts, count := make(map[string]bool), make(map[string]int)
	for _, m := range marks {
		starts[m.name.speaker] = true
	}
	var found []mark
	for i, m := range marks {
		next := len(text)
		if i+1 < len(marks) {
			next = marks[i+1].start
		}
		for at := m.body; ; {
			var n mark
			if signed {
				n, at = nextSigned(text[:next], at, first)
			} else {
				n, at = nextColon(text[:next], at)
			}
			if at == 0 {
				break
			}
			if n.form != unnamed {
				if n.cue = m.cue; n.cue {
					n.from, n.to = m.from, m.to
				}
				found = append(found, n)
				count[n.name.speaker]++
			}
		}
	}
	for _, m := range found {
		name := m.name.speaker
		timed := m.from > 0 && !m.cue && likenessOf(name, nil) >= fairName
		if starts[name] || timed || likenessOf(name, nil) == roleName || count[name] > 1 && hasForename(name) {
			s.marks = append(s.marks, m)
		}
	}
	slices.SortStableFunc(s.marks, func(a, b mark) int { return a.start - b.start })
}

// nextSigned returns the next label after byte from that starts with the same sign as another, or a mark without a name where there is
// only the sign, and from where on to look for more; 0 if there is none.
func nextSigned(text string, from int, like mark) (m mark, next int) {
	n := strings.Index(text[from:], " "+text[like.start:like.start+1])
	if n < 0 {
		return m, 0
	}
	const longest = 400 // bytes of a label
	at := from + n + 1
	line, _, _ := strings.Cut(text[at:min(len(text), at+longest)], "\n")
	m, ok := findMark(line, false)
	if !ok || m.form != like.form || len(line) > 1 && line[1] == ' ' || m.body < len(line) && strings.IndexByte(",.;!?'", line[m.body]) >= 0 {
		return mark{}, at
	}
	m.shift(at)
	return m, m.body - 1 // the blank before the next
}

// nextColon returns the next name before a colon after byte from, as nextSigned does.
func nextColon(text string, from int) (m mark, next int) {
	n := strings.Index(text[from:], ": ")
	if n < 0 {
		return m, 0
	}
	end := from + n
	if name := inlineName(text[max(from, end-longestName):end]); name != "" {
		start := end - len(name)
		m = mark{start: start, body: end + 1, bare: -1, form: colon, name: label{name, start, end}}
	}
	return m, end + 1
}

// inlineName returns the name at the end of s, after other words: the longest of words for a side, or else of three
// words.
func inlineName(s string) (name string) {
	if n := strings.LastIndexByte(s, '|'); n >= 0 {
		s = " " + strings.TrimLeft(s[n+1:], " ")
	}
	for words := 1; words <= 3; words++ {
		longer := lastWords(s, words)
		like := likenessOf(longer, nil)
		_, role := usualRole(longer[:max(strings.IndexByte(longer, ' '), 0)])
		if like >= fairName && (words == 1 || role || likenessOf(name, nil) != roleName) {
			name = longer
		}
	}
	return name
}

// lastWords returns the last n words of s, "" if there are fewer.
func lastWords(s string, n int) string {
	i := len(s)
	for ; n > 0; n-- {
		if i = strings.LastIndexByte(s[:max(i, 0)], ' '); i < 0 {
			return ""
		}
	}
	return s[i+1:]
}

// drop takes back the label of the last mark.
func (s *lineScanner) drop() {
	last := &s.marks[len(s.marks)-1]
	s.every[last.form]--
	if last.bare < 0 {
		s.marks = s.marks[:len(s.marks)-1]
	} else {
		last.unname()
	}
	s.below, s.within = false, false
}

// endsSaying reports whether a line may be the last of what somebody says.
func endsSaying(line string) bool {
	for line != "" && strings.IndexByte(" \t\r\n\"')]*", line[len(line)-1]) >= 0 {
		line = line[:len(line)-1]
	}
	if line == "" || line[len(line)-1] < utf8.RuneSelf {
		return line == "" || strings.IndexByte(".!?:-", line[len(line)-1]) >= 0
	}
	c, _ := utf8.DecodeLastRuneInString(line)
	return strings.ContainsRune("…–—。！？”’»", c)
}

// furniture makes marks of what an exporter writes above and below a transcript that has labels, and of what is before
// the first label nobody's turn. end is where what is certainly below it starts.
func (r *reading) furniture(marks []mark, end int) []mark {
	if head := marks[0].start; isHeader(r.text[:head]) {
		r.leaveOut()
		marks[0].start = 0
	}
	for len(marks) > 1 && marks[len(marks)-1].start >= end {
		marks = marks[:len(marks)-1]
		r.name(marks)
	}
	for end > marks[len(marks)-1].body {
		last := marks[len(marks)-1] // which "Outcome:" may be
		line := footLine(r.text[:end])
		if line < 0 || !isFooter(strings.TrimRightFunc(r.text[line:end], unicode.IsSpace)) {
			break
		}
		if end = line; last.start == line && len(marks) > 1 {
			marks = marks[:len(marks)-1]
			r.name(marks)
		}
	}
	if end < len(r.text) && !isBlank(r.text[end:]) {
		r.leaveOut()
		marks = append(marks, mark{start: end, body: len(r.text), bare: len(r.text)})
	}
	return marks
}

// footLine returns where the last line of a text starts, -1 if no blank line is above it, as above all that is no speech but Google Meet's.
func footLine(text string) int {
	body := strings.TrimRightFunc(text, unicode.IsSpace)
	line := strings.LastIndexAny(body, "\n\r") + 1
	above := strings.TrimRightFunc(body[:line], unicode.IsSpace)
	if strings.Count(body[len(above):line], "\n") < 2 && !strings.HasPrefix(body[line:], "Transcription ended after ") {
		return -1
	}
	return line
}

// leaveOut notes once that what an exporter wrote is left out.
func (r *reading) leaveOut() {
	if !slices.Contains(r.notes, leftOut) {
		r.notes = append(r.notes, leftOut)
	}
}

// isHeader reports whether what is before the first label is an exporter's: short lines that are no sentences, with a
// blank line below them, of which one has a year, a time, an address or a word such as "transcript"; or dates; or anything, such as a
// summary, above a line that says "Transcript".
func isHeader(head string) bool {
	body := strings.TrimSpace(head)
	if isTextKey(body[strings.LastIndexAny(body, "\r\n")+1:]) {
		return true
	}
	shown, seen, dates, blank := false, 0, 0, false
	for _, line := range lines(head) {
		if blank = isBlank(line); blank {
			continue
		}
		line = strings.TrimSpace(line)
		if isFooter(line) { // or a note that Google Meet writes above or below
			shown = true
			continue
		}
		if seen++; seen > 20 || len(line) > 200 || strings.IndexByte(".!?", line[len(line)-1]) >= 0 {
			return false
		}
		if isDateLine(line) {
			dates++
		}
		lower := strings.ToLower(line)
		shown = shown || hasTime(line) || !strings.ContainsFunc(line, func(c rune) bool { return unicode.IsLetter(c) || unicode.IsDigit(c) }) ||
			containsAny(lower, "transcript", "recording", "recorded", "://", "attendees", "participants")
	}
	return shown && (blank || dates == seen)
}

// isDateLine reports whether a line is a date, and at most a word such as "Date: " before it.
func isDateLine(line string) bool {
	const longest = 60
	line = strings.TrimSpace(line)
	if len(line) > longest || !hasDigit(line) {
		return false
	}
	if before, after, ok := strings.Cut(line, ": "); ok && vocabulary[strings.ToLower(before)].is(headingWord) {
		line = strings.TrimLeft(after, " ")
	}
	line += " "
	return date(line) == len(line)
}

// hasTime reports whether a line has a time or a year.
func hasTime(line string) bool {
	for i := range len(line) {
		if !isDigit(line[i]) || isWordByte(line, i-1) {
			continue
		}
		if _, n := clock(line[i:]); n > 0 {
			return true
		}
		if n, year := digits(line[i:]); n == 4 && year > 1990 && year < 2100 {
			return true
		}
	}
	return false
}

// isFooter reports whether a line below the transcript is an exporter's.
func isFooter(line string) bool {
	if k, certain := readKeyed(line); certain && k.endsCall() {
		return true
	}
	line = strings.ToLower(line)
	if strings.HasSuffix(strings.TrimSpace(line), " stopped transcription") {
		return true
	}
	first, _, _ := strings.Cut(strings.TrimLeft(line, " \t*_-—–[("), " ")
	if strings.HasPrefix(line, "transcription ended after ") {
		return true
	}
	return len(line) < 300 && slices.Contains([]string{"transcribed", "transcription", "transcript", "this", "generated", "powered", "created", "exported",
		"captions", "subtitles", "recording", "recorded", "end", "the", "meeting"}, first) &&
		containsAny(line, "transcri", "caption", "subtitle", "recording", "meeting ended") &&
		containsAny(line, " by ", "ended", "stopped", "generated", "automatic", "http", "end of", "powered", "exported", "created")
}
