package transcript

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"sort"
	"strings"

	"github.com/org/salesconv/transcript/internal/mask"
)

// An Entity is personal data at one place in a call's text.
type Entity struct {
	Kind       Kind
	Start, End int // byte span
}

// Kind is a kind of personal data. Masked text has it in brackets: "[EMAIL]".
type Kind string

// The kinds. Data that match several kinds are of the first one here.
const (
	Email   Kind = mask.Email
	URL     Kind = mask.URL
	Account Kind = mask.Account // IBANs with right check digits, and numbers that are said to be an account's
	Card    Kind = mask.Card    // 13 to 19 digits with a right check digit
	Phone   Kind = mask.Phone
	Address Kind = mask.Address // number and street, with town and post code if they follow
	Name    Kind = mask.Name
)

// entities returns what package mask found.
func entities(found []mask.Entity) []Entity {
	var all []Entity
	for _, e := range found {
		all = append(all, Entity{Kind(e.Kind), e.Start, e.End})
	}
	return all
}

// Masked is a call with its personal data masked.
type Masked struct {
	// Call is the masked call.
	Call Call
	// Entities are what was masked in the text, with their spans in the original text.
	Entities []Entity

	pieces offsets
}

// Original returns the span of the original text that a span of the masked text replaces. A span that touches a mask
// covers all that was masked.
func (m *Masked) Original(start, end int) (int, int) {
	from := m.pieces.at(start)
	to := from
	if end > start {
		to = m.pieces.at(end-1) + 1
	}
	for _, e := range m.Entities {
		if start < end && e.Start < to && from < e.End {
			from, to = min(from, e.Start), max(to, e.End)
		}
	}
	return from, to
}

// Mask replaces personal data by their kinds: in the text what [Call.Entities] finds; names of speakers in labels by
// "Agent", "Customer" or "Speaker" followed by a number from the second on; in the metadata the values of keys for
// names, and entities in other values. An agent_id that contains a name in upper or lower case ("Jane Doe", "rajesh",
// "jane.doe2"), an e-mail address or a telephone number is replaced by a number, the same for each agent_id, so that
// calls can still be grouped. The call's Roles keep only names that mean a role.
//
// Personal data are found by patterns and word lists of English text. They find nearly all of what is written or said
// in one of the usual ways: of held-out wordings, all cards, accounts, e-mail and web addresses, more than nine in ten
// telephone numbers and postal addresses, but only six in ten names, since nothing marks a name that nobody
// introduces, greets or asks for and that is not one of the 1,700 forenames on the list (see the package's tests).
// They do not find numbers that are spoken in tens and hundreds, or other information that identifies a person; masked
// calls are not anonymous.
func (c Call) Mask() *Masked {
	m := &Masked{Call: c, Entities: c.Entities()}
	speakers := c.maskedSpeakers()
	labels := make(map[int]string)
	for _, l := range c.understood().labels {
		labels[l.start] = speakers[l.speaker]
	}
	var text strings.Builder
	var edits []edit
	at := 0
	for _, e := range m.Entities {
		text.WriteString(c.Text[at:e.Start])
		instead := cmp.Or(labels[e.Start], "["+string(e.Kind)+"]")
		edits = append(edits, edit{e.Start, e.End, text.Len(), instead})
		m.pieces = append(m.pieces, offset{text.Len(), e.Start}, offset{text.Len() + len(instead), e.End})
		text.WriteString(instead)
		at = e.End
	}
	text.WriteString(c.Text[at:])
	m.pieces = append(offsets{{0, 0}}, append(m.pieces, offset{text.Len(), len(c.Text)})...)
	m.Call.Text = text.String()
	m.Call.Metadata = c.Metadata.mask()
	m.Call.Roles = nil
	for name, role := range c.Roles {
		if _, known := usualRole(name); known {
			if m.Call.Roles == nil {
				m.Call.Roles = make(Roles)
			}
			m.Call.Roles[name] = role
		}
	}
	m.Call.reading = c.maskedReading(m.Call.Text, edits, speakers)
	return m
}

// edit is what replaces a span of the original in a masked text, from byte here on.
type edit struct {
	start, end, here int
	instead          string
}

// place returns where a byte of the original is after the edits that end before it.
func place(edits []edit, there int) int {
	k := sort.Search(len(edits), func(k int) bool { return edits[k].end > there })
	if k == 0 {
		return there
	}
	e := edits[k-1]
	return e.here + len(e.instead) + there - e.end
}

// maskedReading returns the call's reading with the edits and the names of the masked speakers.
func (c Call) maskedReading(text string, edits []edit, speakers map[string]string) *reading {
	r := c.understood()
	masked := &reading{text: text, notes: r.notes, composed: r.composed, turns: c.Turns()}
	for i := range masked.turns {
		t := &masked.turns[i]
		t.edit(edits)
		t.Speaker = cmp.Or(speakers[t.Speaker], t.Speaker)
	}
	for _, l := range r.labels {
		masked.labels = append(masked.labels, label{cmp.Or(speakers[l.speaker], l.speaker), place(edits, l.start), place(edits, l.end)})
	}
	masked.turns = slices.DeleteFunc(masked.turns, func(t Turn) bool { return isBlank(t.Text) })
	return masked
}

