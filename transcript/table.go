package transcript

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// heading is the first cell of a column.
type heading struct {
	key string
	use use
}

// table makes calls of rows.
type table struct {
	Reader
	format  string
	keys    *keys
	columns []heading
	text    int  // the column of what was said, -1 for none
	turns   bool // there is a row for each turn,
	maybe   bool // as only a doubtful column shows
	unnamed bool // no column is certain to hold speakers
	comma   bool // decimals follow a comma, as where semicolons separate cells
	local   bool // the days of dates come before their months, unless the column shows it
	orders  []dateOrder
	rows    *rows
	records *records
}

// Rows reads a table from any source: header has the names of the columns, and rows yields the cells of each row. An
// error ends it. CSV reads its rows in the same way:
//
//   - One column has the text of a call or of a turn: transcript, or text, full_text, content and the like if there is only
//     one of them. A text can be a list of turns in JSON or as Python prints it, and line breaks can be written as \n.
//   - call_id or id names the call, and label is its outcome; if no column is called label, the only one called
//     outcome, converted, won, stage or the like is used. Labels are the usual words and those in Reader.Won and
//     Reader.Lost.
//   - Each row is a turn if there is a column of speakers, roles or turn numbers, and either a column of call IDs or no column of
//     labels; or if there are only start, end and text. The rows of an ID are joined, wherever they are, so the calls are held in
//     memory. Rows of one ID with different labels are an error. A column called name, user, channel or the like may hold the
//     speakers too, but if each ID has one row, the rows are calls.
//   - In a column of dates such as 05/03/2024 the order of day and month is the one that fits its first 1000 rows; if both do,
//     the day comes first in tables with German, French, Spanish or Italian column names or with semicolons, and otherwise the
//     month, with a note.
//   - All other columns are metadata; if rows are turns, only columns with the same value in all rows of a call.
//
// Reader.Columns maps columns with other names. Case, blanks, underscores and the like are ignored in names. Empty cells,
// NaN, NULL, None and #N/A are missing values. A first column without a name is the index of pandas, and is left out.
func (o Reader) Rows(ctx context.Context, header []string, rows iter.Seq2[[]string, error]) iter.Seq2[Call, error] {
	return o.finish(ctx, func(yield yieldFunc) {
		if rows == nil {
			yield.fail(0, 0, errors.New("no rows to read: the sequence is nil"))
			return
		}
		next, stop := iter.Pull2(rows)
		defer stop()
		o.table("table", false, header, 0, func() ([]string, int64, error) {
			cells, err, ok := next()
			if !ok {
				err = io.EOF
			}
			return cells, 0, err
		}, yield)
	})
}

// table reads the rows that next returns; header is the first of them, at a byte of the input.
func (o Reader) table(format string, comma bool, header []string, at int64, next func() ([]string, int64, error), yield yieldFunc) {
	t := &table{Reader: o, format: format, comma: comma, local: comma, records: newRecords(o), rows: newRows(o, format)}
	t.keys = t.records.keys
	cells, first, err := next()
	if err := t.header(header, cells); err != nil {
		yield.fail(0, at, err)
		return
	}
	next = t.lookAhead(tableRow{cells, first, err}, next)
	for n := 0; ; {
		cells, first, err := next()
		switch {
		case err == io.EOF && n == 0:
			yield.fail(0, first, errors.New("there is no row after the first; want a row for each call or turn"))
			return
		case err == io.EOF:
			t.rows.flush(yield, o.number)
			return
		case err == nil && strings.Trim(strings.Join(cells, ""), "-: \t\r\n") == "": // nothing, or a line of a table in Markdown
			continue
		}
		n++
		if !t.row(cells, n, first, err, yield) {
			return
		}
	}
}

// row reads a row, or passes on what is wrong with it.
func (t *table) row(cells []string, n int, at int64, err error, yield yieldFunc) (more bool) {
	if err == nil {
		cells, err = t.check(cells)
	}
	if err != nil {
		return yield.fail(n, at, err)
	}
	if t.turns && !isDialogue(cells[t.text]) {
		r := t.turn(cells, n, at)
		if t.maybe && r.call != "" {
			r.alone = func() (Call, error) {
				t.Summary.format(t.format)
				return t.call(cells)
			}
		}
		t.rows.add(r)
		return true
	}
	c, err := t.call(cells)
	if err != nil {
		return yield.fail(n, at, err)
	}
	if c.ID == "" {
		c.ID = t.number(n)
	}
	t.Summary.format(t.format)
	return yield(c, nil)
}

