package transcript

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// row is a record that is a turn of a call.
type row struct {
	turn     rawTurn
	line     bool   // all of it is a string, with or without a label
	call, id string // IDs, of which id may be the turn's
	order    string
	told     []told
	notes    map[string]bool // on how the turn was read
	n        int             // the number of the record, and its byte in the input
	at       int64
	// alone makes a call of the row, where only a doubtful key shows that it is a turn; nil where it is one for certain.
	alone func() (Call, error)
}

// told is what a row says of its call.
type told struct {
	key    string
	use    use
	value  json.RawMessage
	varies bool // rows of the call say different things, so that it is said of turns
}

func (t told) text() string { return plain(t.value) }

// tell takes an entry that is not of the turn.
func (r *row) tell(key string, u use, e entry) {
	switch u.slot {
	case callSlot:
		if r.call == "" {
			r.call = strings.TrimSpace(e.text())
		}
	case idSlot:
		r.id = strings.TrimSpace(e.text())
	case orderSlot:
		r.order = strings.TrimSpace(e.text())
	case textSlot, nameSlot, roleSlot, startSlot, endSlot:
	default:
		r.told = append(r.told, told{key: key, use: u, value: slices.Clone(e.raw())})
	}
}

// setTime takes the text of a time, or notes that it is none.
func (r *row) setTime(m *moment, text string, unit time.Duration) {
	if *m = parseMoment(text, unit); !m.known {
		r.notes = map[string]bool{unreadTime: true}
	}
}

// rows joins rows to calls, all of which are held in memory, since the rows of a call need not stand together.
type rows struct {
	Reader
	format string // of what the rows are in
	calls  []*joined
	byID   map[string]*joined
	count  int
}

// joined is a call of rows.
type joined struct {
	row    // the first
	turns  []rawTurn
	orders []string
	lines  int
}

func newRows(o Reader, format string) *rows {
	return &rows{Reader: o, format: format + ", a turn each", byID: make(map[string]*joined)}
}

// add takes a row.
func (r *rows) add(next row) {
	id := next.call
	if id == "" {
		id = "\x00" + next.id // which is no ID of a call
	}
	j := r.byID[id]
	if j == nil {
		j = &joined{row: next}
		r.byID[id] = j
		r.calls = append(r.calls, j)
	} else {
		j.compare(next.told)
	}
	j.takeNotes(next.notes)
	if next.turn.text != "" {
		j.turns = append(j.turns, next.turn)
		j.orders = append(j.orders, next.order)
	}
	if next.line {
		j.lines++
	}
	r.count++
}

// takeNotes adds the notes on a row to those of its call.
func (j *joined) takeNotes(notes map[string]bool) {
	if j.notes == nil {
		j.notes = notes
	} else {
		maps.Copy(j.notes, notes)
	}
}

// compare finds what a row says of its call in addition to the rows before, or otherwise than they do.
func (j *joined) compare(next []told) {
	for _, n := range next {
		k := slices.IndexFunc(j.told, func(t told) bool { return t.key == n.key })
		switch {
		case isMissing(n.text()):
		case k < 0:
			j.told = append(j.told, n)
		case isMissing(j.told[k].text()):
			j.told[k].value = n.value
		case n.text() != j.told[k].text():
			j.told[k].varies = true
		}
	}
}

// flush yields the calls, and returns false if reading is to stop.
func (r *rows) flush(yield yieldFunc, number func(int) string) (more bool) {
	if r.areCalls() {
		return r.flushCalls(yield, number)
	}
	r.settle()
	for i, j := range r.calls {
		c, err := j.finish(r.Reader)
		if err != nil {
			if !yield.fail(j.n, j.at, err) {
				return false
			}
			continue
		}
		if c.ID == "" {
			c.ID = number(i + 1)
		}
		r.Summary.format(r.format)
		if !yield(c, nil) {
			return false
		}
	}
	r.calls, r.byID, r.count = nil, make(map[string]*joined), 0
	return true
}

// areCalls reports whether rows that may be turns are calls, as each has a call of its own.
func (r *rows) areCalls() bool {
	return len(r.calls) == r.count && !slices.ContainsFunc(r.calls, func(j *joined) bool { return j.alone == nil })
}

// flushCalls yields rows that are calls.
func (r *rows) flushCalls(yield yieldFunc, number func(int) string) (more bool) {
	for _, j := range r.calls {
		c, err := j.alone()
		if err != nil {
			if !yield.fail(j.n, j.at, err) {
				return false
			}
			continue
		}
		if c.ID == "" {
			c.ID = number(j.n)
		}
		if !yield(c, nil) {
			return false
		}
	}
	r.calls, r.byID, r.count = nil, make(map[string]*joined), 0
	return true
}

// settle makes one call of rows that each have an ID of their own and no label: the IDs belong to turns.
func (r *rows) settle() {
	const fewest = 2
	alone := len(r.calls) == r.count && r.count >= fewest
	for _, j := range r.calls {
		alone = alone && j.call == "" && !slices.ContainsFunc(j.told, func(t told) bool { return t.use.slot == labelSlot && !t.use.doubtful() })
	}
	if !alone {
		return
	}
	first := r.calls[0]
	for _, j := range r.calls[1:] {
		first.compare(j.told)
		first.takeNotes(j.notes)
		first.turns, first.orders, first.lines = append(first.turns, j.turns...), append(first.orders, j.orders...), first.lines+j.lines
	}
	first.id = ""
	r.calls = r.calls[:1]
}

// finish returns the call.
func (j *joined) finish(o Reader) (c Call, err error) {
	j.sort()
	t := newRecords(o).reader(&anyList)
	t.turns, t.lines, t.notes = j.turns, j.lines, j.notes
	if err := t.give(&c); err != nil {
		return c, fmt.Errorf("the transcript %w", err)
	}
	var d describer
	var varying []string
	for _, t := range j.told {
		if t.varies {
			varying = append(varying, t.key)
		}
		switch {
		case t.varies && t.use.slot == labelSlot && !t.use.doubtful() && !o.Unlabelled:
			return c, fmt.Errorf("the rows of call %s have different labels in %s; give each call its own ID, and all its rows one label", clip(strconv.Quote(cmp.Or(j.call, j.id))), clip(t.key))
		case !t.varies:
			d.tell(t.key, t.use, entry{kept: t.value})
		}
	}
	err = d.finish(o, &c)
	if c.ID = cmp.Or(j.call, j.id); c.ID == "" && len(varying) > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("all rows are one call; if %s tells calls apart, name it call_id in Reader.Columns", clip(strings.Join(varying, " or "))))
	}
	return c, err
}

// sort puts the turns in the order that their numbers give, where all have one.
func (j *joined) sort() {
	type numbered struct {
		rawTurn
		n float64
	}
	all := make([]numbered, len(j.turns))
	for i, t := range j.turns {
		n, err := strconv.ParseFloat(j.orders[i], 64)
		if err != nil {
			return
		}
		all[i] = numbered{t, n}
	}
	slices.SortStableFunc(all, func(a, b numbered) int { return cmp.Compare(a.n, b.n) })
	for i, t := range all {
		j.turns[i] = t.rawTurn
	}
}
