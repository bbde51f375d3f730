package transcript

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
)

// rawTurn is a turn as it was read, or what holds for the turns that are in an element.
type rawTurn struct {
	text, name, role, channel string
	call                      string // the ID of the call, where the turn has it
	start, end, length        moment
}

// turnReader reads the turns of a call.
type turnReader struct {
	*records
	shape *shape
	turns []rawTurn
	lines int // that are no more than strings, with or without a label
	notes map[string]bool
	names map[string]rawTurn // by the id of a speaker: name and role
}

// reader returns a reader of a call of a shape.
func (r *records) reader(s *shape) *turnReader { return &turnReader{records: r, shape: s} }

// list reads the elements of a list as turns.
func (r *turnReader) list(v value) {
	if v.kind() == '[' {
		for e := range v.all() {
			r.add(e, rawTurn{})
		}
	}
}

// read reads the turns at the path of a shape.
func (r *turnReader) read(call value) {
	s := r.shape
	pass := func(outer rawTurn, v value, channel int) rawTurn {
		r.fill(&outer, v, nameSlot, roleSlot, channelSlot, startSlot, endSlot)
		if channel >= 0 && outer.channel == "" {
			outer.channel = fmt.Sprint(channel)
		}
		return outer
	}
	if s.before != "" {
		r.add(call.path(s.before), rawTurn{})
	}
	follow(call, steps(s.turns), rawTurn{}, pass, func(v value, outer rawTurn) { r.add(v, outer) })
	if s.by != "" {
		r.assign(call)
	}
	if s.named {
		r.turns = recap(slices.DeleteFunc(r.turns, func(t rawTurn) bool { return t.name == "" || t.name == "0" }))
	}
}

// add reads an element of a list of turns.
func (r *turnReader) add(v value, t rawTurn) {
	switch v.kind() {
	case '"':
		t.text = v.text()
		r.lines++
	case '[':
		if p, ok := pair(v); ok {
			t.name, t.text = p.name, p.text
		}
	case '{':
		if r.element(v, &t); t.name == "" && t.text != "" {
			if parts := r.byWords(v, &t); parts != nil {
				r.turns = append(r.turns, parts...)
				return
			}
		}
	}
	t.text = withoutTags(t.text)
	if t.text != "" && (r.shape.words || !isBlank(t.text)) {
		if r.turns == nil {
			const nodes = 4 // of a turn, or more
			r.turns = make([]rawTurn, 0, 1+len(v.d.nodes)/nodes)
		}
		r.turns = append(r.turns, t)
	}
}

// element reads a turn that is an object.
func (r *turnReader) element(v value, t *rawTurn) {
	r.fill(t, v)
	s := r.shape
	if s.text != "" {
		t.text = r.said(v.path(s.text))
	}
	if s.start != "" && v.path(s.start).d != nil {
		t.start, t.end = momentOf(v.path(s.start), 0), momentOf(v.path(s.end), 0)
	}
	if !t.start.known {
		r.span(t, v.get("words"))
	}
	if t.text != "" || t.name != "" {
		return
	}
	// A turn can be {"Agent": "Hello."}.
	var only value
	for m := range v.all() {
		if only.d != nil {
			return
		}
		only = m
	}
	if only.kind() == '"' && r.keys.turn(only.key()).slot == noSlot {
		t.name, t.text = only.key(), only.text()
	}
}

// byWords takes the speakers of a turn from its words, where only these have some, as WhisperX writes: it names the turn, or
// returns its parts where several speak.
func (r *turnReader) byWords(v value, t *rawTurn) []rawTurn {
	var words []rawTurn
	named := -1 // the first word that has a speaker
	for e := range v.get("words").all() {
		var w rawTurn
		if r.fill(&w, e, textSlot, nameSlot, startSlot, endSlot); w.text == "" {
			continue
		}
		if w.name == "" && named >= 0 {
			w.name = words[len(words)-1].name
		} else if w.name != "" && named < 0 {
			named = len(words)
		}
		words = append(words, w)
	}
	if named < 0 {
		return nil
	}
	for i := range named {
		words[i].name = words[named].name
	}
	parts := sentences(words)
	if len(parts) == 1 {
		t.name = parts[0].name
		return nil
	}
	return parts
}

