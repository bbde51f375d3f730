package main

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/classify/evaluate/drift"
)

// finding is the result of a test.
type finding struct {
	name      string
	what      string // the statistic
	statistic float64
	psi       float64 // NaN where there is none
	p         float64
	adjusted  float64 // p, for the number of tests
	least     float64 // the size of a statistic that matters
	alarm     bool
}

// least are the sizes of statistics that matter.
const (
	leastDistance = 0.1  // between distributions
	leastShare    = 0.02 // of calls
	leastAUC      = 0.02
)

// number is a number that the store, or -data, has of a call.
type number struct {
	name string
	of   func(row) (float64, bool)
}

// compare tests recent calls against the calls of the reference period.
func compare(ctx context.Context, reference, recent []row, said map[string]text, alpha float64) ([]finding, error) {
	c := &comparison{reference: reference, recent: recent}
	v := version(recent)
	old, young := of(reference, v), of(recent, v)
	c.numbers(old, young, number{"log_odds", func(r row) (float64, bool) { return r.LogOdds, true }})
	c.numbers(reference, recent, number{"turns", func(r row) (float64, bool) { return float64(r.Turns), true }})
	c.numbers(reference, recent, number{"words", func(r row) (float64, bool) { return float64(r.Words), true }})
	for _, w := range []conversion.Warning{conversion.NoWords, conversion.TooShort, conversion.NotEnglish, conversion.Unlike} {
		c.shares(string(w), reference, recent, func(r row) bool { return slices.Contains(r.Warnings, string(w)) })
	}
	c.numbers(reference, recent, number{"unknown_words", func(r row) (float64, bool) {
		t, ok := said[r.CallID]
		return t.unknown, ok && !t.vocabulary
	}})
	c.embeddings(ctx, said)
	c.outcomes(old, young)
	return c.judge(alpha), c.err
}

// comparison collects findings, and the first error.
type comparison struct {
	reference, recent []row
	findings          []finding
	err               error
}

// add adds the result of a test.
func (c *comparison) add(name, what string, least, psi float64, t drift.Test, err error) {
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("%s: %w", name, err)
	}
	c.findings = append(c.findings, finding{name: name, what: what, statistic: t.Statistic, psi: psi, p: t.P, least: least})
}

// numbers tests the distribution of a number, of the calls that have it.
func (c *comparison) numbers(reference, recent []row, n number) {
	values := func(rows []row) (all []float64) {
		for _, r := range rows {
			if v, ok := n.of(r); ok {
				all = append(all, v)
			}
		}
		return all
	}
	a, b := values(reference), values(recent)
	if min(len(a), len(b)) < fewest {
		return
	}
	const bins = 10
	psi, err := drift.PSI(a, b, bins)
	if err != nil {
		psi = math.NaN()
	}
	t, err := drift.KolmogorovSmirnov(a, b)
	c.add(n.name, "distance", leastDistance, psi, t, err)
}

// shares tests the share of calls of which something holds.
func (c *comparison) shares(name string, reference, recent []row, holds func(row) bool) {
	if min(len(reference), len(recent)) < fewest {
		return
	}
	t, err := drift.Fisher(count(reference, holds), len(reference), count(recent, holds), len(recent))
	c.add(name, "change of the share", leastShare, math.NaN(), t, err)
}

// outcomes tests what is known of the calls of a version by now.
func (c *comparison) outcomes(reference, recent []row) {
	known := func(r row) bool { return r.outcome == nil }
	reference, recent = slices.DeleteFunc(slices.Clone(reference), known), slices.DeleteFunc(slices.Clone(recent), known)
	won := func(r row) bool { return r.outcome.Won }
	c.shares("won", reference, recent, won)
	p, y := scored(reference)
	q, z := scored(recent)
	if min(len(p), len(q)) < fewest {
		return
	}
	t, err := drift.Calibration(p, y, q, z)
	c.add("calibration", "change of won - predicted", leastShare, math.NaN(), t, err)
	a, b := count(reference, won), count(recent, won)
	if min(a, len(p)-a, b, len(q)-b) < fewest/2 {
		return
	}
	t, err = drift.AUC(p, y, q, z)
	c.add("roc_auc", "change", leastAUC, math.NaN(), t, err)
}

// judge adjusts the p values and decides which findings are alarms.
func (c *comparison) judge(alpha float64) []finding {
	p := make([]float64, len(c.findings))
	for i, f := range c.findings {
		p[i] = f.p
	}
	for i, adjusted := range drift.Holm(p) {
		f := &c.findings[i]
		f.adjusted = adjusted
		f.alarm = adjusted <= alpha && math.Abs(f.statistic) >= f.least
	}
	return c.findings
}
