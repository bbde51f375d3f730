package evaluate_test

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/org/salesconv/classify/evaluate"
)

func ExampleEvaluate() {
	m, err := evaluate.Evaluate([]float64{0.9, 0.7, 0.4, 0.2}, []int{1, 0, 1, 0})
	fmt.Printf("accuracy %.2f, ROC AUC %.2f, PR AUC %.2f, log loss %.3f, error %v\n", m.Accuracy, m.ROCAUC, m.PRAUC, m.LogLoss, err)
	// Output: accuracy 0.50, ROC AUC 0.75, PR AUC 0.83, log loss 0.612, error <nil>
}

// shareOf is a simple model: the share of label 1 among the training rows with the same value.
func shareOf(value []string, y []int) evaluate.Refit {
	return func(_ context.Context, train, test []int) ([]float64, error) {
		won, all := map[string]float64{}, map[string]float64{}
		for _, i := range train {
			won[value[i]] += float64(y[i])
			all[value[i]]++
		}
		p := make([]float64, len(test))
		for k, i := range test {
			p[k] = (won[value[i]] + 1) / (all[value[i]] + 2)
		}
		return p, nil
	}
}

// Two models, compared on calls of agents that neither was trained on.
func ExampleCompare() {
	var y []int
	var product, weekday, agents []string
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		label, offer := r.IntN(2), r.IntN(2)
		if r.IntN(2) == 0 { // half of the calls are won just where the premium product is on offer
			offer = label
		}
		y = append(y, label)
		product = append(product, []string{"basic", "premium"}[offer])
		weekday = append(weekday, []string{"Mon", "Tue", "Wed", "Thu", "Fri"}[r.IntN(5)])
		agents = append(agents, fmt.Sprintf("agent %d", r.IntN(40)))
	}
	ctx := context.Background()
	folds, err := evaluate.Folds(y, agents, 5, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	a, err := evaluate.CrossValidate(ctx, y, folds, shareOf(weekday, y))
	if err != nil {
		fmt.Println(err)
		return
	}
	b, err := evaluate.CrossValidate(ctx, y, folds, shareOf(product, y))
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := evaluate.Compare(ctx, a, b, &evaluate.ResampleOptions{Groups: agents})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(c.Verdict("by weekday", "by product"))
	// Output: evidence of a difference: by weekday 0.510, by product 0.720, difference +0.210 [+0.123, +0.289], p < 0.001
}

// Which customers to call when there is time for two calls.
func ExampleThresholdCapacity() {
	p := []float64{0.2, 0.9, 0.6, 0.4}
	threshold, err := evaluate.ThresholdCapacity(p, 2)
	fmt.Println(threshold, err)
	for i, v := range p {
		if v >= threshold {
			fmt.Println("call customer", i)
		}
	}
	// Output:
	// 0.6 <nil>
	// call customer 1
	// call customer 2
}

func ExampleLift() {
	points, err := evaluate.Lift([]float64{0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2}, []int{1, 1, 0, 1, 0, 0, 0, 0}, 4)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range points {
		fmt.Printf("the best %.0f%%: %.0f%% of them win, %.0f%% of all that win\n", 100*p.Share, 100*p.Precision, 100*p.Gain)
	}
	// Output:
	// the best 25%: 100% of them win, 67% of all that win
	// the best 50%: 75% of them win, 100% of all that win
	// the best 75%: 50% of them win, 100% of all that win
	// the best 100%: 38% of them win, 100% of all that win
}