// edit makes the edits in a turn.
func (t *Turn) edit(edits []edit) {
	runs := t.pieces
	if runs == nil {
		runs = offsets{{0, t.Start}}
	}
	var text strings.Builder
	var pieces offsets
	write := func(s string, there int) {
		if s != "" {
			pieces = append(pieces, offset{text.Len(), there})
			text.WriteString(s)
		}
	}
	next := sort.Search(len(edits), func(k int) bool { return edits[k].end > t.Start })
	done := next                                          // edits before it have been written
	if next < len(edits) && edits[next].start < t.Start { // it is the turn's before
		done++
	}
	for k, run := range runs {
		to := len(t.Text)
		if k+1 < len(runs) {
			to = runs[k+1].here
		}
		said, at := t.Text[run.here:to], run.there
		for next < len(edits) && edits[next].start < at+len(said) {
			e := edits[next]
			if e.end <= at { // it is between the runs
				next++
				done = max(done, next)
				continue
			}
			if before := e.start - at; before > 0 {
				write(said[:before], place(edits, at))
				said, at = said[before:], e.start
			}
			if next == done {
				write(e.instead, e.here)
				done++
			}
			inside := max(0, min(e.end-at, len(said)))
			said, at = said[inside:], at+inside
			if at < e.end { // the mask continues in the next run
				break
			}
			next++
		}
		write(said, place(edits, at))
	}
	t.Text, t.pieces = text.String(), pieces
	t.Start, t.End = place(edits, t.Start), place(edits, t.End)
}

// mask returns the metadata without personal data.
func (m Metadata) mask() Metadata {
	m = m.Clone()
	for _, all := range []map[string]json.RawMessage{m.Extra, m.asRead} {
		for key, raw := range all {
			if masked, ok := maskJSON(key, raw); ok {
				all[key] = masked
			}
		}
	}
	if mask.IsPersonal(m.AgentID) {
		h := fnv.New32a()
		h.Write([]byte(m.AgentID))
		m.AgentID = fmt.Sprintf("agent-%08x", h.Sum32())
		delete(m.asRead, "agent_id")
	}
	return m
}

// maskJSON masks a value of a key, with all values in it, and reports whether there was something to mask.
func maskJSON(key string, raw json.RawMessage) (masked json.RawMessage, ok bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil { // it was read as JSON before
		return nil, false
	}
	v, ok = maskValue(key, v)
	if !ok {
		return nil, false
	}
	masked, err := marshal(v)
	return masked, err == nil
}

func maskValue(key string, v any) (masked any, ok bool) {
	switch v := v.(type) {
	case string:
		if v == "" {
			return v, false
		}
		text := "[" + string(Name) + "]"
		if !isNameKey(key) {
			text = (Call{Text: v}).Mask().Call.Text
		}
		return text, text != v
	case json.Number:
		kind := Phone
		if !isPhoneKey(key) {
			if found := mask.New(v.String()).Entities(); len(found) == 0 || found[0].Kind != mask.Card {
				return v, false
			}
			kind = Card
		}
		return "[" + string(kind) + "]", true
	case []any:
		for i := range v {
			masked, changed := maskValue(key, v[i])
			v[i], ok = masked, ok || changed
		}
	case map[string]any:
		for inner := range v {
			masked, changed := maskValue(inner, v[inner])
			v[inner], ok = masked, ok || changed
		}
	}
	return v, ok
}

// isNameKey reports whether a key of the metadata is for the name of a person.
func isNameKey(key string) bool {
	key = squeeze(key)
	if slices.Contains([]string{"agent", "customer", "contact", "user", "owner", "rep", "salesrep", "caller", "host", "seller", "assignedto", "createdby"}, key) {
		return true
	}
	return strings.Contains(key, "name") && !containsAny(key, "company", "product", "vendor", "file", "campaign", "industry", "source")
}

// isPhoneKey reports whether a key of the metadata is for a telephone number.
func isPhoneKey(key string) bool {
	return containsAny(squeeze(key), "phone", "mobile", "whatsapp", "telephone")
}

// maskedSpeakers returns what stands for each speaker whose name is no usual word for one.
func (c Call) maskedSpeakers() map[string]string {
	instead := make(map[string]string)
	count := make(map[Role]int)
	add := func(speaker string, role Role) {
		if _, known := usualRole(speaker); known || speaker == "" || instead[speaker] != "" {
			return
		}
		name := map[Role]string{Agent: "Agent", Customer: "Customer", Other: "Speaker"}[role]
		if count[role]++; count[role] > 1 || role == Other {
			name = fmt.Sprintf("%s %d", name, count[role])
		}
		instead[speaker] = name
	}
	for _, t := range c.Turns() {
		add(t.Speaker, t.Role)
	}
	for _, l := range c.understood().labels { // of those who say nothing
		add(l.speaker, c.Roles.Of(l.speaker))
	}
	return instead
}

// personalLabels returns the labels whose speakers are named by what is no usual word for a speaker.
func (c Call) personalLabels() []label {
	var personal []label
	for _, l := range c.understood().labels {
		if _, known := usualRole(l.speaker); !known {
			personal = append(personal, l)
		}
	}
	return personal
}

// Entities finds the personal data in the call's text, in the order of their places and without overlaps: e-mail and web
// addresses, spelt out or not; telephone, card and account numbers, in figures or said digit by digit; postal addresses;
// and names. A name is found by its forename, where it is introduced ("my name is …", "Am I speaking with …", "our manager
// …"), greeted or asked for, where it labels a speaker, and where the metadata name it; from then on it is found in the
// whole call.
func (c Call) Entities() []Entity {
	f := mask.New(c.Text)
	for _, l := range c.personalLabels() {
		f.Label(l.speaker, l.start, l.end)
	}
	for key, raw := range c.Metadata.Extra {
		if isNameKey(key) {
			f.Learn(plain(raw))
		}
	}
	if mask.IsPersonal(c.Metadata.AgentID) {
		f.LearnID(c.Metadata.AgentID)
	}
	return entities(f.Entities())
}
