package transcript

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// entry is a value that tells something of a call: of JSON, or a cell of a table.
type entry interface {
	text() string
	raw() json.RawMessage
	at() int // its byte in the record
}

// cell is an entry of a table.
type cell string

func (c cell) text() string { return string(c) }
func (c cell) at() int      { return 0 }

// raw returns a cell as a number where it is one as JSON writes them ("007" is none), else as a string.
func (c cell) raw() json.RawMessage {
	if c != "" && strings.IndexByte("-0123456789", c[0]) >= 0 && json.Valid([]byte(c)) {
		return json.RawMessage(c)
	}
	b, err := marshal(string(c))
	if err != nil {
		return json.RawMessage("null") // out of reach: it is a string
	}
	return b
}

// candidate is an entry that may be meant for a slot.
type candidate struct {
	key   string
	use   use
	entry entry
}

// describer gathers what is told of a call beside its words.
type describer struct {
	id, label []candidate
	fields    map[string][]candidate
	extra     []candidate
}

// tell takes an entry.
func (d *describer) tell(key string, u use, e entry) {
	c := candidate{key, u, e}
	switch {
	case u.slot == idSlot || u.slot == callSlot:
		d.id = d.offer(d.id, c)
	case u.slot == labelSlot:
		d.label = d.offer(d.label, c)
	case u.name != "":
		if d.fields == nil {
			d.fields = make(map[string][]candidate)
		}
		d.fields[u.name] = d.offer(d.fields[u.name], c)
	default:
		d.extra = append(d.extra, c)
	}
}

// offer returns those of the lowest rank; what loses is metadata as any other key.
func (d *describer) offer(best []candidate, c candidate) []candidate {
	switch {
	case len(best) > 0 && best[0].use.rank < c.use.rank:
		d.extra = append(d.extra, c)
		return best
	case len(best) > 0 && best[0].use.rank > c.use.rank:
		d.extra = append(d.extra, best...)
		best = best[:0]
	}
	return append(best, c)
}

// finish gives the call what was told of it.
func (d *describer) finish(o Reader, c *Call) error {
	if len(d.id) > 0 {
		c.ID = strings.TrimSpace(d.id[0].entry.text())
		d.extra = append(d.extra, d.id[1:]...)
	}
	if err := d.outcome(o, c); err != nil {
		return err
	}
	for _, f := range fields {
		if err := d.field(f.key, c); err != nil {
			return err
		}
	}
	for _, e := range d.extra {
		if c.Metadata.has(e.key) {
			return failAt(e.entry.at(), "%q stands in the metadata and beside it; keep one", clip(e.key))
		}
		c.Metadata.set(e.key, e.entry.raw())
	}
	return nil
}

// guessed reports whether a key only may be meant for what it is taken for.
func (c candidate) guessed() bool { return c.use.rank > exact }

// outcome reads the label.
func (d *describer) outcome(o Reader, c *Call) (err error) {
	if len(d.label) > 1 {
		c.Notes = append(c.Notes, fmt.Sprintf("which of %s is the label is not clear; Reader.Columns can say it", list(d.label)))
		d.extra = append(d.extra, d.label...)
		return nil
	}
	for _, l := range d.label {
		c.Outcome, err = o.outcome(l.entry.text())
		if err != nil && !l.guessed() {
			return failAt(l.entry.at(), "%v", err)
		}
		switch {
		case err != nil:
			c.Notes = append(c.Notes, fmt.Sprintf("a value of %s is no label", clip(l.key)))
			d.extra = append(d.extra, l)
		case l.guessed():
			o.Summary.took(l.key, "label")
		}
	}
	return nil
}

// field reads one of the typed metadata.
func (d *describer) field(name string, c *Call) error {
	all := d.fields[name]
	if len(all) > 1 {
		if !all[0].guessed() {
			return failAt(all[1].entry.at(), "%q stands in the metadata and beside it; keep one", name)
		}
		c.Notes = append(c.Notes, fmt.Sprintf("which of %s is the %s is not clear; Reader.Columns can say it", list(all), name))
		d.extra = append(d.extra, all...)
		return nil
	}
	for _, f := range all {
		raw := f.entry.raw()
		if n, err := strconv.ParseFloat(plain(raw), 64); err == nil && f.use.unit != 0 {
			raw = strconv.AppendFloat(nil, n*f.use.unit.Seconds(), 'f', -1, 64)
		}
		c.Metadata.set(name, raw)
		if plain(raw) != "" && c.Metadata.unread(name) {
			c.Notes = append(c.Notes, fmt.Sprintf("a value of %s cannot be read", clip(f.key)))
		}
	}
	return nil
}

// list writes the keys of candidates.
func list(all []candidate) string {
	var keys []string
	for _, c := range all {
		keys = append(keys, clip(c.key))
	}
	slices.Sort(keys)
	return strings.Join(keys, ", ")
}
