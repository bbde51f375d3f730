package main

import (
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
	table       *cli.Table      // nil: JSON
	found       map[string]bool // keys of -keep that a call has
}

// newWriter writes the head of a table at once.
func newWriter(o *options, model string, at time.Time, out io.Writer) (*writer, error) {
	w := &writer{options: o, model: model, time: at.UTC().Format(time.RFC3339), out: out, found: map[string]bool{}}
	if !o.csv {
		return w, nil
	}
	w.table = cli.NewTable(out)
	head := []string{"id", "probability", "log_odds", "won", "warnings"}
	if o.byTurn {
		head = append(head, "by_turn")
	}
	return w, w.table.Row(append(append(head, o.keep...), "model", "time")...)
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
	cells := []string{cli.Cell(p.ID), number(p.Probability), number(p.LogOdds), strconv.FormatBool(p.Won), strings.Join(words(p.Warnings), " ")}
	if w.byTurn {
		after := make([]string, len(p.ByTurn))
		for i, v := range p.ByTurn {
			after[i] = number(v)
		}
		cells = append(cells, strings.Join(after, " "))
	}
	for _, key := range w.keep {
		cells = append(cells, cli.Cell(m.Value(key)))
	}
	return w.table.Row(append(cells, w.model, w.time)...)
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

func words(warnings []conversion.Warning) []string {
	all := make([]string, len(warnings))
	for i, w := range warnings {
		all[i] = string(w)
	}
	return all
}
