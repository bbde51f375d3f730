package transcript

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// records makes calls of JSON records.
type records struct {
	Reader
	document document
	keys     *keys
	describe describer
	rows     *rows // of records that are turns, to be joined to calls
	page     bool  // the record that was read last is a page of several
}

func newRecords(o Reader) *records {
	return &records{Reader: o, keys: newKeys(o.Columns), rows: newRows(o, "JSON")}
}

// result is a call of a record, or what is wrong with it.
type result struct {
	call Call
	err  error
}

// read returns the calls of the record b, the n-th, at a byte of the input; none where it is a turn of a call.
func (r *records) read(b []byte, n int, at int64) []result {
	r.page = false
	v, err := r.document.parse(b)
	if err != nil {
		return []result{{err: err}}
	}
	switch v.kind() {
	case '{':
		if r.Outcomes {
			return []result{r.outcome(v)}
		}
		if c, ok := r.columnsOf(v); ok {
			return r.table(c)
		}
		if is, maybe := r.isRow(v); is {
			row := r.row(v, n, at)
			if maybe && row.call != "" {
				row.alone = r.again(b)
			}
			r.rows.add(row)
			return nil
		}
		if results := r.calls(v, nil, 0); results != nil {
			return results
		}
		return []result{{err: r.problem(v)}}
	case '[':
		if t, ok := pair(v); ok {
			r.rows.add(row{turn: t, n: n, at: at})
			return nil
		}
		t := r.reader(&shape{name: "list"})
		t.list(v)
		return []result{r.withTurns(t, nil, value{})}
	case '"':
		text := strings.TrimSpace(v.text())
		if !strings.Contains(text, "\n") {
			r.rows.add(row{turn: rawTurn{text: text}, line: true, n: n, at: at})
			return nil
		}
		return []result{r.withText(v, []value{v})}
	}
	return []result{{err: failAt(0, "want a JSON object, a call or a turn of one, found %s", clip(string(v.bytes())))}}
}

// calls returns the calls of an object, nil if there are none in it; outer are the objects around it that tell of it too.
func (r *records) calls(v value, outer []value, depth int) []result {
	const deepest = 5
	about := append([]value{v}, outer...)
	if results := r.ofShape(v, about); results != nil {
		return results
	}
	if text := r.text(v); text.d != nil {
		return []result{r.withText(text, about)}
	}
	if depth == deepest {
		return nil
	}
	if t := r.sides(v); t != nil {
		return []result{r.withTurns(t, about, value{})}
	}
	byID := v.isMap()
	if byID && r.areRows(v) { // turns by their numbers
		t := r.reader(&anyList)
		for m := range v.all() {
			t.add(m, rawTurn{})
		}
		return []result{r.withTurns(t, outer, v)}
	}
	var all []result
	for m := range v.all() {
		results := r.wrapped(m, about, depth+1)
		if results != nil && !byID {
			if len(results) == 1 && m.kind() == '[' {
				r.noteOthers(&results[0].call, v, m)
			}
			return results
		}
		for _, result := range results {
			if result.call.ID = cmp.Or(result.call.ID, m.key()); len(results) > 1 {
				result.call.ID = ""
			}
			all = append(all, result)
		}
	}
	return all
}

// ofShape returns the calls of an object that a shape fits.
func (r *records) ofShape(v value, about []value) []result {
	for _, s := range shapesOf(v) {
		roots := []value{v}
		if s.calls != "" {
			roots = v.find(s.calls)
		}
		readers := make([]*turnReader, len(roots))
		said := false
		for i, root := range roots {
			readers[i] = r.reader(s)
			readers[i].read(root)
			said = said || len(readers[i].turns) > 0
		}
		if !said {
			continue
		}
		var results []result
		for i, root := range roots {
			told := about
			if s.calls != "" {
				told = append([]value{root}, inOtherLists(root, about, s.first())...)
			}
			for _, t := range readers[i].byCall() {
				results = append(results, r.withTurns(t, told, value{}))
			}
		}
		return results
	}
	return nil
}

// inOtherLists returns what lists alongside the list of the calls tell of one of them, as Gong's do: {"metaData": {"id": …}, "parties": […]}.
func inOtherLists(call value, about []value, calls string) (found []value) {
	id := scalar(call.get("callId"))
	for _, v := range about {
		for m := range v.all() {
			if m.kind() != '[' || m.key() == calls {
				continue
			}
			for e := range m.all() {
				if e.kind() == '{' && id != "" && (scalar(e.path("metaData.id")) == id || scalar(e.get("callId")) == id || scalar(e.get("id")) == id) {
					found = append(found, e)
				}
			}
		}
	}
	return found
}

