package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/examples/internal/report"
	"github.com/org/salesconv/examples/internal/study"
)

// bestGeneric stands for the head on generic turn vectors that has the highest ROC AUC.
const bestGeneric = "best_generic_head"

// compared are the pairs of methods that the paired tests are about.
var compared = [][2]string{
	{conversion.Words, conversion.Best}, {conversion.GenericStack, conversion.Best}, {conversion.GenericStack, conversion.TunedStack}, {bestGeneric, conversion.TunedTurns},
}

// best returns the pairs with the name of the best generic head among the methods.
func best(methods []study.Method) (pairs [][2]string, generic study.Method) {
	for _, m := range study.Named(methods, conversion.TurnMean, conversion.LastTurns, conversion.Trend, conversion.FirstTurns) {
		if m.ROCAUC > generic.ROCAUC {
			generic = m
		}
	}
	for _, p := range compared {
		if p[0] == bestGeneric {
			p[0] = generic.Name
		}
		pairs = append(pairs, p)
	}
	return pairs, generic
}

// judge scores the methods of predicting and compares them in pairs.
func (m *measurement) judge(ctx context.Context) (methods []study.Method, verdicts []study.Verdict, err error) {
	names, outs, err := m.outOfFold()
	if err != nil {
		return nil, nil, err
	}
	resample := &evaluate.ResampleOptions{Seed: 1}
	for _, row := range outs[names[0]].Row {
		call := row % len(m.Labels)
		group := "call " + strconv.Itoa(call)
		if m.Groups != nil && m.Groups[call] != "" {
			group = m.Groups[call]
		}
		resample.Groups = append(resample.Groups, group)
	}
	for _, name := range names {
		w, err := study.Judge(ctx, name, outs[name], resample)
		if err != nil {
			return nil, nil, err
		}
		methods = append(methods, w)
	}
	pairs, _ := best(methods)
	verdicts, err = study.Verdicts(ctx, methods, pairs, resample)
	return methods, verdicts, err
}

func (m *measurement) print(ctx context.Context, w io.Writer) error {
	methods, verdicts, err := m.judge(ctx)
	if err != nil {
		return err
	}
	won, used := (&study.Data{Labels: m.Labels}).Won(), 0
	seconds := map[string]float64{}
	for _, r := range m.Rounds {
		if r.Tuning != nil && r.Tuning.Used {
			used++
		}
		for name, s := range r.Seconds {
			seconds[name] += s
		}
	}
	fmt.Fprintf(w, "%s: %d calls, %d won; %d folds, %d predictors\n", m.Source, len(m.Labels), won, m.Folds, len(m.Rounds))
	if m.Best > 0 {
		fmt.Fprintf(w, "Who knew the true probabilities of these calls would reach a ROC AUC of %.3f.\n", m.Best)
	}
	fmt.Fprintln(w)
	study.Print(w, study.Table(methods, "method", ""), verdicts)
	for _, method := range methods {
		if s := seconds[method.Name]; s > 0 {
			fmt.Fprintf(w, "%s: %.1f minutes\n", method.Name, s/60)
		}
	}
	_, err = fmt.Fprintf(w, "Fine-tuning was used by %d of %d predictors.\n\n", used, len(m.Rounds))
	return err
}

// summarize shows all sources in one table, and the mean differences over them, each with the same weight. The sources know
// nothing of each other, so the variances of their differences add up; those come from the intervals of the bootstrap.
func summarize(ctx context.Context, w io.Writer, all []*measurement) error {
	t := report.Table{Columns: []string{"source", "best possible", "tf-idf", "best generic head", "fine-tuned", "generic stack", "predictor"}}
	sum, variance, n := make([]float64, len(compared)), make([]float64, len(compared)), float64(len(all))
	for _, m := range all {
		methods, verdicts, err := m.judge(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", m.Source, err)
		}
		_, generic := best(methods)
		row := []string{m.Source, "–"}
		if m.Best > 0 {
			row[1] = study.Three(m.Best)
		}
		for _, name := range []string{conversion.Words, generic.Name, conversion.TunedTurns, conversion.GenericStack, conversion.Best} {
			cell := "–"
			for _, found := range study.Named(methods, name) {
				cell = study.Three(found.ROCAUC)
			}
			row = append(row, cell)
		}
		t.Rows = append(t.Rows, row)
		if len(verdicts) != len(compared) { // without fine-tuning
			sum = nil
		}
		for i := range sum {
			d := verdicts[i].Difference
			sum[i] += d.Estimate
			variance[i] += math.Pow((d.High-d.Low)/2/normal95, 2)
		}
	}
	study.Print(w, t, nil)
	for i := range sum {
		d, e := sum[i]/n, math.Sqrt(variance[i])/n
		fmt.Fprintf(w, "%s instead of %s: ROC AUC %+.4f [%+.4f, %+.4f], p %s\n", compared[i][1], compared[i][0], d, d-normal95*e, d+normal95*e, study.P(math.Erfc(math.Abs(d)/e/math.Sqrt2)))
	}
	return nil
}

// normal95 is how many standard errors to either side 95% of a normal distribution take.
const normal95 = 1.959964
