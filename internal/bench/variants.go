package main

import (
	"context"
	"fmt"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/transcript"
)

// variants compares ways of encoding with each other: two threads with one, 8 bits with 32.
func (b *bench) variants(ctx context.Context) error {
	s, err := newSource()
	if err != nil {
		return err
	}
	texts, self := s.texts(128, 5, 190), b.contenders[0]
	for _, v := range []struct {
		name, asked string
		a, b        request
	}{
		{"variant: encode 128 mixed texts on all threads (then: on one)", "≥ 1.85", request{}, request{Threads: 1}},
		{"variant: encode 128 mixed texts in 8 bits (then: in 32)", "≥ 1.8", request{Int8: true}, request{}},
	} {
		if !b.wants(v.name) {
			continue
		}
		pieces, err := give([]*process{self}, request{Do: "texts", Name: "variant", Texts: texts})
		if err != nil {
			return err
		}
		r := row{name: v.name, unit: "pieces/s", value: rate(pieces), faster: true, asked: v.asked}
		for _, do := range []request{v.a, v.b} {
			do.Do, do.Name = "encode", "variant"
			r.contenders = append(r.contenders, contender{self, do})
		}
		results, err := r.run(b.rounds)
		if err != nil {
			return err
		}
		b.table.line(&r, results)
	}
	return b.rounding(ctx)
}

// rounding prints what 8-bit arithmetic does to the ROC AUC of labelled calls: logistic regression on the mean of the
// turns, cross-validated by agent.
func (b *bench) rounding(ctx context.Context) error {
	const name = "variant: ROC AUC of calls in 8 bits (then: in 32)"
	if b.calls == "" || !b.wants(name) {
		return nil
	}
	var calls []transcript.Call
	for c, err := range transcript.ReadFile(ctx, b.calls) {
		if err != nil {
			return err
		}
		calls = append(calls, c)
	}
	labels, err := transcript.Labels(calls)
	if err != nil {
		return err
	}
	docs, groups := make([][]string, len(calls)), make([]string, len(calls))
	for i, c := range calls {
		docs[i], groups[i] = turns(c), c.Metadata.AgentID
	}
	folds, err := evaluate.Folds(labels, groups, 5, 1)
	if err != nil {
		return err
	}
	m, err := encoder.Load(modelFiles(b.model))
	if err != nil {
		return err
	}
	var outs [2]*evaluate.OutOfFold
	for i, eight := range []bool{true, false} {
		x, err := m.EncodeDocuments(ctx, docs, &encoder.Options{Int8: eight})
		if err != nil {
			return err
		}
		head := classify.LogisticFitter(&classify.LogisticOptions{Standardize: true, C: 0.01}) // that of the stack
		outs[i], err = evaluate.CrossValidate(ctx, labels, folds, classify.Refit(x, labels, nil, head))
		if err != nil {
			return err
		}
	}
	c, err := evaluate.Compare(ctx, outs[1], outs[0], &evaluate.ResampleOptions{Groups: pick(groups, outs[0].Row)})
	if err != nil {
		return err
	}
	d := c.Difference
	fmt.Fprintf(b.env.Stdout, "| %s | %.4f | %.4f | – | %+.4f [%+.4f, %+.4f], p = %.2f | no loss |\n", name, c.B, c.A, d.Estimate, d.Low, d.High, c.P)
	return nil
}

// pick returns the elements of s at the given places.
func pick[T any](s []T, places []int) []T {
	out := make([]T, len(places))
	for i, p := range places {
		out[i] = s[p]
	}
	return out
}
