package transcript

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// A Call is one sales conversation.
type Call struct {
	// ID names the call in reports. The readers take it from `id` or `call_id` and else number the records from 1, unless
	// Reader.Unnumbered is set.
	ID string
	// Text is the conversation in UTF-8: text and subtitles as they were read, or, if the source has turns, a line
	// "Speaker: what was said" for each. Spans of turns and of masked data are byte offsets into it.
	Text string
	// Outcome is Unknown where the record has no label.
	Outcome  Outcome
	Metadata Metadata
	// Roles determines which speakers are on the agent's and on the customer's side. With nil, the role of a turn comes
	// from the source or else from the usual names (see [Roles.Of]).
	Roles Roles
	// Notes list what the reader was unsure of, such as that no speaker was found or a key was unknown, in the same words
	// for every call, so that they can be counted.
	Notes []string

	reading *reading // nil, or of another text, where the call was made or changed by hand
}

// Outcome is how a call ended.
type Outcome int8

// The outcomes; label 0 is Lost and label 1 is Won.
const (
	Unknown Outcome = iota
	Lost
	Won
)

func (o Outcome) String() string {
	switch o {
	case Lost:
		return "lost"
	case Won:
		return "won"
	}
	return "unknown"
}

// Labels returns 1 for each call that was won and 0 for each that was lost. A call without an outcome is an error.
func Labels(calls []Call) ([]int, error) {
	labels := make([]int, len(calls))
	for i, c := range calls {
		switch c.Outcome {
		case Won:
			labels[i] = 1
		case Lost:
		default:
			return nil, fmt.Errorf("transcript: call %q (number %d) has no outcome: give it the label 0 or 1, or leave the call out", c.ID, i+1)
		}
	}
	return labels, nil
}

// Metadata is what is known about a call besides its words.
type Metadata struct {
	Industry string
	Product  string
	// Duration is read from a number of seconds, from "12:34" or "1:02:03", or from units ("12m34s", "12 min", "PT12M34S").
	Duration time.Duration
	// CallTime is read from ISO 8601 and its usual variants ("2025-03-04 15:30"), from American, German and spelt-out dates
	// ("3/4/2025 3:30 PM", "04.03.2025 15.30 Uhr", "Mar 4, 2025", "4 mars 2025"), from seconds or milliseconds since 1970, and
	// from Excel's numbers of days. Without a zone it is UTC; "EST", "CET" and other names of one offset are read. With
	// slashes the month comes before the day, unless a column of a table shows otherwise (see [Reader.Rows]).
	CallTime time.Time
	AgentID  string
	// CompanySize is the customer's company size, a number or a class such as "51-200".
	CompanySize string
	// Extra holds all further keys as they were read, except that NaN becomes null.
	Extra map[string]json.RawMessage

	// asRead holds the values of the six keys above whose reading is not what MarshalJSON would write for them, so
	// that nothing is lost: a duration of "12:34", a call time of "Monday".
	asRead map[string]json.RawMessage
}

// field is one of the typed keys: how it is read from JSON and written to it.
type field struct {
	key   string
	read  func(*Metadata, json.RawMessage)
	write func(*Metadata) any // nil: nothing to write
}

var fields = []field{
	textField("industry", func(m *Metadata) *string { return &m.Industry }),
	textField("product", func(m *Metadata) *string { return &m.Product }),
	{"duration", readDuration, writeDuration},
	{"call_time", readCallTime, writeCallTime},
	textField("agent_id", func(m *Metadata) *string { return &m.AgentID }),
	textField("customer_company_size", func(m *Metadata) *string { return &m.CompanySize }),
}

func textField(key string, of func(*Metadata) *string) field {
	return field{key,
		func(m *Metadata, raw json.RawMessage) { *of(m) = plain(raw) },
		func(m *Metadata) any {
			if s := *of(m); s != "" {
				return s
			}
			return nil
		}}
}

func readDuration(m *Metadata, raw json.RawMessage) {
	m.Duration, _ = parseDuration(plain(raw))
}

func writeDuration(m *Metadata) any {
	if m.Duration == 0 {
		return nil
	}
	return m.Duration.Seconds()
}

func readCallTime(m *Metadata, raw json.RawMessage) {
	m.CallTime, _ = parseTime(plain(raw))
}

func writeCallTime(m *Metadata) any {
	if m.CallTime.IsZero() {
		return nil
	}
	return m.CallTime.Format(time.RFC3339Nano)
}

// set reads one key of valid JSON.
func (m *Metadata) set(key string, raw json.RawMessage) {
	for _, f := range fields {
		if f.key != key {
			continue
		}
		f.read(m, raw)
		if !writesAs(f.write(m), raw) {
			m.asRead = put(m.asRead, key, raw)
		}
		return
	}
	m.Extra = put(m.Extra, key, raw)
}

// writesAs reports whether a value is written as raw.
func writesAs(v any, raw json.RawMessage) bool {
	switch v := v.(type) {
	case string:
		return isPlainString(raw) && string(raw[1:len(raw)-1]) == v
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64) == string(raw)
	}
	return false
}