// header reads the names of the columns; first are the cells of the row after them.
func (t *table) header(names, first []string) error {
	seen := make(map[string]bool)
	for i, name := range names {
		name = strings.TrimSpace(name)
		switch {
		case !utf8.ValidString(name):
			return fmt.Errorf("the column %s is not UTF-8; convert the file to UTF-8", clip(fmt.Sprintf("%q", name)))
		case seen[name] && name != "":
			return fmt.Errorf("two columns are called %q; keep one", clip(name))
		}
		seen[name] = true
		u := t.keys.ofCall(name)
		if i == 0 && strings.HasPrefix(name, "Unnamed:") { // pandas' index
			name = ""
		}
		t.columns = append(t.columns, heading{name, u})
		t.local = t.local || u.local
	}
	for i, c := range t.columns {
		if t.local && c.use.slot == noSlot && squeeze(c.key) == "data" { // a date in Italian and Portuguese, anything in English
			t.columns[i].use = use{slot: fieldSlot, rank: guess, name: "call_time"}
		}
	}
	for theirs := range t.Columns {
		if !slices.ContainsFunc(t.columns, func(c heading) bool { return squeeze(c.key) == squeeze(theirs) }) {
			return fmt.Errorf("no column is called %q, only %s; Reader.Columns names it", clip(theirs), t.names(nil))
		}
	}
	return t.findText(first)
}

// findText finds the column of what was said, and whether the rows are turns; of outcomes there is none.
func (t *table) findText(first []string) error {
	if t.Outcomes {
		t.text = -1
		return nil
	}
	texts := t.texts(first)
	if len(texts) != 1 {
		problem := "no column is called transcript, only"
		if len(texts) > 1 {
			problem = "it is unclear which column is the transcript:"
		}
		return fmt.Errorf("%s %s; rename the one with the calls' text, or name it in Reader.Columns", problem, t.names(texts))
	}
	t.text = texts[0]
	if c := t.columns[t.text]; c.use.rank > exact {
		t.Summary.took(c.key, "transcript")
	}
	var has, may [slots]bool // columns for certain, and doubtful ones
	spans := 0
	for _, c := range t.columns {
		if (c.use.slot == startSlot || c.use.slot == endSlot) && c.use.rank <= exact {
			spans++
		}
		if may[c.use.slot] = true; !c.use.doubtful() {
			has[c.use.slot] = true
		}
	}
	ofTurns := has[callSlot] || !has[labelSlot]
	t.turns = (has[nameSlot] || has[roleSlot] || has[orderSlot] && has[callSlot]) && ofTurns ||
		spans == 2 && !has[idSlot] && !has[labelSlot] // start, end and text, as Whisper writes
	t.unnamed = !has[nameSlot] && !has[roleSlot]
	t.maybe = !t.turns && ofTurns && (may[nameSlot] || (may[personSlot] || may[channelSlot] || may[roleSlot]) && has[callSlot])
	t.turns = t.turns || t.maybe
	return nil
}

// texts returns the columns that may be what was said, those of the best name. Another one that holds an ID, as "dialogue" may,
// is that of the call.
func (t *table) texts(first []string) (texts []int) {
	id := func(i int) bool { return t.columns[i].use.doubtful() && i < len(first) && isID(first[i]) }
	var similar, others []int
	best := false // the caller named it, or it is called transcript
	for i, c := range t.columns {
		switch {
		case c.use.slot == noSlot && strings.Contains(squeeze(c.key), "transcript"):
			similar = append(similar, i)
		case c.use.slot != textSlot:
		case c.use.rank <= exact && !best:
			texts, others, best = []int{i}, append(others, texts...), true
		case c.use.rank <= exact || !best:
			texts = append(texts, i)
		default:
			others = append(others, i)
		}
	}
	if len(texts) == 0 {
		return similar
	}
	if sure := slices.DeleteFunc(slices.Clone(texts), id); len(texts) > 1 && len(sure) > 0 {
		others = append(others, slices.DeleteFunc(texts, func(i int) bool { return !id(i) })...)
		texts = sure
	}
	if others = slices.DeleteFunc(others, func(i int) bool { return !id(i) }); len(others) == 1 {
		t.columns[others[0]].use = use{slot: callSlot, rank: guess}
	}
	return texts
}

