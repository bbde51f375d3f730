package main

import (
	"context"
	"math"
	"slices"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/examples/internal/followup"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/tsne"
	"gonum.org/v1/gonum/mat"
)

// results is what metrics.json holds, and what the page shows.
type results struct {
	Model    string          `json:"model"` // version of the predictor
	Options  options         `json:"options"`
	Data     counts          `json:"data"`
	Methods  []study.Method  `json:"held_out"`    // judged on the calls held out
	Verdicts []study.Verdict `json:"comparisons"` // of two methods
	// Leak is what the metadata alone predict, which the predictor does not read; nil: none differ.
	Leak *evaluate.Leak `json:"metadata_alone,omitempty"`
	// Further are trials of what else the stack could read: see conversion.Report.Further.
	Further []classify.BlockTrial `json:"further_features"`
	Fifths  []fifth               `json:"fifths"` // of the calls held out, by the predictor
	Heads   []conversion.Head     `json:"heads"`  // of the predictor
	// OutOfFold judges the predictor on the calls that it was trained on, by heads and weights fitted to others.
	OutOfFold conversion.Figures `json:"out_of_fold"`
	// During is the model of calls in progress, judged on the calls held out too.
	During *conversion.DuringCall `json:"during_call"`
	Maps   []mapped               `json:"maps"`
	Turns  []influence            `json:"influential_turns"`
	Tuning conversion.Tuning      `json:"fine_tuning"`

	data    *data
	heldOut followup.Page // the calls held out, for the page
	resumed []int         // of each fine-tuning run the step that it was resumed from
}

type counts struct {
	Source    string `json:"source"`
	Synthetic bool   `json:"synthetic"`
	Calls     int    `json:"calls"`
	Won       int    `json:"won"`
	Unknown   int    `json:"left_out_without_label"`
	Train     int    `json:"train"`
	Test      int    `json:"test"`
	Turns     int    `json:"turns"`
}

// fifth is a fifth of the held-out calls; the first has the lowest probabilities.
type fifth = evaluate.CalibrationBin

// mapped is a t-SNE map of all calls.
type mapped struct {
	Name       string  `json:"name"`
	Perplexity float64 `json:"perplexity"`
	KL         float64 `json:"kl_divergence"`
	Neighbours float64 `json:"same_outcome_neighbours"` // share of held-out calls whose nearest neighbour on the map has the same outcome
	file       string
	points     *mat.Dense
}

// leakFolds is the number of folds in which the metadata are judged: there are enough calls of each outcome, and agents.
const leakFolds = 4

// judge measures everything on the calls held out, and draws the maps of all.
func judge(ctx context.Context, d *data, p *conversion.Predictor, fit *conversion.Report, o *options, course *course) (*results, error) {
	r := &results{Options: *o, Data: d.counts(), Heads: p.Info().Heads, OutOfFold: p.Info().OutOfFold, During: p.Info().DuringCall, data: d}
	r.trained(fit.Tuning)
	r.Options.used(p.Info().Options.Tuning)
	if err := r.compare(ctx, d, fit, o.Seed, course); err != nil {
		return nil, err
	}
	course.Show("judging metadata and talk", 0, 1)
	var err error
	if r.Further, err = fit.Further(ctx); err != nil {
		return nil, err
	}
	folds, err := evaluate.Folds(d.Labels, d.Groups, leakFolds, o.Seed)
	if err != nil {
		return nil, err
	}
	if r.Leak, err = d.Leak(ctx, folds, o.Seed); err != nil {
		return nil, err
	}
	if err := r.draw(ctx, d, fit, o.Seed, course); err != nil {
		return nil, err
	}
	r.heldOut.Info = p.Info()
	r.Turns, err = influences(ctx, d, p, o.Seed, &r.heldOut, course)
	return r, err
}

// trained takes over how the encoder was fine-tuned.
func (r *results) trained(t *conversion.Tuning) {
	r.Tuning, r.resumed = *t, nil
	r.Tuning.Histories = slices.Clone(t.Histories)
	for k, h := range t.Histories {
		whole := *h
		r.resumed, whole.Resumed = append(r.resumed, h.Resumed), 0 // metrics.json does not depend on it
		r.Tuning.Histories[k] = &whole
	}
}