// pair reads a turn that is an array of speaker and text.
func pair(v value) (t rawTurn, ok bool) {
	var parts []string
	for e := range v.all() {
		if e.kind() != '"' || len(parts) == 2 {
			return rawTurn{}, false
		}
		parts = append(parts, e.text())
	}
	if len(parts) != 2 || isLabelled(parts[0]) && isLabelled(parts[1]) { // two turns
		return rawTurn{}, false
	}
	return rawTurn{name: parts[0], text: parts[1]}, true
}

// fill takes from the members of an object what they are for, all or only some of it.
func (r *turnReader) fill(t *rawTurn, v value, only ...slot) {
	if v.kind() != '{' {
		return
	}
	var best [slots]uint8
	for m := range v.all() {
		if m.kind() == 'n' {
			continue
		}
		key := m.key()
		u := r.keys.turn(key)
		switch {
		case u.slot == noSlot:
			if len(only) == 0 {
				r.notice(key, m)
			}
		case len(only) > 0 && !slices.Contains(only, u.slot):
		case best[u.slot] != 0 && best[u.slot] <= u.rank+1:
		case r.set(t, u, m):
			best[u.slot] = u.rank + 1
		}
	}
}

// set takes the value of a key, and reports whether there was something in it.
func (r *turnReader) set(t *rawTurn, u use, v value) bool {
	switch u.slot {
	case textSlot:
		if v.kind() == '[' {
			r.span(t, v)
		}
		return setTo(&t.text, r.said(v))
	case nameSlot:
		switch v.kind() {
		case '{':
			return r.person(t, v)
		case '[':
			return r.people(t, v)
		}
		return setTo(&t.name, scalar(v))
	case roleSlot:
		if k := v.kind(); u.side != Other && (k == 't' || k == 'f') {
			return setTo(&t.role, u.role(v.text()))
		}
		return setTo(&t.role, u.role(scalar(v)))
	case kindSlot:
		if _, known := roleOf(scalar(v)); (known || notSpeech[strings.ToLower(scalar(v))] != "") && t.role == "" {
			t.role = scalar(v)
		}
	case channelSlot:
		return setTo(&t.channel, scalar(v))
	case callSlot:
		return setTo(&t.call, scalar(v))
	case startSlot:
		if v.kind() == '[' {
			return r.setTimes(t, u, v)
		}
		return r.setTime(&t.start, u, v)
	case endSlot:
		return r.setTime(&t.end, u, v)
	case lengthSlot:
		return r.setTime(&t.length, u, v)
	}
	return false
}

const unreadTime = "a time of turns cannot be read"

func (r *turnReader) setTime(m *moment, u use, v value) bool {
	if *m = momentOf(v, u.unit); !m.known {
		r.note(unreadTime)
	}
	return m.known
}

// setTimes takes start and end from a list of both.
func (r *turnReader) setTimes(t *rawTurn, u use, v value) bool {
	for e := range v.all() {
		if t.start.known {
			t.end = momentOf(e, u.unit)
			break
		}
		if !r.setTime(&t.start, u, e) {
			break
		}
	}
	return t.start.known
}

func setTo(s *string, value string) bool {
	if value == "" {
		return false
	}
	*s = value
	return true
}

// scalar returns a string, trimmed, or a number as text, and "" for any other value.
func scalar(v value) string {
	switch v.kind() {
	case '{', '[', 't', 'f':
		return ""
	case '"':
		return strings.TrimSpace(v.d.intern(v.d.unquote(v.bytes())))
	}
	return v.text()
}

