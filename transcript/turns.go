package transcript

import (
	"slices"
	"sort"
	"strings"
	"time"
	"unicode"
)

// A Turn is what one speaker says at one go.
type Turn struct {
	// Speaker is the name as it is written in the call, "" where none is given.
	Speaker string
	Role    Role
	Text    string
	// Start and End are the byte span in the call's text that Text comes from, without the speaker's label.
	Start, End int
	// From and To are when it was said, counted from the start of the call; To is 0 where only the beginning is known,
	// and both are 0 where nothing is.
	From, To time.Duration

	pieces offsets // where Text is not simply the span
}

// Offset returns the place in the call's text of byte i of the turn's Text, so that what is found in a turn can be shown
// in the call. It is Start+i unless the turn was put together from several lines or subtitles.
func (t Turn) Offset(i int) int {
	if t.pieces == nil {
		return t.Start + i
	}
	return t.pieces.at(i)
}

// offsets tells where the bytes of a text come from: from piece.here on, bytes come from piece.there on.
type offsets []offset

type offset struct{ here, there int }

func (o offsets) at(i int) int {
	k := sort.Search(len(o), func(k int) bool { return o[k].here > i }) - 1
	there := o[k].there + i - o[k].here
	if k+1 < len(o) { // a piece can be longer here than there
		there = max(o[k].there, min(there, o[k+1].there-1))
	}
	return there
}

// Turns cuts the call's text into turns. Nothing is dropped but labels, times, the markup of subtitles and white space at
// the ends; turns of the same speaker that follow each other are one, joined by a space.
//
// A turn starts at a line with a speaker's label and goes on to the next: "Agent: …", "[00:12] Rep - …",
// "00:12 Jane Doe: …", "Jane Doe (00:12): …". What ends in a colon is taken for a label where it is a usual word for
// one of the sides (see [Roles.Of]) or in the call's Roles, where a time stands behind it, where it comes back in the
// call, or where every line has one, with a blank behind it; so a line that starts with "Note: " stays what it is.
//
// WebVTT and SRT are known by their first lines. Labels and voice tags in their cues count as above, and a cue without
// one goes on with the speaker before.
//
// Text without any label is cut at blank lines, and paragraphs of more than 400 bytes into groups of whole sentences.
func (c Call) Turns() []Turn {
	turns := slices.Clone(c.understood().turns)
	type given struct {
		speaker string
		role    Role
	}
	sides := make(map[given]Role)
	for i := range turns {
		t := &turns[i]
		key := given{t.Speaker, t.Role}
		side, ok := sides[key]
		if !ok {
			side = c.Roles.side(t)
			sides[key] = side
		}
		t.Role = side
	}
	return turns
}

// parse reads a text by its rules. The names in roles are speakers.
func parse(text string, roles Roles) *reading {
	r := &reading{text: text}
	marks, every := findMarks(text)
	marks = settle(marks, every, roles)
	named := false
	for _, m := range marks {
		named = named || m.speaker != ""
		if at := strings.Index(text[m.start:m.body], m.speaker); m.speaker != "" && at >= 0 {
			r.labels = append(r.labels, label{m.speaker, m.start + at, m.start + at + len(m.speaker)})
		}
	}
	if !named {
		r.notes = append(r.notes, noSpeaker)
	}
	r.turns = turnsOf(text, marks)
	return r
}

// turnsOf cuts a text at the marks.
func turnsOf(text string, marks []mark) []Turn {
	if len(marks) == 0 {
		return paragraphs(text)
	}
	cues := marks[0].cue
	if first := marks[0].start; !cues && !isBlank(text[:first]) {
		marks = slices.Insert(marks, 0, mark{end: first})
	}
	said := make([]Turn, 0, len(marks))
	for _, m := range marks {
		t := trim(Turn{Speaker: m.speaker, Text: text[m.body:m.end], Start: m.body, End: m.end, From: m.from, To: m.to})
		if cues {
			t.strip()
		}
		if t.Text != "" {
			said = append(said, t)
		}
	}
	if len(said) == 0 { // labels alone
		return paragraphs(text)
	}
	turns := said[:0]
	for from := 0; from < len(said); {
		to, size := from+1, len(said[from].Text)
		for to < len(said) && goesOn(said[to-1], said[to], size, cues) {
			size += len(said[to].Text)
			to++
		}
		turns = append(turns, join(said[from:to]))
		from = to
	}
	return turns
}

// trim takes the white space off both ends of a turn.
func trim(t Turn) Turn {
	text := strings.TrimLeftFunc(t.Text, unicode.IsSpace)
	t.Start += len(t.Text) - len(text)
	t.Text = strings.TrimRightFunc(text, unicode.IsSpace)
	t.End = t.Start + len(t.Text)
	return t
}

// goesOn reports whether u is the same speaker's as t, or the next cue of a sentence that nobody is named for; size is
// that of the sentence so far.
func goesOn(t, u Turn, size int, cues bool) bool {
	if t.Speaker != u.Speaker {
		return false
	}
	return t.Speaker != "" || cues && size < longestGroup && !strings.ContainsRune(".!?", rune(t.Text[len(t.Text)-1]))
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
