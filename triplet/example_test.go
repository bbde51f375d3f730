package triplet_test

import (
	"context"
	"fmt"
	"os"

	"gonum.org/v1/gonum/floats"

	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/triplet"
)

// Two outcomes, a few short calls each; real ones have more of both.
func ExampleTrain() {
	model, err := encoder.Load(os.DirFS("../encoder/testdata/models/mean12"))
	if err != nil {
		fmt.Println(err)
		return
	}
	docs := [][]string{
		{"the price is too high", "call me"}, {"is it", "too high"}, {"hello", "the price"},
		{"we can sign today", "hello there"}, {"sign it", "today"}, {"we can", "sign it"},
	}
	lost, won := 0, 1
	labels := []int{lost, lost, lost, won, won, won}
	history, err := triplet.Train(context.Background(), model, docs, labels, &triplet.Options{Epochs: 3, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	last := history.Steps[len(history.Steps)-1]
	fmt.Printf("%d documents of %d segments, %d steps, all triplets active: %v\n", history.Documents, history.Segments, last.Step, last.Active == 1)
	// Output: 6 documents of 12 segments, 3 steps, all triplets active: true
}

// A query trained alongside the encoder weighs the turns of a call; the weights can be read.
func ExampleTrain_attention() {
	model, err := encoder.Load(os.DirFS("../encoder/testdata/models/mean12"))
	if err != nil {
		fmt.Println(err)
		return
	}
	docs := [][]string{{"hello there", "the price is too high"}, {"hello", "too high"}, {"hello", "we can sign it today"}, {"hello there", "sign today"}}
	labels := []int{0, 0, 1, 1}
	ctx := context.Background()
	if _, err := triplet.Train(ctx, model, docs, labels, &triplet.Options{Attention: true, Epochs: 3}); err != nil {
		fmt.Println(err)
		return
	}
	turns, err := model.EncodeSegments(ctx, docs[0], nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	blocks, err := model.Pooling().Weights(turns, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	weights := blocks[0]
	fmt.Printf("%d turns, whose weights sum to %.3f\n", len(weights), weights[0]+weights[1])
	// Output: 2 turns, whose weights sum to 1.000
}

// contrastive is the loss of pairs (Hadsell, Chopra and LeCun 2006): those of one label are drawn together, those of
// different labels pushed apart until their distance is the margin.
type contrastive struct{ Margin float64 }

func (c contrastive) Evaluate(b *triplet.Batch) (loss float64, err error) {
	n, width := b.Embeddings.Dims()
	pairs := float64(n * (n - 1) / 2)
	difference := make([]float64, width)
	for i := range n {
		for j := range i {
			floats.SubTo(difference, b.Embeddings.RawRowView(i), b.Embeddings.RawRowView(j))
			distance := floats.Norm(difference, 2)
			slope := distance // of half the squared distance
			if b.Labels[i] != b.Labels[j] {
				slope = min(distance-c.Margin, 0)
			}
			loss += slope * slope / 2 / pairs
			if distance > 0 {
				floats.AddScaled(b.Gradient.RawRowView(i), slope/distance/pairs, difference)
				floats.AddScaled(b.Gradient.RawRowView(j), -slope/distance/pairs, difference)
			}
		}
	}
	return loss, nil
}

// A loss of the caller's own, checked against finite differences before it trains.
func ExampleObjective() {
	loss := contrastive{Margin: 0.5}
	if err := triplet.CheckGradient(loss, []int{0, 0, 0, 1, 1, 1}, 8, 1); err != nil {
		fmt.Println(err)
		return
	}
	model, err := encoder.Load(os.DirFS("../encoder/testdata/models/mean12"))
	if err != nil {
		fmt.Println(err)
		return
	}
	docs := [][]string{{"the price is too high"}, {"is it", "too high"}, {"we can sign today"}, {"sign it", "today"}}
	labels := []int{0, 0, 1, 1}
	history, err := triplet.Train(context.Background(), model, docs, labels, &triplet.Options{Objective: loss, Epochs: 20, LearningRate: 1e-3, NoDropout: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	first, last := history.Steps[0], history.Steps[len(history.Steps)-1]
	fmt.Printf("%d steps, the loss falls: %v\n", last.Step, last.Loss < first.Loss)
	// Output: 20 steps, the loss falls: true
}

// Two runs with different seeds, averaged: a model soup, which costs no more than one model.
func ExampleAverage() {
	docs := [][]string{{"the price is too high"}, {"is it", "too high"}, {"we can sign today"}, {"sign it", "today"}}
	labels := []int{0, 0, 1, 1}
	generic, err := encoder.Load(os.DirFS("../encoder/testdata/models/mean12"))
	if err != nil {
		fmt.Println(err)
		return
	}
	var models []*encoder.Model
	for seed := range uint64(2) {
		model := generic.Clone()
		if _, err := triplet.Train(context.Background(), model, docs, labels, &triplet.Options{Seed: seed, LabelWeight: 1}); err != nil {
			fmt.Println(err)
			return
		}
		models = append(models, model)
	}
	soup, err := triplet.Average(models...)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(soup.Width(), "numbers for each document, and a classifier of the label:", soup.Heads().Label != nil)
	// Output: 16 numbers for each document, and a classifier of the label: true
}
