package transcript

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// entry tells something of a call: a value of JSON in a document, JSON that was kept, or else a cell of a table.
type entry struct {
	value value
	kept  json.RawMessage
	cell  string
}

func (e entry) text() string {
	switch {
	case e.value.d != nil:
		return e.value.text()
	case e.kept != nil:
		return plain(e.kept)
	}
	return e.cell
}

// raw returns the entry as JSON; a cell is a number where it is one as JSON writes them ("007" is none), else a string.
func (e entry) raw() json.RawMessage {
	switch {
	case e.value.d != nil:
		return e.value.raw()
	case e.kept != nil:
		return e.kept
	case e.cell != "" && strings.IndexByte("-0123456789", e.cell[0]) >= 0 && json.Valid([]byte(e.cell)):
		return json.RawMessage(e.cell)
	}
	b, err := marshal(e.cell)
	if err != nil {
		return json.RawMessage("null") // out of reach: it is a string
	}
	return b
}

// at returns the byte of the record that the entry starts at.
func (e entry) at() int {
	if e.value.d == nil {
		return 0
	}
	return e.value.at()
}

// candidate is an entry, and what it may be for.
type candidate struct {
	key string
	use use
	entry
}

// describer gathers what is told of a call alongside its words.
type describer struct{ all []candidate }

// tell takes an entry.
func (d *describer) tell(key string, u use, e entry) {
	d.all = append(d.all, candidate{key, u, e})
}

// take returns the candidates of the lowest rank for something, which are left to be metadata unless they are used.
func (d *describer) take(is func(use) bool) (best []*candidate) {
	for i := range d.all {
		c := &d.all[i]
		switch {
		case !is(c.use):
		case len(best) == 0 || c.use.rank == best[0].use.rank:
			best = append(best, c)
		case c.use.rank < best[0].use.rank:
			best = append(best[:0], c)
		}
	}
	return best
}

// used takes the entry off the metadata.
func (c *candidate) used() { c.use.slot = usedSlot }

// finish gives the call what was told of it, and forgets it.
func (d *describer) finish(o Reader, c *Call) error {
	defer func() { d.all = d.all[:0] }()
	ids := d.take(use.isID)
	slices.SortStableFunc(ids, func(a, b *candidate) int { return int(a.use.slot) - int(b.use.slot) }) // call_id before id
	for _, id := range ids {
		if id.value.kind() == '{' { // "call": {"id": …}, which stays as it is
			c.ID = scalar(id.value.get("id"))
		} else if c.ID = strings.TrimSpace(id.text()); c.ID != "" {
			id.used()
		}
		if c.ID != "" {
			break
		}
	}
	if err := d.outcome(o, c); err != nil {
		return err
	}
	for _, f := range fields {
		if err := d.field(f.key, c); err != nil {
			return err
		}
	}
	for _, e := range d.all {
		if e.use.slot == usedSlot {
			continue
		}
		switch both := c.Metadata.has(e.key); {
		case both && o.Unlabelled:
			c.Notes = append(c.Notes, fmt.Sprintf("%s is both in the metadata and alongside: the first one is kept", clip(e.key)))
		case both:
			return failAt(e.at(), "%q is both in the metadata and alongside; keep one", clip(e.key))
		default:
			c.Metadata.set(e.key, e.raw())
		}
	}
	return nil
}

// guessed reports whether a key only may be meant for what it is taken for.
func (c candidate) guessed() bool { return c.use.rank > exact }

// outcome reads the label.
func (d *describer) outcome(o Reader, c *Call) (err error) {
	if o.Unlabelled {
		return nil
	}
	for i := range d.all {
		if c := &d.all[i]; c.use.slot == labelSlot && c.value.kind() == 'n' { // and another may say it
			c.used()
		}
	}
	labels := d.take(func(u use) bool { return u.slot == labelSlot })
	if len(labels) > 1 && labels[0].use.doubtful() {
		labels = slices.DeleteFunc(labels, func(l *candidate) bool {
			said, err := o.outcome(l.text())
			return err != nil || said == Unknown
		})
	}
	if len(labels) > 1 && agree(o, labels) {
		for _, l := range labels[1:] {
			l.used()
		}
		labels = labels[:1]
	}
	if len(labels) > 1 {
		c.Notes = append(c.Notes, fmt.Sprintf("it is unclear which of %s is the label; name it in Reader.Columns", list(labels)))
		return nil
	}
	for _, l := range labels {
		c.Outcome, err = o.outcome(l.text())
		switch {
		case err != nil && !l.guessed():
			return failAt(l.at(), "%v", err)
		case err != nil:
			c.Notes = append(c.Notes, fmt.Sprintf("a value of %s is no label", clip(l.key)))
			return nil
		case l.guessed():
			o.Summary.took(l.key, "label")
		}
		l.used()
	}
	return nil
}

// agree reports whether all labels say the same, as "IsWon" and "StageName" of Salesforce do.
func agree(o Reader, labels []*candidate) bool {
	first, _ := o.outcome(labels[0].text())
	return !slices.ContainsFunc(labels, func(l *candidate) bool {
		said, err := o.outcome(l.text())
		return err != nil || said != first || said == Unknown
	})
}

// field reads one of the typed metadata.
func (d *describer) field(name string, c *Call) error {
	all := d.take(func(u use) bool { return u.name == name && u.slot != usedSlot })
	if len(all) > 1 { // "duration" and "durationInTicks" are the same
		all = slices.DeleteFunc(all, func(c *candidate) bool { return c.use.unit != 0 })
	}
	switch {
	case len(all) == 0:
		return nil
	case len(all) > 1 && !all[0].guessed():
		return failAt(all[1].at(), "%q is both in the metadata and alongside; keep one", name)
	case len(all) > 1:
		c.Notes = append(c.Notes, fmt.Sprintf("it is unclear which of %s is the %s; name it in Reader.Columns", list(all), name))
		return nil
	}
	f := all[0]
	f.used()
	raw := f.raw()
	if f.use.unit != 0 {
		if n, err := strconv.ParseFloat(f.text(), 64); err == nil {
			raw = strconv.AppendFloat(nil, duration(n*f.use.unit.Seconds()).Seconds(), 'f', -1, 64)
		}
	}
	c.Metadata.set(name, raw)
	if c.Metadata.unread(name) {
		c.Notes = append(c.Notes, fmt.Sprintf("a value of %s cannot be read", clip(f.key)))
	}
	return nil
}

// list writes the keys of candidates.
func list(all []*candidate) string {
	var keys []string
	for _, c := range all {
		keys = append(keys, clip(c.key))
	}
	slices.Sort(keys)
	return strings.Join(keys, ", ")
}
