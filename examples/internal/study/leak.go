package study

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/examples/internal/report"
	"github.com/org/salesconv/transcript"
	"gonum.org/v1/gonum/mat"
)

// Leak measures how well metadata alone predict the outcome, all together and each by itself; nil if no metadata vary.
// Metadata that predict the outcome suspiciously well may be known only after it.
func (d *Data) Leak(ctx context.Context, folds []evaluate.Fold, seed uint64) (*evaluate.Leak, error) {
	names, columns, err := metadata(d.Calls)
	if err != nil || len(names) == 0 {
		return nil, err
	}
	x := mat.NewDense(len(d.Calls), len(names), nil)
	for j, column := range columns {
		x.SetCol(j, column)
	}
	refit := classify.Refit(x, d.Labels, nil, classify.LogisticFitter(&classify.LogisticOptions{Standardize: true}))
	leak, err := evaluate.LeakProbe(ctx, names, columns, d.Labels, folds, refit, &evaluate.ResampleOptions{Groups: d.Groups, Seed: seed})
	if err != nil {
		return nil, fmt.Errorf("what the metadata reveal: %w", err)
	}
	return leak, nil
}

// metadata are the metadata of calls as columns of numbers, as far as these differ: those of transcript.Features, of calls
// in which nothing is said; the time of the call; and of every further key its numbers, its values where these are few, and
// whether it is there.
func metadata(calls []transcript.Call) (names []string, columns [][]float64, err error) {
	silent := make([]transcript.Call, len(calls))
	for i, c := range calls {
		silent[i] = transcript.Call{Metadata: c.Metadata}
	}
	f, err := transcript.FitFeatures(silent)
	if err != nil {
		return nil, nil, err
	}
	rows := f.Rows(silent)
	add := func(name string, value func(i int) float64) {
		column := make([]float64, len(calls))
		for i := range column {
			column[i] = value(i)
		}
		if slices.Max(column) > slices.Min(column) {
			names, columns = append(names, name), append(columns, column)
		}
	}
	for j, name := range f.Names() {
		add(name, func(i int) float64 { return rows[i][j] })
	}
	add("call_time", func(i int) float64 {
		if at := calls[i].Metadata.CallTime; !at.IsZero() {
			return float64(at.Unix()) / float64(24*time.Hour/time.Second)
		}
		return 0
	})
	further := map[string]bool{}
	for _, c := range calls {
		for key := range c.Metadata.Extra {
			further[key] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(further)) {
		values := make([]string, len(calls))
		for i, c := range calls {
			values[i] = c.Metadata.Value(key)
		}
		addKey(add, key, values)
	}
	return names, columns, nil
}

// fewValues is how many values a key may have for each to be a column, unless they are numbers.
const fewValues = 12

// addKey adds the columns of a key by its value in each call, "" if there is none.
func addKey(add func(string, func(int) float64), key string, values []string) {
	add(key+" known", func(i int) float64 { return indicator(values[i] != "") })
	numbers := make([]float64, len(values))
	numeric := true
	for i, v := range values {
		var err error
		if numbers[i], err = strconv.ParseFloat(v, 64); v != "" && (err != nil || numbers[i]-numbers[i] != 0) {
			numeric = false
		}
	}
	if numeric {
		add(key, func(i int) float64 { return numbers[i] })
		return
	}
	if levels := slices.Compact(slices.Sorted(slices.Values(values))); len(levels) <= fewValues {
		for _, level := range levels {
			add(key+" = "+level, func(i int) float64 { return indicator(values[i] == level) })
		}
	}
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// LeakText describes how well metadata alone predict the outcome.
func LeakText(l *evaluate.Leak) string {
	if l == nil {
		return "The calls have no metadata that vary."
	}
	tell := fmt.Sprintf("n %.0f%% of all pairs of a won and a lost call, metadata alone, without any words, rank the won call higher (95%% interval %.0f%% to %.0f%%; chance: 50%%)", 100*l.AUC.Estimate, 100*l.AUC.Low, 100*l.AUC.High)
	if l.Warning == "" {
		return "I" + tell + ": no better than chance."
	}
	return fmt.Sprintf("Warning: i%s, best of all %q alone (%.0f%%). Check that it is known before the outcome, or leave it out, and test on other sources or dates.",
		tell, l.Columns[0].Name, 100*l.Columns[0].AUC)
}

// LeakTable shows what single metadata predict.
func LeakTable(l *evaluate.Leak) report.Table {
	t := report.Table{Columns: []string{"column", "ROC AUC alone"}, Caption: "The most predictive metadata, each alone, on all calls. ROC AUC: how often a won call ranks above a lost one; 0.5 is chance, 1 reveals the outcome completely."}
	if l == nil {
		return t
	}
	for _, c := range l.Columns[:min(5, len(l.Columns))] {
		t.Rows = append(t.Rows, []string{c.Name, Three(c.AUC)})
	}
	return t
}
