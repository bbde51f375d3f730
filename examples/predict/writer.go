package main

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/transcript"
)

// writer writes predictions as lines of JSON or as a table.
type writer struct {
	*options
	model, time string
	out         io.Writer
	table       *csv.Writer     // nil: JSON
	found       map[string]bool // keys of -keep that a call has
}

// newWriter writes the head of a table at once.
func newWriter(o *options, model string, at time.Time, out io.Writer) (*writer, error) {
	w := &writer{options: o, model: model, time: at.UTC().Format(time.RFC3339), out: out, found: map[string]bool{}}
	if !o.csv {
		return w, nil
	}
	w.table = csv.NewWriter(out)
	head := []string{"id", "probability", "log_odds", "won", "warnings"}
	if o.byTurn {
		head = append(head, "by_turn")
	}
	return w, w.row(append(append(head, o.keep...), "model", "time"))
}

// line is what is written for a call.
type line struct {
	conversion.Prediction
	Metadata map[string]json.RawMessage `json:"metadata,omitempty"`
	Model    string                     `json:"model"`
	Time     string                     `json:"time"`
}

// significant rounds a number to the digits that are worth reading, in place.
func significant(v *float64) { *v, _ = strconv.ParseFloat(strconv.FormatFloat(*v, 'g', 6, 64), 64) }

// line writes a prediction with the metadata that are to be kept.
func (w *writer) line(p conversion.Prediction, m transcript.Metadata) error {
	kept, err := cli.Keep(m, w.keep)
	if err != nil {
		return err
	}
	for key := range kept {
		w.found[key] = true
	}
	significant(&p.Probability)
	significant(&p.LogOdds)
	for i := range p.ByTurn {
		significant(&p.ByTurn[i])
	}
	if w.table == nil {
		return cli.WriteJSON(w.out, line{p, kept, w.model, w.time})
	}
	cells := []string{text(p.ID), number(p.Probability), number(p.LogOdds), strconv.FormatBool(p.Won), strings.Join(words(p.Warnings), " ")}
	if w.byTurn {
		after := make([]string, len(p.ByTurn))
		for i, v := range p.ByTurn {
			after[i] = number(v)
		}
		cells = append(cells, strings.Join(after, " "))
	}
	for _, key := range w.keep {
		cells = append(cells, text(m.Value(key)))
	}
	return w.row(append(cells, w.model, w.time))
}

// row writes a row of the table, and flushes it with those before.
func (w *writer) row(cells []string) error {
	for i, c := range cells {
		cells[i] = cli.Escape(c)
	}
	if err := w.table.Write(cells); err != nil {
		return err
	}
	w.table.Flush()
	return w.table.Error()
}

// text returns a cell of foreign text, with an apostrophe before what a spreadsheet would take for a formula.
func text(cell string) string {
	if _, err := strconv.ParseFloat(cell, 64); err != nil && cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func words(warnings []conversion.Warning) []string {
	all := make([]string, len(warnings))
	for i, w := range warnings {
		all[i] = string(w)
	}
	return all
}
