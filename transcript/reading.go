package transcript

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// reading is what was understood of a call's text, by the reader of a format that has turns or by the rules for text.
type reading struct {
	text string // what was read; a call whose text is another has been changed since
	// turns have the Role that the source gives, Other where only the speaker's name can tell.
	turns  []Turn
	labels []label
	notes  []string
	// composed means that the text was put together from the turns, so that the turns are what has to be kept.
	composed bool
}

// label is where the text names a speaker.
type label struct {
	speaker    string
	start, end int
}

const (
	noSpeaker = "no speaker was found"
	hardlyAny = "hardly any speaker was found: most of the text has none, or all of it the same"
)

// setTurns gives a call the turns that its source has, for the readers of such formats, and takes over their slice. A turn needs Text; Speaker (""
// is nobody), Role (Other where the source says nothing: the speaker's name then decides), From and To are optional, and
// its other fields are ignored. Turns without a word are left out, turns of one speaker in a row become one, and what the
// others say is kept as it is. Text becomes a line for each turn, "Speaker: text" or only the text, and all spans refer to
// it. That no turn has a speaker is noted.
func (c *Call) setTurns(turns []Turn) {
	r := &reading{composed: true}
	r.compose(turns)
	if len(r.labels) == 0 {
		r.notes = append(r.notes, noSpeaker)
	}
	c.Text, c.reading, c.Notes = r.text, r, append(c.Notes, r.notes...)
}

// oneLine returns s with one blank for whatever white space is in it, and none around it.
func oneLine(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == ' ' && (i == 0 || i == len(s)-1 || s[i-1] == ' ') {
			return strings.Join(strings.Fields(s), " ")
		}
	}
	return s
}

// compose writes the text of the turns that have words, and lets the reading's turns point into it.
func (r *reading) compose(turns []Turn) {
	size := 0
	for i := range turns {
		t := &turns[i]
		t.Speaker, t.Text = oneLine(t.Speaker), strings.TrimSpace(t.Text)
		size += len(t.Speaker) + len(": ") + len(t.Text) + len("\n")
	}
	turns = slices.DeleteFunc(turns, func(t Turn) bool { return t.Text == "" })
	r.labels = make([]label, 0, len(turns))
	r.turns = turns[:0]
	var b strings.Builder
	b.Grow(size)
	for i, t := range turns {
		if i > 0 {
			last := &r.turns[len(r.turns)-1]
			if t.Speaker != "" && t.Speaker == last.Speaker && t.Role == last.Role {
				b.WriteByte(' ')
				b.WriteString(t.Text)
				last.To, last.End = t.To, b.Len()
				continue
			}
			b.WriteByte('\n')
		}
		if t.Speaker != "" {
			r.labels = append(r.labels, label{t.Speaker, b.Len(), b.Len() + len(t.Speaker)})
			b.WriteString(t.Speaker)
			b.WriteString(": ")
		}
		t.Start = b.Len()
		b.WriteString(t.Text)
		t.End = b.Len()
		r.turns = append(r.turns, t)
	}
	if len(turns) > 0 {
		b.WriteByte('\n')
	}
	r.text = b.String()
	for i := range r.turns {
		t := &r.turns[i]
		t.Text = r.text[t.Start:t.End]
	}
}

// understood returns the call's reading, by the rules for text if it has none or its text has been changed.
func (c Call) understood() *reading {
	if c.reading != nil && c.reading.text == c.Text {
		return c.reading
	}
	return parse(c.Text, c.Roles)
}

// read lets the rules for text read a call that has only its text, and gives it their notes.
func (c *Call) read() {
	if c.reading == nil {
		c.reading = parse(c.Text, c.Roles)
		c.Notes = append(c.Notes, c.reading.notes...)
	}
}

// nameSides gives turns of whom the metadata name the side, as {"agent": "Jane Doe", "customer": "Tom"} does.
func (c *Call) nameSides() {
	turns := c.reading.turns
	for i := range turns {
		t := &turns[i]
		switch {
		case t.Role != Other || t.Speaker == "":
		case i > 1 && turns[i-2].Speaker == t.Speaker: // two speak by turns
			t.Role = turns[i-2].Role
		default:
			if side := c.Metadata.sideOf(t.Speaker); c.Roles.Of(t.Speaker) == Other {
				t.Role = side
			}
		}
	}
}

func (m *Metadata) sideOf(speaker string) Role {
	is := func(name string) bool {
		first, _, _ := strings.Cut(name, " ")
		return strings.EqualFold(name, speaker) || strings.EqualFold(first, speaker)
	}
	if is(m.AgentID) {
		return Agent
	}
	for key, raw := range m.Extra {
		if n := len(raw) - 1; n > 1 && raw[0] == '"' && is(string(raw[1:n])) {
			if side, _ := usualRole(key); side == Customer {
				return Customer
			}
		}
	}
	return Other
}

// side returns the role of a turn of the reading: what the table says of its speaker, or else what the source says of the
// turn, or else what the speaker's name says.
func (r Roles) side(t *Turn) Role {
	if role, given := r.given(t.Speaker); given {
		return role
	}
	if t.Role != Other {
		return t.Role
	}
	role, _ := usualRole(t.Speaker)
	return role
}

// turnJSON is how a turn is written.
type turnJSON struct {
	Speaker string   `json:"speaker,omitempty"`
	Role    string   `json:"role,omitempty"`
	Text    string   `json:"text"`
	Start   *float64 `json:"start,omitempty"` // seconds
	End     *float64 `json:"end,omitempty"`
}

// json returns the turns as they are written: Role only where the speaker's name does not tell it.
func (r *reading) json(roles Roles) []turnJSON {
	all := make([]turnJSON, len(r.turns))
	for i := range r.turns {
		t := &r.turns[i]
		all[i] = turnJSON{Speaker: t.Speaker, Text: t.Text}
		usual, _ := usualRole(t.Speaker)
		if role := roles.side(t); role != usual && role != Other {
			all[i].Role = role.String()
		}
		if t.From != 0 || t.To != 0 {
			all[i].Start = seconds(t.From)
		}
		if t.To != 0 {
			all[i].End = seconds(t.To)
		}
	}
	return all
}

func seconds(d time.Duration) *float64 {
	s := d.Seconds()
	return &s
}
