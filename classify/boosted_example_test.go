package classify_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"math"

	"github.com/org/salesconv/classify"
	"gonum.org/v1/gonum/mat"
)

// talks is, for each call, the share of the talk that is the customer's, and the questions asked (NaN: not counted).
// Customers buy where they talk much, or ask much.
func talks() (*mat.Dense, []int) {
	x := mat.NewDense(200, 2, nil)
	y := make([]int, 200)
	for i := range y {
		share, questions := float64(i%20)/20, float64(i*7%11)
		if share > 0.7 || questions > 6 {
			y[i] = 1
		}
		if i%13 == 0 {
			questions = math.NaN()
		}
		x.SetRow(i, []float64{share, questions})
	}
	return x, y
}

func ExampleFitBoosted() {
	x, y := talks()
	b, err := classify.FitBoosted(context.Background(), x, y, &classify.BoostedOptions{Rounds: 30, MaxDepth: 3, Names: []string{"share", "questions"}})
	if err != nil {
		log.Fatal(err)
	}
	p, err := b.Predict(mat.NewDense(3, 2, []float64{
		0.2, 1,
		0.9, 1,
		0.2, math.NaN(),
	}))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.2f\n", p)
	splits, _, _ := b.Importance()
	for j, name := range b.Names() {
		fmt.Println(name, splits[j] > 0)
	}
	// Output:
	// [0.00 0.98 0.18]
	// share true
	// questions true
}

func ExampleFitBoosted_validation() {
	x, y := talks()
	rounds := 0
	b, err := classify.FitBoosted(context.Background(), x.Slice(0, 150, 0, 2), y[:150], &classify.BoostedOptions{
		Rounds:     1000,
		Validation: x.Slice(150, 200, 0, 2), ValidationLabels: y[150:],
		Patience: 10,
		Progress: func(round int, _ float64) { rounds = round },
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("stopped early:", rounds < 1000, "- trees kept:", rounds-len(b.Trees()) == 10)
	// Output:
	// stopped early: true - trees kept: true
}

func ExampleReadXGBoost() {
	x, y := talks()
	b, err := classify.FitBoosted(context.Background(), x, y, nil)
	if err != nil {
		log.Fatal(err)
	}
	var file bytes.Buffer // bst.load_model reads it in Python
	if err := b.WriteXGBoost(&file); err != nil {
		log.Fatal(err)
	}
	c, err := classify.ReadXGBoost(&file)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(c.Trees()), "trees of", c.Columns(), "columns")
	// Output:
	// 100 trees of 2 columns
}
