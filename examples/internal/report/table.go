package report

import (
	"fmt"
	"html/template"
	"strings"
	"unicode"
)

// Table is a table. A column whose cells all begin like numbers and are short is set flush right, in figures of one width.
type Table struct {
	Caption string
	Columns []string
	Rows    [][]string // as many cells as columns each
	// Name is the table's anchor on the page and the name of the file that the reader saves it to, as CSV. With a name the
	// table can be sorted and filtered too. It is made of letters and hyphens. Default: none.
	Name string
	// Links are the link targets of the first cell of each row: "#" and the name of a transcript, or #name="cell" for the
	// rows with that cell in the table of that name. Default: no links.
	Links []string
	// LogOdds are the cells in log-odds, which the reader can show instead of points: for the head, then for each row. ""
	// leaves a cell unchanged. Default: none.
	LogOdds [][]string
}

func (t Table) check() error {
	if t.Links != nil && len(t.Links) != len(t.Rows) {
		return fmt.Errorf("table %q has %d links for %d rows", t.Caption, len(t.Links), len(t.Rows))
	}
	for i, row := range t.Rows {
		if len(row) != len(t.Columns) {
			return fmt.Errorf("table %q: row %d has %d cells, want %d", t.Caption, i, len(row), len(t.Columns))
		}
	}
	if t.LogOdds != nil && len(t.LogOdds) != 1+len(t.Rows) {
		return fmt.Errorf("table %q has %d rows of log-odds, want one for the head and %d", t.Caption, len(t.LogOdds), len(t.Rows))
	}
	for i, row := range t.LogOdds {
		if len(row) != len(t.Columns) {
			return fmt.Errorf("table %q: row %d of log-odds has %d cells, want %d", t.Caption, i, len(row), len(t.Columns))
		}
	}
	return nil
}

// logOdds is what the reader may ask for instead of the cell in a row, 0 for the head, and a column; "" is nothing.
func logOdds(t Table, row, column int) string {
	if t.LogOdds == nil {
		return ""
	}
	return t.LogOdds[row][column]
}

// visible is a cell, or a dash where nobody could see the cell, and click on it.
func visible(cell string) string {
	if !strings.ContainsFunc(cell, func(r rune) bool { return unicode.IsGraphic(r) && !unicode.IsSpace(r) }) {
		return "–"
	}
	return cell
}

// label is the name of a column as a string of CSS, before a cell.
func label(column string) template.CSS {
	var b strings.Builder
	for _, r := range column {
		if r < 0x80 && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			fmt.Fprintf(&b, `\%x `, r)
		} else {
			b.WriteRune(r)
		}
	}
	return template.CSS(`"` + b.String() + `: "`)
}

// numeric reports, for each column, whether all cells begin like numbers and are short.
func numeric(t Table) []bool {
	is := make([]bool, len(t.Columns))
	for j := range is {
		is[j] = len(t.Rows) > 0 && (j > 0 || t.Links == nil)
		for _, row := range t.Rows {
			cell := strings.TrimLeft(row[j], "+-−±<≤≥>~ $€£–")
			is[j] = is[j] && (cell == "" || cell[0] >= '0' && cell[0] <= '9' && len(cell) < 30)
		}
	}
	return is
}

// long reports, for each column, whether it has a cell that takes several lines.
func long(t Table) []bool {
	is := make([]bool, len(t.Columns))
	for _, row := range t.Rows {
		for j, cell := range row {
			is[j] = is[j] || len(cell) > 60
		}
	}
	return is
}