// said returns the words of a value: a string, the text of an object, or of all in a list.
func (r *turnReader) said(v value) string {
	switch v.kind() {
	case '"':
		return v.text()
	case '{':
		if scalar(v.get("type")) == "tool_result" {
			r.note("what a tool says was left out")
			return ""
		}
		var t rawTurn
		r.fill(&t, v, textSlot)
		return t.text
	case '[':
		var all []string
		for e := range v.all() {
			if text := r.said(e); text != "" {
				all = append(all, text)
			}
		}
		return strings.Join(all, " ")
	}
	return ""
}

// span takes the times of a turn from its words.
func (r *turnReader) span(t *rawTurn, words value) {
	for e := range words.all() {
		var w rawTurn
		r.fill(&w, e, startSlot, endSlot)
		if !t.start.known {
			t.start = w.start
		}
		if w.end.known {
			t.end = w.end
		}
	}
}

// person takes name and role from an object that tells of a speaker.
func (r *turnReader) person(t *rawTurn, v value) bool {
	var p rawTurn
	r.fill(&p, v, nameSlot, roleSlot, kindSlot)
	p.name = cmp.Or(p.name, strings.TrimSpace(scalar(v.get("first_name"))+" "+scalar(v.get("last_name"))), scalar(v.get("id")))
	if p.role != "" {
		t.role = p.role
	}
	return setTo(&t.name, p.name)
}

// people takes the names of all in a list, who speak at once.
func (r *turnReader) people(t *rawTurn, list value) bool {
	var names []string
	for e := range list.all() {
		if p := (rawTurn{name: scalar(e)}); p.name != "" || r.person(&p, e) {
			names, t.role = append(names, p.name), cmp.Or(t.role, p.role)
		}
	}
	return setTo(&t.name, strings.Join(names, ", "))
}

// notice notes the keys of values that may be speech but have no known key.
func (r *turnReader) notice(key string, v value) {
	if v.kind() == '"' && bytes.Count(v.bytes(), []byte(" ")) >= 2 {
		r.note("the key %s of turns is not known", clip(key))
	}
}

func (r *turnReader) note(format string, args ...any) {
	if r.notes == nil {
		r.notes = make(map[string]bool)
	}
	r.notes[fmt.Sprintf(format, args...)] = true
}

// assign gives the turns the speakers that the shape's list names for their starts, or else for a time before.
func (r *turnReader) assign(call value) {
	var spans []rawTurn
	add := func(v value) {
		var t rawTurn
		if r.fill(&t, v, nameSlot, startSlot); t.start.known {
			spans = append(spans, t)
		}
	}
	for _, v := range call.find(r.shape.by) {
		add(v)
		for item := range v.get("items").all() {
			add(item)
		}
	}
	slices.SortStableFunc(spans, byStart)
	for i := range r.turns {
		t := &r.turns[i]
		if t.name != "" || !t.start.known {
			continue
		}
		after, _ := slices.BinarySearchFunc(spans, t.start.seconds, func(s rawTurn, at float64) int {
			if s.start.seconds <= at {
				return -1
			}
			return 1
		})
		if after > 0 {
			t.name = spans[after-1].name
		}
	}
}

func byStart(a, b rawTurn) int { return cmp.Compare(a.start.seconds, b.start.seconds) }

// register reads who the speakers are, from lists of them alongside the turns.
func (r *turnReader) register(call value) {
	if r.names == nil {
		r.names = make(map[string]rawTurn)
	}
	for m := range call.all() {
		list, side := squeeze(m.key()), ""
		for _, prefix := range []string{"internal", "external"} {
			if rest, ok := strings.CutPrefix(list, prefix); ok {
				list, side = rest, prefix
			}
		}
		switch list {
		case "speakers", "participants", "parties", "attendees", "users", "speakermapping", "speakernames", "speakerinfo":
		default:
			continue
		}
		for e := range m.all() {
			var t rawTurn
			if t.name = scalar(e); t.name == "" {
				r.person(&t, e)
			}
			t.role = cmp.Or(t.role, side)
			if m.kind() == '{' {
				r.names[e.key()] = t
				continue
			}
			for id := range e.all() {
				if key := squeeze(id.key()); strings.HasSuffix(key, "id") || key == "label" {
					r.names[scalar(id)] = t
				}
			}
		}
	}
}

