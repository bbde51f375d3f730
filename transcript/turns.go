package transcript

import (
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// A Turn is what one speaker says without interruption.
type Turn struct {
	// Speaker is the name as it is written in the call, "" where none is given.
	Speaker string
	Role    Role
	Text    string
	// Start and End are the byte span in the call's text that Text comes from, without the speaker's label.
	Start, End int
	// From and To are when the turn was spoken, counted from the start of the call; To is 0 if only the beginning is
	// known, and both are 0 if neither is.
	From, To time.Duration

	pieces offsets // where Text is not simply the span
}

// Offset returns the place in the call's text of byte i of the turn's Text, so that what is found in a turn can be shown
// in the call. It is Start+i unless the turn was joined from several lines or subtitles.
func (t Turn) Offset(i int) int {
	if t.pieces == nil {
		return t.Start + i
	}
	return t.pieces.at(i)
}

// offsets maps the bytes of a text to where they come from: from offset.here on, bytes come from offset.there on.
type offsets []offset

type offset struct{ here, there int }

func (o offsets) at(i int) int {
	k := sort.Search(len(o), func(k int) bool { return o[k].here > i }) - 1
	there := o[k].there + i - o[k].here
	if k+1 < len(o) { // a span can be longer here than there
		there = max(o[k].there, min(there, o[k+1].there-1))
	}
	return there
}

// Turns cuts the call's text into turns. Nothing is dropped but labels, times, the markup of subtitles and white space at
// the ends; turns of the same speaker that follow each other are one, joined by a space.
//
// The turns of a call that was read are the ones that its reader found. The text of any other call is read by rules:
//
// A turn starts at a line with a speaker's label and ends before the next, lines without one included: "Jane Doe: …", "[Jane
// Doe] …", "**Jane Doe:** …", "[00:12] Jane Doe - …", "Jane Doe (00:12): …", "Jane Doe, 0:12: …", "Jane Doe says: …", "10:02:13
// From Jane Doe to Everyone: …", or a line such as "0:12 | Jane Doe", "Jane Doe: 0:12" or "Jane Doe 0 minutes 12 seconds" with
// the text below it. So does a row of a Markdown table that has columns for the speaker and the text, and a line such as
// "Operator" or "Jane Doe -- Northwind -- Analyst" above paragraphs, if others are like it. Markdown's emphasis and links can
// be around the name and the time. Several labels can be in a line that starts with one, as in "[Agent] Hello. [Customer] Hi.". A label is a name that is a usual word for a side (see [Roles.Of]), or that is in the call's
// Roles, occurs again in the call, or looks like a name and is written like the other labels, so that somebody who speaks only
// once has a turn too; "Note: ", "[inaudible]" and "tomorrow at 10:30" are text. So is a line that looks like a label but
// unlike most labels of the text: with a time that could be said, such as "Jane 10:30", where the labels have none, or within
// what somebody says. What an exporter writes above and below the transcript is left out if it is recognised ("Transcribed by
// …"), and so are keys and values above and below it ("Call ID: 17", "Outcome: Won"), what stands above a line that says "Transcript", notices in chats, rules such as "-----", and the numbers of lines in depositions and of turns ("1 Agent: …").
//
// WebVTT, SRT and SBV are recognised by their times. Labels and voice tags in their cues count as above, ">>" is a change
// to a speaker without a name, captions that show their lines again are read once, and a cue whose times are wrong keeps
// its text.
//
// Text without any label is cut at blank lines, and paragraphs of more than 400 bytes into groups of whole sentences.
func (c Call) Turns() []Turn {
	read := c.understood().turns
	turns := slices.Clone(read)
	for i := range turns {
		t := &turns[i]
		if k := i - 2; k >= 0 && read[k].Speaker == t.Speaker && read[k].Role == t.Role { // two speak by turns
			t.Role = turns[k].Role
		} else {
			t.Role = c.Roles.side(t)
		}
	}
	return turns
}

// Documents returns the texts of the turns of each call, as encoders and TFIDF read them.
func Documents(calls []Call) [][]string {
	docs := make([][]string, len(calls))
	for i, c := range calls {
		for _, t := range c.Turns() {
			docs[i] = append(docs[i], t.Text)
		}
	}
	return docs
}

// TurnRoles returns the [Role] of each turn of each call, as a number, alongside [Documents].
func TurnRoles(calls []Call) [][]int {
	roles := make([][]int, len(calls))
	for i, c := range calls {
		for _, t := range c.Turns() {
			roles[i] = append(roles[i], int(t.Role))
		}
	}
	return roles
}

// spareMarks are slices of marks that are needed no more.
var spareMarks = sync.Pool{New: func() any { return new([]mark) }}

// parse reads a text by its rules. The names in roles are speakers.
func parse(text string, roles Roles) *reading {
	r := &reading{text: text}
	spare := spareMarks.Get().(*[]mark)
	defer spareMarks.Put(spare)
	var s *lineScanner
	var marks []mark
	subtitles := isSubtitles(text)
	if subtitles {
		s, r.notes = cueMarks(text, (*spare)[:0])
	} else if marks = markdownTable(text); marks == nil {
		text = withoutNumbers(text)
		if s = lineMarks(text, (*spare)[:0]); s.head > 0 {
			r.leaveOut()
		}
	}
	var sides Roles // that the lines above the transcript give
	if s != nil {
		*spare = s.marks
		roles, sides = withSidesOf(s.about, roles)
		marks = settle(text, s.marks, s.lines, s.heads, s.every, roles)
	}
	r.name(marks)
	if len(r.labels) == 0 {
		marks = slices.DeleteFunc(marks, func(m mark) bool { return m.page })
	}
	above, noticed := false, false
	for i := range marks {
		if marks[i].page {
			r.leaveOut()
		}
		above, noticed = above || marks[i].form == alone, noticed || marks[i].notice
	}
	if noticed {
		r.notes = append(r.notes, notices)
	}
	if s != nil && !subtitles && (above || len(text) > longestGroup*len(r.labels)) {
		if others := headed(text, roles); len(others) > 0 {
			marks = others
			if r.name(marks); len(r.labels) < len(marks) {
				r.leaveOut()
			}
		}
	}
	fromStart(marks)
	if len(r.labels) > 0 {
		end := len(text)
		if s != nil && !subtitles {
			end = s.foot
		}
		marks = r.furniture(marks, end)
	} else {
		r.notes = append(r.notes, noSpeaker)
	}
	if !subtitles {
		text = withoutRules(text)
	}
	r.turns = turnsOf(text, marks)
	for i := range r.turns {
		t := &r.turns[i]
		t.Role, _ = sides.given(t.Speaker)
	}
	if len(r.labels) > 0 && r.hardlyNamed() {
		r.notes = append(r.notes, hardlyAny)
	}
	return r
}

// withSidesOf returns roles with those of the names that the lines above a transcript give, by their first names too, and these alone.
func withSidesOf(head []keyed, roles Roles) (all, sides Roles) {
	for _, k := range head {
		if k.side == Other {
			continue
		}
		if sides == nil {
			sides, all = make(Roles), make(Roles)
		}
		sides[k.value] = k.side
		if first, _, more := strings.Cut(k.value, " "); more {
			sides[first] = k.side
		}
	}
	if sides == nil {
		return roles, nil
	}
	maps.Copy(all, sides)
	maps.Copy(all, roles)
	return all, sides
}

// name takes over the labels of the marks.
func (r *reading) name(marks []mark) {
	r.labels = make([]label, 0, len(marks))
	for _, m := range marks {
		if m.form != unnamed {
			r.labels = append(r.labels, m.name)
		}
	}
}

// hardlyNamed reports whether a text of some length has one speaker, or most of what is said has none.
func (r *reading) hardlyNamed() bool {
	all, unnamed := 0, 0
	others := false
	for _, t := range r.turns {
		all += len(t.Text)
		if t.Speaker == "" {
			unnamed += len(t.Text)
		}
		others = others || t.Speaker != r.labels[0].speaker && t.Speaker != ""
	}
	return all > longestGroup && (!others || 2*unnamed > all)
}

// turnsOf cuts a text at the marks.
func turnsOf(text string, marks []mark) []Turn {
	if len(marks) == 0 {
		return paragraphs(text)
	}
	if first := marks[0].start; first > 0 && !isBlank(text[:first]) && !(marks[0].cue && isVTT(text)) {
		marks = slices.Insert(marks, 0, mark{})
	}
	c := cutter{turns: make([]Turn, 0, len(marks))}
	for i, m := range marks {
		end := len(text)
		if i+1 < len(marks) {
			end = marks[i+1].start
		}
		c.add(text, m, end)
	}
	c.join()
	if len(c.turns) == 0 { // labels alone
		return paragraphs(text)
	}
	return c.turns
}

// cutter makes turns of what is said between marks.
type cutter struct {
	turns   []Turn
	said    []Turn // of one turn
	speaker string
	changed bool // from somebody to somebody else who is not named
}

// add adds what is said from a mark to the next.
func (c *cutter) add(text string, m mark, end int) {
	switch {
	case m.form != unnamed && m.name.speaker != c.speaker, m.change && m.form == unnamed:
		c.join()
		c.speaker, c.changed = m.name.speaker, m.change
	}
	t := trim(Turn{Speaker: c.speaker, Text: text[m.body:end], Start: m.body, End: end, From: m.from, To: m.to})
	if m.form == voice && strings.HasSuffix(t.Text, "</v>") {
		t.Text = t.Text[:len(t.Text)-len("</v>")]
		t = trim(t)
	}
	if m.cue || m.escaped {
		t.strip(m.escaped)
	}
	if t.Text == "" {
		return
	}
	if c.speaker == "" && !c.changed && !c.goesOn() {
		c.join()
	}
	c.said = append(c.said, t)
}

// goesOn reports whether the sentence of a speaker without a name continues.
func (c *cutter) goesOn() bool {
	size := 0
	for _, t := range c.said {
		size += len(t.Text)
	}
	n := len(c.said)
	return n > 0 && size < longestGroup && strings.IndexByte(".!?", c.said[n-1].Text[len(c.said[n-1].Text)-1]) < 0
}

// join ends a turn.
func (c *cutter) join() {
	if len(c.said) > 0 {
		c.turns = append(c.turns, join(c.said))
		c.said = c.said[:0]
	}
}

// trim takes the white space off both ends of a turn.
func trim(t Turn) Turn {
	text := strings.TrimSpace(t.Text)
	if text != "" && text[0] < utf8.RuneSelf {
		t.Start += strings.IndexByte(t.Text, text[0])
	} else {
		t.Start += len(t.Text) - len(strings.TrimLeftFunc(t.Text, unicode.IsSpace))
	}
	t.Text = text
	t.End = t.Start + len(t.Text)
	return t
}

// join makes one turn of several.
func join(turns []Turn) Turn {
	t := turns[0]
	if len(turns) == 1 {
		return t
	}
	var text strings.Builder
	t.pieces = nil
	for i, u := range turns {
		if i > 0 {
			text.WriteByte(' ')
		}
		if u.pieces == nil {
			u.pieces = offsets{{0, u.Start}}
		}
		for _, p := range u.pieces {
			p.here += text.Len()
			t.pieces = append(t.pieces, p)
		}
		text.WriteString(u.Text)
		t.End, t.To = u.End, u.To
	}
	t.Text = text.String()
	return t
}