// names lists columns, or all.
func (t *table) names(of []int) string {
	var names []string
	for i, c := range t.columns {
		if of == nil || slices.Contains(of, i) {
			names = append(names, c.key)
		}
	}
	return clip(strings.Join(names, ", "))
}

// check returns the cells of a row, one for each column.
func (t *table) check(cells []string) ([]string, error) {
	for len(cells) > len(t.columns) && isBlank(cells[len(cells)-1]) {
		cells = cells[:len(cells)-1]
	}
	if len(cells) != len(t.columns) {
		return nil, fmt.Errorf("the row has %d cells, the first row %d; quote cells that hold separators or line breaks", len(cells), len(t.columns))
	}
	for i, cell := range cells {
		if !utf8.ValidString(cell) {
			return nil, fmt.Errorf("%q: %s", clip(t.columns[i].key), notUTF8(cell[invalidUTF8([]byte(cell))]))
		}
	}
	return cells, nil
}

// entries yields the cells of a row that are not of its text and have a value.
func (t *table) entries(cells []string, yield func(heading, string)) {
	for i, c := range t.columns {
		if value := strings.TrimSpace(cells[i]); i != t.text && c.key != "" && !isMissing(value) {
			if t.comma && (c.use.slot == startSlot || c.use.slot == endSlot || c.use.name == "duration") {
				if strings.Trim(value, "0123456789.,") == "" && strings.Contains(value, ",") { // 1.234,5
					value = strings.ReplaceAll(value, ".", "")
				}
				value = strings.Replace(value, ",", ".", 1)
			}
			if c.use.name == "call_time" {
				value = t.orders[i].inOrder(value)
			}
			yield(c, value)
		}
	}
}

// call makes a call of a row.
func (t *table) call(cells []string) (c Call, err error) {
	if t.text >= 0 {
		err = t.said(cells[t.text], &c)
	}
	if err != nil {
		return c, err
	}
	for i, cell := range cells {
		if i > 0 && t.columns[i].key == "" && !isMissing(cell) {
			c.Notes = append(c.Notes, "a column without a name was left out")
			break
		}
	}
	for i, order := range t.orders {
		if order == eitherWay && !isMissing(cells[i]) {
			c.Notes = append(c.Notes, fmt.Sprintf(guessedOrder, clip(t.columns[i].key)))
		}
	}
	var d describer
	t.entries(cells, func(c heading, value string) { d.tell(c.key, c.use, entry{cell: strings.Clone(value)}) })
	if err := d.finish(t.Reader, &c); err != nil || c.ID != "" || !t.Outcomes {
		return c, err
	}
	return c, errNoID
}

// said gives a call the text of its row, which may list turns.
func (t *table) said(text string, c *Call) (err error) {
	if r := t.records.turnsIn(text); r != nil {
		err = r.give(c)
	} else {
		c.Text = plainLines(strings.Clone(text)) // the row shares one string
		err = checkText(text)
	}
	if err != nil {
		return fmt.Errorf("the transcript %w", err)
	}
	return nil
}

// turn makes a turn of a row.
func (t *table) turn(cells []string, n int, at int64) row {
	r := row{n: n, at: at}
	if text := cells[t.text]; !isMissing(text) || isAnswer(text) {
		r.turn.text = withoutTags(strings.Clone(cells[t.text]))
	}
	var ranks [slots]uint8
	better := func(u use) bool {
		if ranks[u.slot] != 0 && ranks[u.slot] <= u.rank+1 {
			return false
		}
		ranks[u.slot] = u.rank + 1
		return true
	}
	t.entries(cells, func(c heading, value string) {
		text := strings.Clone(value)
		slot := c.use.slot
		switch {
		case slot == personSlot && t.unnamed:
			slot = nameSlot
		case slot == channelSlot && !t.unnamed:
			slot = noSlot
		}
		switch slot {
		case nameSlot:
			if better(c.use) {
				r.turn.name = text
			}
		case roleSlot:
			if better(c.use) {
				r.turn.role = c.use.role(text)
			}
		case channelSlot:
			if better(c.use) {
				r.turn.channel = text
			}
		case startSlot:
			if better(c.use) {
				r.setTime(&r.turn.start, text, c.use.unit)
			}
		case endSlot:
			if better(c.use) {
				r.setTime(&r.turn.end, text, c.use.unit)
			}
		default:
			r.tell(c.key, c.use, entry{cell: text})
		}
	})
	return r
}
