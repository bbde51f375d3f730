package main

import (
	"context"
	"fmt"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/transcript"
)

// variants compares our own encoding on all threads with that on one.
func (b *bench) variants(ctx context.Context) error {
	s, err := newSource()
	if err != nil {
		return err
	}
	const name = "encode 128 mixed texts"
	if !b.wants(name) {
		return b.rounding(ctx)
	}
	self, err := b.self(ctx)
	if err != nil {
		return err
	}
	tokens, err := give([]*process{self}, request{Do: "texts", Name: name, Texts: s.texts(128, 5, 190)})
	if err != nil {
		return err
	}
	err = b.measure(row{name: name, unit: "tokens/s", value: rate(tokens), faster: true, entries: []entry{
		{self, request{Do: "encode", Name: name}, "ours, all threads"},
		{self, request{Do: "encode", Name: name, Threads: 1}, "ours, one thread"},
	}})
	if err != nil {
		return err
	}
	return b.rounding(ctx)
}

// rounding prints what int8 does to the ROC AUC of labelled calls: logistic regression on the mean of the
// turns, cross-validated by agent.
func (b *bench) rounding(ctx context.Context) error {
	const name = "ROC AUC of calls in int8"
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
	for i, int8 := range []bool{true, false} {
		x, err := m.EncodeDocuments(ctx, docs, &encoder.Options{Int8: int8})
		if err != nil {
			return err
		}
		head := classify.LogisticFitter(&classify.LogisticOptions{Standardize: true, C: 0.01}) // as in the stack
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
	b.table.line(name, "ours", fmt.Sprintf("%.4f, in float32 %.4f", c.B, c.A),
		fmt.Sprintf("difference %+.4f [%+.4f, %+.4f], p = %.2f", d.Estimate, d.Low, d.High, c.P))
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
