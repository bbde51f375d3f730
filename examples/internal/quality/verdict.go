package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/examples/internal/study"
)

// compared are the pairs of methods that the paired tests are about.
var compared = [][2]string{
	{conversion.GenericStack, conversion.Best}, {conversion.GenericStack, conversion.TunedStack}, {conversion.TurnMean, conversion.TunedTurns}, {conversion.Words, conversion.Best},
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
	verdicts, err = study.Verdicts(ctx, methods, compared, resample)
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
	fmt.Fprintf(w, "%s: %d calls, %d won; %d folds, %d predictors\n\n", m.Source, len(m.Labels), won, m.Folds, len(m.Rounds))
	study.Print(w, study.Table(methods, "method", ""), verdicts)
	for _, method := range methods {
		if s := seconds[method.Name]; s > 0 {
			fmt.Fprintf(w, "%s: %.1f minutes\n", method.Name, s/60)
		}
	}
	_, err = fmt.Fprintf(w, "Fine-tuning was used by %d of %d predictors.\n", used, len(m.Rounds))
	return err
}

// mean shows the mean differences over sources, each with the same weight. The sources know nothing of each other, so
// the variances of their differences add up; those come from the intervals of the bootstrap.
func mean(ctx context.Context, w io.Writer, files []string) error {
	sum, variance := make([]float64, len(compared)), make([]float64, len(compared))
	for _, file := range files {
		m, err := load(file)
		if err != nil {
			return err
		}
		_, verdicts, err := m.judge(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if len(verdicts) != len(compared) {
			return fmt.Errorf("%s was measured without fine-tuning: measure it again without -frozen", file)
		}
		fmt.Fprintf(w, "%s: %s\n", file, m.Source)
		for i, v := range verdicts {
			d := v.Difference
			sum[i] += d.Estimate
			variance[i] += math.Pow((d.High-d.Low)/2/normal95, 2)
		}
	}
	n := float64(len(files))
	for i, pair := range compared {
		d, e := sum[i]/n, math.Sqrt(variance[i])/n
		fmt.Fprintf(w, "%s instead of %s: ROC AUC %+.4f [%+.4f, %+.4f], p = %.3f\n", pair[1], pair[0], d, d-normal95*e, d+normal95*e, math.Erfc(math.Abs(d)/e/math.Sqrt2))
	}
	return nil
}

// normal95 is how many standard errors to either side 95% of a normal distribution take.
const normal95 = 1.959964
