package transcript

import (
	"errors"
	"fmt"
	"io"
)

// frame is a table in JSON that has its columns one after another, as pandas writes data frames: {"text": {"0": …, "1": …},
// "label": {"0": …, "1": …}}, the same with lists, or {"columns": [names], "data": [rows]}.
type frame struct {
	names []string
	cells [][]value // of each column
}

// columnsOf returns the columns of an object, of which one is what was said and another is known; ok is false if it is no
// table.
func (r *records) columnsOf(v value) (c frame, ok bool) {
	kind := byte(0) // of all columns
	for m := range v.all() {
		if k := m.kind(); k == '{' && kind != '[' || k == '[' && kind != '{' {
			kind = k
		} else {
			return c, false
		}
	}
	if names, data := v.get("columns"), v.get("data"); names.kind() == '[' && data.kind() == '[' {
		return splitColumns(names, data)
	}
	texts, others := 0, 0
	for m := range v.all() {
		switch u := r.keys.ofCall(m.key()); {
		case u.slot == textSlot:
			texts++
		case u.slot != noSlot && u.slot != metadataSlot:
			others++
		}
		var cells []value
		for cell := range m.all() {
			if n := len(cells); len(c.cells) > 0 && (n >= len(c.cells[0]) || kind == '{' && cell.key() != c.cells[0][n].key()) {
				return c, false
			}
			cells = append(cells, cell)
		}
		c.names, c.cells = append(c.names, m.key()), append(c.cells, cells)
		if len(cells) != len(c.cells[0]) {
			return c, false
		}
	}
	return c, texts > 0 && len(c.cells[0]) > 0 && (others > 0 || kind == '{' && c.cells[0][0].kind() == '"' && isPlainInt([]byte(c.cells[0][0].key())))
}

// splitColumns returns the columns of rows.
func splitColumns(names, rows value) (c frame, ok bool) {
	for n := range names.all() {
		c.names = append(c.names, n.text())
	}
	c.cells = make([][]value, len(c.names))
	for row := range rows.all() {
		i := 0
		for cell := range row.all() {
			if i < len(c.cells) {
				c.cells[i] = append(c.cells[i], cell)
			}
			i++
		}
		if row.kind() != '[' || i != len(c.names) {
			return c, false
		}
	}
	return c, len(c.names) > 0
}

// table returns the calls of a table.
func (r *records) table(c frame) (results []result) {
	n := 0
	next := func() ([]string, int64, error) {
		if n == len(c.cells[0]) {
			return nil, 0, io.EOF
		}
		row := make([]string, len(c.names))
		for i, column := range c.cells {
			if column[n].kind() != 'n' {
				row[i] = column[n].text()
			}
		}
		n++
		return row, 0, nil
	}
	r.Reader.table("JSON table", false, c.names, 0, next, func(call Call, err error) bool {
		if bad, ok := errors.AsType[*RecordError](err); ok && bad.Record > 0 {
			err = fmt.Errorf("row %d: %w", bad.Record, bad.Err)
		} else if ok {
			err = bad.Err
		}
		results = append(results, result{call, err})
		return true
	})
	return results
}
