package cli

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
)

// Table writes a table as CSV, row by row, on one goroutine.
type Table struct{ w *csv.Writer }

// NewTable returns a table that is written to w.
func NewTable(w io.Writer) *Table { return &Table{csv.NewWriter(w)} }

// Row writes a row, escaped as by [Escape], and flushes it.
func (t *Table) Row(cells ...string) error {
	escaped := make([]string, len(cells))
	for i, c := range cells {
		escaped[i] = Escape(c)
	}
	if err := t.w.Write(escaped); err != nil {
		return err
	}
	t.w.Flush()
	return t.w.Error()
}

// Cell returns a cell of untrusted text, with an apostrophe before what a spreadsheet would take for a formula.
func Cell(text string) string {
	if _, err := strconv.ParseFloat(text, 64); err != nil && text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}