// wrapped returns the calls of a member of an object that is none itself: a call, a list of turns, or a list of calls.
func (r *records) wrapped(m value, about []value, depth int) (results []result) {
	if m.kind() == '{' {
		return r.calls(m, about, depth)
	}
	if m.kind() != '[' {
		return nil
	}
	t := r.reader(&anyList)
	t.list(m)
	if hasSpeakers(t.turns) {
		for _, t := range t.byCall() {
			results = append(results, r.withTurns(t, about, m))
		}
		return results
	}
	if squeeze(m.key()) != "pages" {
		about = nil
	}
	var none []value // that are no calls, and have a result without one
	for e := range m.all() {
		if e.kind() != '{' {
			continue
		}
		of := r.calls(e, about, depth)
		if of == nil && about == nil { // a page can be empty
			none, of = append(none, e), []result{{err: errNoCall}}
		}
		results = append(results, of...)
	}
	if len(none) == len(results) {
		return nil
	}
	for i := range results {
		if results[i].err == errNoCall {
			results[i].err, none = r.problem(none[0]), none[1:]
		}
	}
	return joinPages(results, about != nil)
}

var errNoCall = errors.New("there is no call in it")

// noteOthers notes the lists of turns in an object other than the one that was read.
func (r *records) noteOthers(c *Call, v, read value) {
	for m := range v.all() {
		if t := r.reader(&anyList); m != read {
			if t.list(m); hasSpeakers(t.turns) {
				c.Notes = append(c.Notes, fmt.Sprintf("%s lists turns too, which are left out", clip(m.key())))
			}
		}
	}
}

func hasSpeakers(turns []rawTurn) bool {
	return slices.ContainsFunc(turns, func(t rawTurn) bool { return t.name != "" || t.role != "" })
}

// text returns the member of an object that is the text of a call, or none.
func (r *records) text(v value) (text value) {
	best := use{}
	for m := range v.all() {
		u := r.keys.ofCall(m.key())
		if u.doubtful() && m.kind() == '"' && !isID(m.text()) {
			u.rank = guess // a "dialogue" that is what was said, not an ID
		}
		if u.slot == textSlot && (m.kind() == '"' || m.kind() == 'n') && (text.d == nil || u.rank < best.rank && m.kind() == '"') {
			text, best = m, u
		}
	}
	return text
}

// withText returns the call of a text, which can be a list of turns in its turn.
func (r *records) withText(text value, about []value) result {
	s := text.text()
	if t := r.turnsIn(s); t != nil {
		return r.withTurns(t, about, text)
	}
	if err := checkText(s); err != nil {
		return result{err: failAt(text.at(), "the transcript %v", err)}
	}
	return r.finish(Call{Text: plainLines(s)}, about, &plainText, text)
}

// errNoID is the error of an outcome of nobody knows which call.
var errNoID = errors.New("the record names no call; want its ID under id or call_id, or its key in Reader.Columns")

// outcome returns the call of a record that says how it ended, and not what was said.
func (r *records) outcome(v value) result {
	o := r.finish(Call{}, []value{v}, &plainText, value{})
	if o.err == nil && o.call.ID == "" {
		o = result{err: failAt(0, "%v", errNoID)}
	}
	return o
}

// turnsIn returns a reader of the turns that a text lists as JSON, or as Python writes it, nil if it lists none.
func (r *records) turnsIn(text string) *turnReader {
	text = strings.TrimSpace(text)
	if text == "" || text[0] != '[' && text[0] != '{' {
		return nil
	}
	var d document
	v, err := d.parse([]byte(text))
	if err != nil {
		b, ok := pythonJSON(text)
		if !ok {
			return nil
		}
		if v, err = d.parse(b); err != nil {
			return nil
		}
	}
	readers := []*turnReader{r.reader(&anyList)}
	readers[0].list(v)
	for _, s := range shapesOf(v) {
		t := r.reader(s)
		t.read(v)
		readers = append(readers, t)
	}
	for _, t := range readers {
		if len(t.turns) > 0 {
			return t
		}
	}
	return nil
}