// byCall returns a reader of the turns of each call, where they have IDs of several, and else the one that there is.
func (r *turnReader) byCall() (all []*turnReader) {
	if !slices.ContainsFunc(r.turns, func(t rawTurn) bool { return t.call != r.turns[0].call }) {
		return []*turnReader{r}
	}
	calls := make(map[string]*turnReader)
	for _, t := range r.turns {
		if calls[t.call] == nil {
			calls[t.call] = r.reader(r.shape)
			all = append(all, calls[t.call])
		}
		calls[t.call].turns = append(calls[t.call].turns, t)
	}
	return all
}

// give gives a call the turns that were read.
func (r *turnReader) give(c *Call) error {
	if r.lines == 0 || r.lines < len(r.turns) || !r.giveLines(c) {
		turns := r.finish()
		if len(turns) == 1 && turns[0].Speaker == "" && turns[0].Role == Other {
			c.Text = turns[0].Text // which the rules for text cut into turns
		} else {
			c.setTurns(turns)
		}
	}
	c.Notes = append(c.Notes, slices.Sorted(maps.Keys(r.notes))...)
	return checkText(c.Text)
}

// giveLines gives a call strings as the lines of its text, if they are labelled.
func (r *turnReader) giveLines(c *Call) bool {
	var lines []string
	for _, t := range r.turns {
		lines = append(lines, strings.Join(strings.Fields(t.text), " "))
	}
	text := strings.Join(lines, "\n")
	if len(parse(text, r.Roles).labels) == 0 {
		return false
	}
	c.Text = text
	return true
}

// finish returns the turns that were read.
func (r *turnReader) finish() []Turn {
	raw := r.turns
	if areFromLast(raw) {
		slices.Reverse(raw)
		r.note("turns are listed from the last to the first; they are put in the order of their times")
	}
	if !slices.ContainsFunc(raw, func(t rawTurn) bool { return t.channel == "" }) {
		merge(raw)
	}
	if r.shape.words {
		raw = sentences(raw)
	}
	tellChannels(raw)
	setTimes(raw, r.shape.unit)
	turns := make([]Turn, 0, len(raw))
	for i := range raw {
		r.identify(&raw[i])
	}
	sideOfUser(raw)
	for _, t := range raw {
		if what := notSpeech[strings.ToLower(t.role)]; what != "" {
			r.note("what a %s says was left out", what)
			continue
		}
		turns = append(turns, t.turn())
	}
	withoutLabels(turns)
	return turns
}

// withoutLabels takes the labels off turns that start with one, "Agent: Hello", where most do: the label of their speaker, or where no turn has
// a speaker any name, who then speaks until the next.
func withoutLabels(turns []Turn) {
	named := slices.ContainsFunc(turns, func(t Turn) bool { return t.Speaker != "" })
	found := 0
	for i := range turns {
		if labelOf(&turns[i], named).form != unnamed {
			found++
		}
	}
	if 2*found <= len(turns) {
		return
	}
	speaker := ""
	for i := range turns {
		t := &turns[i]
		if m := labelOf(t, named); m.form != unnamed {
			t.Text, speaker = t.Text[m.body:], m.name.speaker
		}
		if !named {
			t.Speaker = speaker
		}
	}
}