func put(m map[string]json.RawMessage, key string, raw json.RawMessage) map[string]json.RawMessage {
	if m == nil {
		m = make(map[string]json.RawMessage)
	}
	m[key] = bytes.Clone(raw)
	return m
}

// unread reports whether a typed key has a value that its field could not be read from.
func (m *Metadata) unread(key string) bool {
	raw, ok := m.asRead[key]
	if !ok {
		return false
	}
	for _, f := range fields {
		if f.key == key {
			return f.write(m) == nil && plain(raw) != ""
		}
	}
	return false
}

// has reports whether the key has a value.
func (m *Metadata) has(key string) bool {
	for _, f := range fields {
		if f.key == key {
			return m.current(f) != nil
		}
	}
	_, ok := m.Extra[key]
	return ok
}

// Value returns the value of a key of the JSON form as plain text: a string without its quotes, anything else as it is
// written, and "" for null or a missing key. A missing key also matches one with the same letters and digits (AGENT_ID
// and agentId match agent_id), and another usual name of a typed key (rep_id) matches that key.
func (m Metadata) Value(key string) string {
	if m.has(key) {
		return m.value(key)
	}
	squeezed := squeeze(key)
	for _, other := range slices.Sorted(maps.Keys(m.Extra)) {
		if squeeze(other) == squeezed {
			return m.value(other)
		}
	}
	return m.value(callKeys[squeezed].name)
}

// value returns the value of the very key.
func (m Metadata) value(key string) string {
	for _, f := range fields {
		if f.key == key {
			raw, err := marshal(m.current(f))
			if err != nil {
				return "" // out of reach: a string, a number, or JSON that was read
			}
			return plain(raw)
		}
	}
	return plain(m.Extra[key])
}

// current returns the value of f as it was read, unless it has been changed since.
func (m *Metadata) current(f field) any {
	raw, ok := m.asRead[f.key]
	if !ok {
		return f.write(m)
	}
	var was Metadata
	f.read(&was, raw)
	if then, now := f.write(&was), f.write(m); then != now {
		return now
	}
	return raw
}

// MarshalJSON writes the six known keys that are set and then the others, each as it was read unless it was changed.
func (m Metadata) MarshalJSON() ([]byte, error) {
	all := make(map[string]any, len(fields)+len(m.Extra))
	for key, raw := range m.Extra {
		all[key] = raw
	}
	for _, f := range fields {
		if v := m.current(f); v != nil {
			all[f.key] = v
		}
	}
	return marshal(all)
}

// UnmarshalJSON reads a JSON object; null is an empty one.
func (m *Metadata) UnmarshalJSON(b []byte) error {
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return fmt.Errorf("transcript: metadata: %w", err)
	}
	*m = Metadata{}
	for key, raw := range all {
		m.set(key, raw)
	}
	return nil
}

// Clone returns a copy that shares nothing with m.
func (m Metadata) Clone() Metadata {
	m.Extra, m.asRead = maps.Clone(m.Extra), maps.Clone(m.asRead)
	return m
}

// MarshalJSON writes the form that [Read] reads: id, transcript, label (null when unknown) and metadata. If the source
// of a call has turns, its transcript is the array of these turns, each with its speaker, role and times; otherwise it
// is the Text. So Read returns the same turns. Roles are kept only in such turns.
func (c Call) MarshalJSON() ([]byte, error) {
	record := struct {
		ID         string   `json:"id,omitempty"`
		Transcript any      `json:"transcript"`
		Label      *int     `json:"label"`
		Metadata   Metadata `json:"metadata"`
	}{ID: c.ID, Transcript: c.Text, Metadata: c.Metadata}
	if r := c.reading; r != nil && r.composed && r.text == c.Text {
		record.Transcript = r.json(c.Roles)
	}
	if c.Outcome != Unknown {
		label := int(c.Outcome - Lost)
		record.Label = &label
	}
	return marshal(record)
}

// UnmarshalJSON reads a record as [Read] does, with the same checks.
func (c *Call) UnmarshalJSON(b []byte) error {
	results := newRecords(Reader{}).read(b, 1, 0)
	if len(results) != 1 {
		return fmt.Errorf("transcript: %d calls in the JSON of one; Read reads more", len(results))
	}
	call, err := results[0].call, results[0].err
	if err != nil {
		return fmt.Errorf("transcript: %w", err)
	}
	call.read()
	*c = call
	return nil
}

// marshal is json.Marshal without the escapes that HTML needs.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// isPlainString reports whether a value is a string without escapes.
func isPlainString(value []byte) bool {
	n := len(value) - 1
	if n < 1 || value[0] != '"' || value[n] != '"' {
		return false
	}
	for _, c := range value[1:n] {
		if c < ' ' || c == '\\' || c == '"' {
			return false
		}
	}
	return true
}

// plain returns a JSON value as text: strings unquoted, null and nothing as "".
func plain(raw json.RawMessage) string {
	var s string
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return ""
	case isPlainString(raw):
		return string(raw[1 : len(raw)-1])
	case raw[0] == '"' && json.Unmarshal(raw, &s) == nil:
		return s
	}
	return string(raw)
}
