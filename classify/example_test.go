package classify_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/evaluate"
	"gonum.org/v1/gonum/mat"
)

// calls makes up rows whose first columns tell more of the label than the others.
func calls(n int) (x *mat.Dense, y []int, agents []string) {
	r := rand.New(rand.NewPCG(1, 2))
	x, y = mat.NewDense(n, 6, nil), make([]int, n)
	for i := range n {
		y[i] = i % 2
		for j := range 6 {
			x.Set(i, j, r.NormFloat64()+float64(y[i])/float64(j+1))
		}
		agents = append(agents, fmt.Sprintf("agent %d", r.IntN(n/5)))
	}
	return x, y, agents
}

func ExampleFitLogistic() {
	x, y, _ := calls(200)
	f, err := classify.FitLogistic(context.Background(), x, y, &classify.LogisticOptions{C: 0.5})
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := f.Predict(mat.NewDense(2, 6, []float64{2, 1, 1, 1, 0, 0, -1, -1, 0, 0, 0, 0}))
	fmt.Printf("%.2f %v\n", p, err)
	_, err = f.Predict(mat.NewDense(1, 5, nil))
	fmt.Println(err)
	// Output:
	// [0.95 0.08] <nil>
	// classify: rows of 5 columns, the model was trained on 6
}

func ExampleLoad() {
	x, y, _ := calls(200)
	f, err := classify.FitLogistic(context.Background(), x, y, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	var file bytes.Buffer
	if err := f.Save(&file); err != nil {
		fmt.Println(err)
		return
	}
	c, err := classify.Load(&file)
	fmt.Printf("%T, error %v\n", c, err)
	// Output: *classify.Logistic, error <nil>
}

// Two blocks of features, judged and compared on calls of agents that are not in the training data.
func ExampleFitStack() {
	ctx := context.Background()
	x, y, agents := calls(300)
	blocks := []classify.Block{
		{Name: "strong", Features: x.Slice(0, 300, 0, 2)},
		{Name: "weak", Features: x.Slice(0, 300, 2, 6)},
	}
	folds, err := evaluate.Folds(y, agents, 5, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	judge := func(blocks ...classify.Block) *evaluate.OutOfFold {
		out, err := evaluate.CrossValidate(ctx, y, folds, func(ctx context.Context, train, test []int) ([]float64, error) {
			s, features, err := classify.FitStack(ctx, blocks, y, train, &classify.StackOptions{Groups: agents})
			if err != nil {
				return nil, err
			}
			rows, err := classify.SelectRows(features, test)
			if err != nil {
				return nil, err
			}
			return s.Predict(rows)
		})
		if err != nil {
			fmt.Println(err)
		}
		return out
	}
	c, err := evaluate.Compare(ctx, judge(blocks[1]), judge(blocks...), &evaluate.ResampleOptions{Groups: agents})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Verdict("weak alone", "stack"))
	// Output: evidence of a difference: weak alone 0.653, stack 0.804, difference +0.152 [+0.090, +0.217], p < 0.001
}

func ExampleFitCalibrated() {
	ctx := context.Background()
	x, y, _ := calls(300)
	trees := func(ctx context.Context, x mat.Matrix, y []int, weight []float64) (classify.Classifier, error) {
		return classify.FitBoosted(ctx, x, y, &classify.BoostedOptions{Weights: weight})
	}
	c, err := classify.FitCalibrated(ctx, x, y, trees, &classify.CalibrateOptions{Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	row := mat.NewDense(1, 6, []float64{2, 1, 1, 1, 0, 0})
	sure, _ := c.Classifier.Predict(row)
	p, _ := c.Predict(row)
	fmt.Printf("the trees say %.2f, calibrated %.2f\n", sure, p)
	// Output: the trees say [0.99], calibrated [0.76]
}