// withTurns returns the call of the turns that were read; list is the member that has them, if they are not where the shape says.
func (r *records) withTurns(t *turnReader, about []value, list value) result {
	for _, v := range about {
		t.register(v)
	}
	var c Call
	if err := t.give(&c); err != nil {
		return result{err: failAt(0, "the transcript %v", err)}
	}
	result := r.finish(c, about, t.shape, list)
	if len(t.turns) > 0 && t.turns[0].call != "" && (result.call.ID == "" || t.turns[0].call != result.call.ID) {
		result.call.ID = t.turns[0].call
	}
	return result
}

// finish adds to a call what is said of it by the objects that hold it, the inmost first; text is the member that was
// read.
func (r *records) finish(c Call, about []value, s *shape, text value) result {
	d := &r.describe
	d.all = d.all[:0]
	for _, v := range about {
		if call := v.get("call"); call.kind() == '{' { // and the object stays as it is
			about = append(slices.Clone(about), call)
		}
	}
	var told map[string]bool
	if len(about) > 1 {
		told = make(map[string]bool)
	}
	for i, v := range about {
		for m := range v.all() {
			key := m.key()
			u := r.keys.ofCall(key)
			if usual := s.keys[key]; usual != "" && (u.rank != given || u.slot == noSlot) {
				u = r.keys.ofCall(usual)
			}
			switch {
			case m == text || i > 0 && told[key]:
			case u.slot == metadataSlot && (m.kind() == '{' || key == "metadata"):
				if err := r.metadata(d, m); err != nil {
					return result{err: err}
				}
			case (i > 0 || !s.open) && (m.kind() == '{' || m.kind() == '[' || u.slot == textSlot):
			case text.d == nil && (u.slot == textSlot || s.first() == key):
			default:
				r.page = r.page || u.slot == pageSlot
				d.tell(key, u, entry{value: m.withoutType()})
			}
			if told != nil {
				told[key] = true
			}
		}
	}
	err := d.finish(r.Reader, &c)
	for _, key := range []string{"call_id", "id"} {
		if c.ID == "" {
			c.ID = c.Metadata.Value(key)
		}
	}
	r.Summary.format(s.name)
	return result{c, err}
}

// metadata takes the members of the metadata, an object or null.
func (r *records) metadata(d *describer, v value) error {
	if v.kind() != '{' && v.kind() != 'n' {
		return failAt(v.at(), "want a JSON object, found %s", clip(string(v.bytes())))
	}
	for m := range v.all() {
		u := r.keys.ofCall(m.key())
		r.page = r.page || u.slot == pageSlot
		switch {
		case u.slot == labelSlot && !u.doubtful():
			u.rank += inMetadata
		case u.name == "":
			u = use{}
		}
		d.tell(m.key(), u, entry{value: m.withoutType()})
	}
	return nil
}

// isRow reports whether a record is not a call but a turn of one: it has words and a speaker or a start and an end, and either
// the ID of a call or nothing that is said of calls; and whether only a doubtful key shows who speaks.
func (r *records) isRow(v value) (is, maybe bool) {
	var has [slots]bool
	for m := range v.all() {
		switch u := r.keys.ofCall(m.key()); u.slot {
		case textSlot:
			has[textSlot] = has[textSlot] || m.kind() == '"' || isParts(m) || m.kind() == 'n' && v.get("tool_calls").d != nil
		case kindSlot:
			_, known := roleOf(scalar(m))
			has[roleSlot] = has[roleSlot] || known
		case noSlot:
			has[textSlot] = has[textSlot] || m.kind() == '[' && m.key() == "words"
		case nameSlot: // and null is nobody
			has[nameSlot] = has[nameSlot] || !u.doubtful()
			maybe = maybe || u.doubtful()
		case personSlot:
			has[personSlot] = true
		case roleSlot:
			has[roleSlot] = has[roleSlot] || m.kind() != 'n' && !u.doubtful()
			has[personSlot] = has[personSlot] || u.doubtful()
		case startSlot, endSlot:
			has[u.slot] = momentOf(m, u.unit).bare || m.kind() == '"' && !momentOf(m, u.unit).dated
		default:
			has[u.slot] = has[u.slot] || m.kind() != 'n' && !u.doubtful()
		}
	}
	span := has[startSlot] && has[endSlot] && !has[idSlot]
	maybe = (maybe || has[personSlot] && has[callSlot]) && !has[nameSlot] && !has[roleSlot] && !span
	if !has[textSlot] || !has[nameSlot] && !has[roleSlot] && !span && !maybe {
		return false, false
	}
	text := r.text(v)
	is = (has[callSlot] || !has[labelSlot] && !has[metadataSlot]) && (text.d == nil || !isDialogue(text.text()))
	return is, maybe
}