func (d *data) counts() counts {
	c := counts{Source: d.Source, Synthetic: d.Synthetic, Calls: len(d.Calls), Won: d.Won(), Unknown: d.Unknown,
		Train: len(d.split.Train), Test: len(d.split.Test)}
	for _, doc := range d.Docs {
		c.Turns += len(doc)
	}
	return c
}

// compared are the pairs of methods that the page compares. The first is left out where the predictor does without
// fine-tuning, the second where the generic weights are kept: both methods of a pair are the same then.
var compared = [][2]string{
	{conversion.Title(conversion.GenericStack), conversion.Title(conversion.Best)},
	{conversion.Title(conversion.TurnMean), conversion.Title(conversion.TunedTurns)},
	{conversion.Title(conversion.Words), conversion.Title(conversion.Best)},
}

// compare judges each method of predicting, and pairs of them.
func (r *results) compare(ctx context.Context, d *data, fit *conversion.Report, seed uint64, course *course) error {
	course.Show("predicting held-out calls", 0, len(d.split.Test))
	test := d.split.Test
	predictions, err := fit.Predict(ctx, d.test())
	if err != nil {
		return err
	}
	resample := &evaluate.ResampleOptions{Groups: study.Pick(d.Groups, test), Seed: seed}
	for k, p := range predictions {
		course.Show("judging methods", k, len(predictions))
		out := &evaluate.OutOfFold{Row: test, Fold: make([]int, len(test)), Y: study.Pick(d.Labels, test), P: p.Probability}
		m, err := study.Judge(ctx, conversion.Title(p.Method), out, resample)
		if err != nil {
			return err
		}
		r.Methods = append(r.Methods, m)
		if p.Method == conversion.Best {
			if r.Fifths, _, err = evaluate.CalibrationTable(out.P, out.Y, min(5, len(out.P))); err != nil {
				return err
			}
		}
	}
	pairs := compared
	switch {
	case fit.Tuning.Share == 0:
		pairs = compared[2:]
	case !fit.Tuning.Used:
		pairs = compared[1:]
	}
	course.Show("comparing methods", 0, len(pairs))
	r.Verdicts, err = study.Verdicts(ctx, r.Methods, pairs, resample)
	return err
}

// predictor is the method that is saved.
func (r *results) predictor() study.Method {
	return study.Named(r.Methods, conversion.Title(conversion.Best))[0]
}

// draw maps all calls by the generic and by the fine-tuned encoder.
func (r *results) draw(ctx context.Context, d *data, fit *conversion.Report, seed uint64, course *course) error {
	generic, tuned, err := fit.Embeddings(ctx, d.Calls)
	if err != nil {
		return err
	}
	for k, m := range []struct {
		name, file string
		x          mat.Matrix
	}{{"generic embeddings", "generic_embeddings", generic}, {"fine-tuned embeddings", "fine_tuned_embeddings", tuned}} {
		if k > 0 && fit.Tuning.Share == 0 { // both have the generic weights
			same := r.Maps[0]
			same.Name, same.file = m.name, m.file+".png"
			r.Maps = append(r.Maps, same)
			continue
		}
		a, err := tsne.NewAffinity(ctx, m.x, nil)
		if err != nil {
			return err
		}
		start, err := tsne.Start(ctx, m.x, seed)
		if err != nil {
			return err
		}
		layout, err := a.Layout(ctx, start, &tsne.LayoutOptions{Progress: func(s tsne.Step) {
			course.Show("map of "+m.name, s.Iteration, s.Iterations)
		}})
		if err != nil {
			return err
		}
		r.Maps = append(r.Maps, mapped{Name: m.name, Perplexity: a.Perplexity, KL: layout.KL, points: layout.Points, file: m.file + ".png",
			Neighbours: sameNeighbours(layout.Points, d.Labels, d.split.Test)})
	}
	return nil
}

// sameNeighbours is the share of the given points whose nearest other point has the same label.
func sameNeighbours(points *mat.Dense, labels, of []int) float64 {
	same := 0
	for _, i := range of {
		best, nearest := math.Inf(1), -1
		for j := range labels {
			if distance := math.Hypot(points.At(i, 0)-points.At(j, 0), points.At(i, 1)-points.At(j, 1)); j != i && distance < best {
				best, nearest = distance, j
			}
		}
		if labels[nearest] == labels[i] {
			same++
		}
	}
	return float64(same) / float64(len(of))
}
