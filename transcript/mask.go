package transcript

import (
	"cmp"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
)

// An Entity is a piece of personal data in a call's text.
type Entity struct {
	Kind       Kind
	Start, End int // byte span
}

// Kind is a kind of personal data. Masked text has it in brackets: "[EMAIL]".
type Kind string

// The kinds. Of data that fit several, the one that comes first here is found.
const (
	Email   Kind = "EMAIL"
	URL     Kind = "URL"
	Account Kind = "ACCOUNT" // IBANs with right check digits, and numbers that are said to be an account's
	Card    Kind = "CARD"    // 13 to 19 digits with a right check digit
	Phone   Kind = "PHONE"
	Address Kind = "ADDRESS" // number and street, with town and post code if they follow
	Name    Kind = "NAME"
)

var kinds = []Kind{Email, URL, Account, Card, Phone, Address, Name}

// Masked is a call whose personal data are masked.
type Masked struct {
	// Call is the call without them.
	Call Call
	// Entities are what was masked in the text, with their spans in the original text.
	Entities []Entity

	pieces offsets
}

// Original returns the span of the original text that a span of the masked text stands for. A span that touches a mask
// takes in all that was masked.
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
// "Agent", "Customer" or "Speaker" with a number behind it from the second on; in the metadata the values of keys for
// names, and entities in other values. An agent_id without a digit is taken for a name and becomes a number that
// stands for it, so that calls can still be grouped. The call's Roles keep only names that mean a role.
//
// What is masked goes by patterns and word lists of English text. They find nearly all of what is written or said in one
// of the usual ways: of wordings that they were not made for, all cards, accounts, e-mail and web addresses, more than nine
// in ten telephone numbers and postal addresses, but only six in ten names, since nothing marks a name that nobody
// introduces, greets or asks for and that is not one of the 1,700 forenames on the list (see the package's tests). They do
// not find numbers that are said in tens and hundreds, or other things that tell who somebody is; masked calls are not
// anonymous.
func (c Call) Mask() *Masked {
	m := &Masked{Call: c, Entities: c.Entities()}
	labels := c.labelNames()
	var text strings.Builder
	at := 0
	piece := func(there int) {
		m.pieces = append(m.pieces, struct{ here, there int }{text.Len(), there})
	}
	for _, e := range m.Entities {
		piece(at)
		text.WriteString(c.Text[at:e.Start])
		piece(e.Start)
		if label, ok := labels[e.Start]; ok {
			text.WriteString(label)
		} else {
			text.WriteString("[" + string(e.Kind) + "]")
		}
		at = e.End
	}
	piece(at)
	text.WriteString(c.Text[at:])
	piece(len(c.Text))
	m.Call.Text = text.String()
	m.Call.Metadata = c.Metadata.mask()
	m.Call.Roles = nil
	for name, role := range c.Roles {
		if _, known := Roles(nil).find(name); known {
			if m.Call.Roles == nil {
				m.Call.Roles = make(Roles)
			}
			m.Call.Roles[name] = role
		}
	}
	return m
}

// mask returns the metadata without personal data.
func (m Metadata) mask() Metadata {
	m = m.Clone()
	for _, all := range []map[string]json.RawMessage{m.Extra, m.asRead} {
		for key, raw := range all {
			text := plain(raw)
			if text == "" || raw[0] != '"' {
				continue
			}
			masked := "[" + string(Name) + "]"
			if !isNameKey(key) {
				masked = (Call{Text: text}).Mask().Call.Text
			}
			if written, err := marshal(masked); err == nil && masked != text { // a string is always written
				all[key] = written
			}
		}
	}
	if isPersonName(m.AgentID) {
		h := fnv.New32a()
		h.Write([]byte(m.AgentID))
		m.AgentID = fmt.Sprintf("agent-%08x", h.Sum32())
		delete(m.asRead, "agent_id")
	}
	return m
}

// isNameKey reports whether a key of the metadata is for the name of a person.
func isNameKey(key string) bool {
	key = strings.ToLower(key)
	if !strings.Contains(key, "name") {
		return key == "agent" || key == "customer" || key == "contact"
	}
	for _, thing := range []string{"company", "product", "vendor", "file", "campaign", "industry", "source"} {
		if strings.Contains(key, thing) {
			return false
		}
	}
	return true
}

// isPersonName reports whether an agent's ID is a name rather than a number.
func isPersonName(id string) bool {
	return id != "" && !strings.ContainsAny(id, "0123456789") && isCapital(id)
}

// labelNames returns what stands for each name in a label that is no usual word for a speaker, by where it starts.
func (c Call) labelNames() map[int]string {
	instead := make(map[string]string)
	count := make(map[Role]int)
	labels := make(map[int]string)
	for _, m := range c.personalMarks() {
		s, ok := instead[m.speaker]
		if !ok {
			s = map[Role]string{Agent: "Agent", Customer: "Customer", Other: "Speaker"}[m.role]
			if count[m.role]++; count[m.role] > 1 || m.role == Other {
				s = fmt.Sprintf("%s %d", s, count[m.role])
			}
			instead[m.speaker] = s
		}
		labels[m.name(c.Text)] = s
	}
	return labels
}

// personalMarks returns the marks whose speakers are named by what is no usual word for a speaker.
func (c Call) personalMarks() []mark {
	var personal []mark
	for _, m := range c.marks() {
		if m.speaker == "" {
			continue
		}
		if _, known := Roles(nil).find(m.speaker); !known && m.name(c.Text) >= 0 {
			personal = append(personal, m)
		}
	}
	return personal
}

// name returns where the speaker's name stands in the text, -1 if it does not, as in a cue that only goes on.
func (m mark) name(text string) int {
	if n := strings.Index(text[m.start:m.body], m.speaker); n >= 0 {
		return m.start + n
	}
	return -1
}

// Entities finds the personal data in the call's text, in the order of their places and without overlaps: e-mail and web
// addresses, spelt out or not; telephone, card and account numbers, in figures or said digit by digit; postal addresses;
// and names. A name is found by its forename, where it is introduced ("my name is …", "Am I speaking with …", "our manager
// …"), greeted or asked for, where it labels a speaker, and where the metadata name it; from then on it is found in the
// whole call.
func (c Call) Entities() []Entity {
	f := &finder{text: c.Text, names: make(map[string]bool)}
	for _, m := range c.personalMarks() {
		at := m.name(c.Text)
		f.add(Name, at, at+len(m.speaker))
		f.learn(m.speaker, true)
	}
	for key, raw := range c.Metadata.Extra {
		if isNameKey(key) {
			f.learn(plain(raw), true)
		}
	}
	if isPersonName(c.Metadata.AgentID) {
		f.learn(c.Metadata.AgentID, true)
	}
	f.scan()
	f.known()
	return settleEntities(f.found)
}

// settleEntities sorts entities and, of those that overlap, keeps the one whose kind comes first.
func settleEntities(found []Entity) []Entity {
	rank := func(e Entity) int { return slices.Index(kinds, e.Kind) }
	slices.SortFunc(found, func(a, b Entity) int {
		return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(rank(a), rank(b)), cmp.Compare(b.End, a.End))
	})
	kept := found[:0]
	for _, e := range found {
		n := len(kept)
		switch {
		case n == 0 || kept[n-1].End <= e.Start:
			kept = append(kept, e)
		case rank(e) < rank(kept[n-1]):
			kept[n-1] = e
		}
	}
	return kept
}