// isParts reports whether a value is what a message of a chat says in parts: [{"type": "text", "text": "Hi."}].
func isParts(v value) bool {
	for e := range v.all() {
		return v.kind() == '[' && v.key() == "content" && e.get("type").kind() == '"'
	}
	return false
}

// sides returns a reader of the turns of an object that lists each side's, {"agent": […], "customer": […]}, nil if it does not.
func (r *records) sides(v value) *turnReader {
	t := r.reader(&shape{name: "JSON turns"})
	sides := 0
	for m := range v.all() {
		if _, known := roleOf(m.key()); !known || m.kind() != '[' {
			continue
		}
		before := len(t.turns)
		for e := range m.all() {
			if e.kind() == '{' {
				t.add(e, rawTurn{name: m.key(), channel: m.key()})
			}
		}
		if len(t.turns) > before {
			sides++
		}
	}
	if sides < 2 {
		return nil
	}
	if slices.ContainsFunc(t.turns, func(t rawTurn) bool { return !t.start.known }) {
		t.note("the turns of each side stand together, since they have no times")
	}
	return t
}

// areRows reports whether all members of an object are certainly turns.
func (r *records) areRows(v value) bool {
	for m := range v.all() {
		if is, maybe := r.isRow(m); !is || maybe {
			return false
		}
	}
	return true
}

// again returns what reads a record as a call.
func (r *records) again(b []byte) func() (Call, error) {
	b = bytes.Clone(b)
	return func() (Call, error) {
		fresh := newRecords(r.Reader)
		v, err := fresh.document.parse(b)
		if err != nil {
			return Call{}, err // out of reach: it was read before
		}
		results := fresh.calls(v, nil, 0)
		if len(results) != 1 {
			return Call{}, fresh.problem(v)
		}
		return results[0].call, results[0].err
	}
}

// row returns a record that is a turn.
func (r *records) row(v value, n int, at int64) row {
	t := r.reader(&anyList)
	t.add(v, rawTurn{})
	row := row{notes: t.notes, n: n, at: at}
	if len(t.turns) > 0 {
		row.turn = t.turns[0]
	}
	text := r.text(v)
	for m := range v.all() {
		if m.kind() == 'n' || m.kind() == '{' || m.kind() == '[' {
			continue
		}
		u := r.keys.ofCall(m.key())
		if u.slot == textSlot && u.doubtful() && m != text && isID(m.text()) {
			u = use{slot: callSlot, rank: guess}
		}
		row.tell(m.key(), u, entry{value: m})
	}
	return row
}

// problem returns an error for a record that has no calls in it.
func (r *records) problem(v value) error {
	var keys []string
	for m := range v.all() {
		keys = append(keys, clip(m.key()))
		u := r.keys.ofCall(m.key())
		if u.slot != textSlot && byKey[m.key()] == nil {
			continue
		}
		if m.kind() != '[' {
			return failAt(m.at(), "%q is %s; want a text or an array of turns", clip(m.key()), clip(string(m.bytes())))
		}
		for e := range m.all() {
			return failAt(e.at(), "%s", r.noText(m.key(), e))
		}
		return failAt(m.at(), "the transcript is empty; want what was said")
	}
	return failAt(v.at(), `the record has no "transcript"%s; want the call's text or turns there, or their key in Reader.Columns`, only(keys))
}

// noText says why nothing could be read from the first turn of a list.
func (r *records) noText(key string, turn value) string {
	if turn.kind() != '{' {
		return fmt.Sprintf("the first of %q is %s; want an object with speaker and text, or a string", clip(key), clip(string(turn.bytes())))
	}
	var keys []string
	for m := range turn.all() {
		if u := r.keys.turn(m.key()); u.slot == textSlot {
			return "the transcript is empty; want what was said"
		}
		keys = append(keys, clip(m.key()))
	}
	return fmt.Sprintf("the first of %q has no text%s; want what was said there, or its key in Reader.Columns", clip(key), only(keys))
}

// only lists the keys that there are.
func only(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	return ", only " + clip(strings.Join(keys, ", "))
}
