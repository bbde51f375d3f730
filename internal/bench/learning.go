package main

import (
	"context"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/tsne"
)

// rowSet is a labelled matrix.
type rowSet struct {
	x *mat.Dense
	y []int
}

func newRowSet(rows [][]float64, labels []int) rowSet {
	s := rowSet{mat.NewDense(len(rows), len(rows[0]), nil), labels}
	for i, r := range rows {
		s.x.SetRow(i, r)
	}
	return s
}

// learn times a fit on a set of rows.
func (s rowSet) learn(do string) (answer, error) {
	ctx := context.Background()
	switch do {
	case "logistic":
		return timed(func() error { _, err := classify.FitLogistic(ctx, s.x, s.y, nil); return err })
	case "boosted":
		return timed(func() error { _, err := classify.FitBoosted(ctx, s.x, s.y, nil); return err })
	default:
		return timed(func() error { _, err := tsne.Embed(ctx, s.x, nil); return err })
	}
}

// clusters draws rows around ten centres; the label is the half of the centres, one in ten flipped.
func clusters(n, width int) (rows [][]float64, labels []int) {
	rng := rand.New(rand.NewPCG(3, 4))
	centres := make([][]float64, 10)
	draw := func(around []float64, scale float64) []float64 {
		row := make([]float64, width)
		for j := range row {
			if row[j] = scale * rng.NormFloat64(); around != nil {
				row[j] += around[j]
			}
		}
		return row
	}
	for i := range centres {
		centres[i] = draw(nil, 0.5)
	}
	for i := range n {
		rows = append(rows, draw(centres[i%10], 1))
		label := i % 10 / 5
		if rng.IntN(10) == 0 {
			label = 1 - label
		}
		labels = append(labels, label)
	}
	return rows, labels
}

// learning compares what follows the embeddings.
func (b *bench) learning(ctx context.Context) error {
	const name = "learn"
	if !b.wants(name) {
		return nil
	}
	reference, err := b.references.learners(ctx)
	if err != nil {
		return err
	}
	defer reference.close()
	if _, err := reference.read("start"); err != nil {
		return err
	}
	self, err := b.self(ctx)
	if err != nil {
		return err
	}
	rows, labels := clusters(2000, 384)
	if _, err := give([]*process{self, reference}, request{Do: "rows", Name: name, Rows: rows, Labels: labels}); err != nil {
		return err
	}
	for _, l := range []struct {
		name, do string
		theirs   [][2]string // request and name
	}{
		{"logistic regression", "logistic", [][2]string{{"logistic", "scikit-learn"}}},
		{"100 boosted trees", "boosted", [][2]string{{"boosted", "XGBoost"}, {"lightgbm", "LightGBM"}, {"lightgbm_quantized", "LightGBM, quantized gradients"}}},
		{"t-SNE", "tsne", [][2]string{{"tsne", "scikit-learn"}, {"opentsne", "openTSNE"}}},
	} {
		r := row{name: "learn: " + l.name + ", 2,000 rows of 384", unit: "s", value: func(s float64) float64 { return s },
			entries: []entry{{self, request{Do: l.do, Name: name}, self.name}}}
		for _, t := range l.theirs {
			r.entries = append(r.entries, entry{reference, request{Do: t[0], Name: name}, t[1]})
		}
		if err := b.measure(r); err != nil {
			return err
		}
	}
	return nil
}