// labelOf returns the label that a turn starts with.
func labelOf(t *Turn, named bool) (m mark) {
	if named {
		start := strings.TrimLeft(t.Text, " [(<{*_")
		if t.Speaker == "" || !startsWith(start, t.Speaker) && (t.Role == Other || !startsWith(start, t.Role.String())) {
			return m
		}
	}
	line, _, _ := strings.Cut(t.Text, "\n")
	m, ok := findMark(line, false)
	name := m.name.speaker
	switch {
	case !ok || m.form == alone || m.form == apart || m.form == dot || isBlank(t.Text[m.body:]):
	case named && (strings.EqualFold(name, t.Speaker) || strings.EqualFold(name, t.Role.String())), !named && likenessOf(name, nil) >= fairName:
		return m
	}
	return mark{}
}

// startsWith is strings.HasPrefix without case.
func startsWith(s, start string) bool {
	return len(s) >= len(start) && strings.EqualFold(s[:len(start)], start)
}

// notSpeech are the roles and types in chats of what nobody says, and what each is called in a note; moments are Dialpad's.
var notSpeech = map[string]string{"system": "system", "system_message": "system", "developer": "developer", "tool": "tool", "function": "function",
	"moment": "moment", "custom_moment": "moment", "real_time_moment": "moment", "ai_question": "moment", "event": "event", "service": "service"}

// identify gives a turn the name and the role of its speaker where a list alongside the turns tells them.
func (r *turnReader) identify(t *rawTurn) {
	if p, ok := r.names[t.name]; ok && t.name != "" {
		t.name, t.role = cmp.Or(p.name, t.name), cmp.Or(t.role, p.role)
	}
}

// sideOfUser makes users agents where they speak to contacts, as in Drift and Modjo: elsewhere users are customers.
func sideOfUser(turns []rawTurn) {
	is := func(role string) bool {
		return slices.ContainsFunc(turns, func(t rawTurn) bool { return strings.EqualFold(t.role, role) })
	}
	agent := slices.ContainsFunc(turns, func(t rawTurn) bool { role, _ := roleOf(t.role); return role == Agent })
	if agent || !is("user") || !is("contact") {
		return
	}
	for i := range turns {
		if t := &turns[i]; strings.EqualFold(t.role, "user") {
			t.name, t.role = cmp.Or(t.name, t.role), Agent.String()
		}
	}
}

// turn returns a turn with the speaker's name.
func (t rawTurn) turn() Turn {
	role, _ := roleOf(t.role)
	name := cmp.Or(t.name, t.role)
	const longestNumber = 3
	if name != "" && len(name) <= longestNumber && strings.Trim(name, "0123456789") == "" {
		name = "Speaker " + name
	}
	return Turn{Speaker: name, Role: role, Text: t.text, From: duration(t.start.seconds), To: duration(t.end.seconds)}
}

// areFromLast reports whether turns are listed from the last to the first, as exports of chats have them.
func areFromLast(turns []rawTurn) bool {
	for i, t := range turns {
		if !t.start.known || i > 0 && t.start.seconds > turns[i-1].start.seconds {
			return false
		}
	}
	return len(turns) > 1 && turns[0].start.seconds > turns[len(turns)-1].start.seconds
}

// merge puts the turns of several channels in the order of their times; those without a time stay after what they follow.
func merge(turns []rawTurn) {
	for i := range turns {
		if t := &turns[i]; i > 0 && !t.start.known && t.channel == turns[i-1].channel {
			t.start = turns[i-1].start
		}
	}
	slices.SortStableFunc(turns, byStart)
}

// recap drops what is said before a list of words starts again from the beginning, as Google's last result does.
func recap(words []rawTurn) []rawTurn {
	for i := len(words) - 1; i > 0; i-- {
		if words[i].start.known && words[i].start == words[0].start && words[i].text == words[0].text {
			return words[i:]
		}
	}
	return words
}

// sentences joins words of the same speaker that follow each other.
func sentences(words []rawTurn) []rawTurn {
	spaced := slices.ContainsFunc(words, func(t rawTurn) bool { return t.text[0] == ' ' || t.text[len(t.text)-1] == ' ' })
	var turns []rawTurn
	var text strings.Builder
	close := func() {
		if n := len(turns) - 1; n >= 0 {
			turns[n].text = text.String()
			text.Reset()
		}
	}
	for _, w := range words {
		n := len(turns) - 1
		own := isPunctuation(w.text) || isBlank(w.text) // which goes with the word before
		if n >= 0 && (own || w.name == turns[n].name && w.role == turns[n].role && w.channel == turns[n].channel) {
			if !spaced && !isPunctuation(w.text) {
				text.WriteByte(' ')
			}
			if w.end.known {
				turns[n].end = w.end
			}
		} else if own && isBlank(w.text) {
			continue
		} else {
			close()
			turns = append(turns, w)
		}
		text.WriteString(w.text)
	}
	close()
	return turns
}

func isPunctuation(s string) bool {
	for _, c := range strings.TrimSpace(s) {
		if !strings.ContainsRune(".,;:!?…。，？！、", c) {
			return false
		}
	}
	return !isBlank(s)
}

// tellChannels names the speakers of a recording with several channels after these, where nothing else tells them apart.
func tellChannels(turns []rawTurn) {
	if !slices.ContainsFunc(turns, func(t rawTurn) bool { return t.channel != "" }) {
		return
	}
	channels := make(map[string][]string) // of each speaker
	speakers := make(map[string][]string) // of each channel
	for _, t := range turns {
		if !slices.Contains(channels[t.name], t.channel) {
			channels[t.name] = append(channels[t.name], t.channel)
			speakers[t.channel] = append(speakers[t.channel], t.name)
		}
	}
	for i := range turns {
		t := &turns[i]
		if t.channel == "" || t.name != "" && len(channels[t.name]) == 1 || t.name == "" && t.role != "" {
			continue
		}
		if len(speakers) == 1 && t.name == "" && t.channel == "0" {
			continue // a recording with all speakers on one channel
		}
		channel := t.channel
		if strings.IndexFunc(channel, unicode.IsLetter) < 0 {
			channel = "Channel " + channel
		}
		if len(speakers[t.channel]) > 1 {
			channel += ", speaker " + t.name
		}
		t.name = channel
	}
}

// setTimes makes all times seconds from the start of the call, 0 where they are not known.
func setTimes(turns []rawTurn, unit time.Duration) {
	scale := cmp.Or(unit, unitOf(turns)).Seconds()
	first := -1.0
	for i := range turns {
		t := &turns[i]
		if !t.end.known && t.start.known && t.length.known {
			t.end = moment{t.start.seconds + t.length.seconds, t.start.bare, t.start.dated, true}
			if t.start.bare != t.length.bare {
				t.end = moment{}
			}
		}
		if t.end.dated != t.start.dated {
			t.end = moment{}
		}
		if t.start.dated && first < 0 {
			first = t.start.seconds
		}
	}
	for i := range turns {
		for _, m := range []*moment{&turns[i].start, &turns[i].end} {
			switch {
			case m.bare:
				m.seconds *= scale
			case m.dated:
				m.seconds = max(0, m.seconds-first)
			}
			m.bare, m.dated = false, false
		}
	}
}

// unitOf tells by how much was said whether bare numbers are seconds or milliseconds: nobody takes half a minute for
// each word, and nobody says hundreds in a second.
func unitOf(turns []rawTurn) time.Duration {
	const slowest = 1. / 20 // words a second
	words, spent := 0, 0.
	for i, t := range turns {
		if !t.start.bare || t.start.seconds != float64(int64(t.start.seconds)) {
			return time.Second
		}
		last := t.end
		if !last.known && t.length.known {
			last = moment{t.start.seconds + t.length.seconds, true, false, true}
		}
		if !last.known && i+1 < len(turns) {
			last = turns[i+1].start
		}
		if last.known {
			words += 1 + strings.Count(t.text, " ")
			spent += last.seconds - t.start.seconds
		}
	}
	if spent > 0 && float64(words)/spent < slowest {
		return time.Millisecond
	}
	return time.Second
}
