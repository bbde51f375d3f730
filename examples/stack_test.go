package examples_test

import (
	"context"
	"fmt"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/shap"
	"github.com/org/salesconv/transcript"
	"gonum.org/v1/gonum/mat"
)

// A stack of two heads, one on words, one on who talks how much and on metadata; and what the second made of a call, by
// the names of its columns.
func Example_stack() {
	if err := explainTalk(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// tf-idf 2.0, talk and metadata 0.3
	// customer's words a turn = 9.22: -0.70
	// agent's share of words = 0.648: -0.23
	// words a minute = 148: -0.23
}

func explainTalk(ctx context.Context) error {
	made, err := transcript.Generate(300, &transcript.GenerateOptions{Seed: 5})
	if err != nil {
		return err
	}
	labels, err := transcript.Labels(made.Calls)
	if err != nil {
		return err
	}
	agents, err := transcript.Groups(made.Calls, "agent_id")
	if err != nil {
		return err
	}
	words := func(_ context.Context, train []int) (mat.Matrix, error) { // learned anew in each inner fold
		all, some := make([]string, len(labels)), make([]string, len(train))
		for i, c := range made.Calls {
			all[i] = c.Text
		}
		for k, i := range train {
			some[k] = all[i]
		}
		t, err := transcript.FitTFIDF(some, nil)
		if err != nil {
			return nil, err
		}
		return t.Transform(all), nil
	}
	features, err := transcript.FitFeatures(made.Calls)
	if err != nil {
		return err
	}
	rows := features.Rows(made.Calls)
	x := mat.NewDense(len(rows), len(features.Names()), nil)
	for i, row := range rows {
		x.SetRow(i, row)
	}
	trees := func(ctx context.Context, x mat.Matrix, y []int, weight []float64) (classify.Classifier, error) {
		return classify.FitBoosted(ctx, x, y, &classify.BoostedOptions{LearningRate: 0.05, MaxDepth: 3, MinChildWeight: 5, Weights: weight})
	}
	blocks := []classify.Block{
		{Name: "tf-idf", Learn: words},
		{Name: "talk and metadata", Features: x, Head: trees},
	}
	stack, _, err := classify.FitStack(ctx, blocks, labels, nil, &classify.StackOptions{Groups: agents})
	if err != nil {
		return err
	}
	a, b := stack.Heads[0], stack.Heads[1]
	fmt.Printf("%s %.1f, %s %.1f\n", a.Name, a.Weight, b.Name, b.Weight)
	explainer, err := shap.NewTreeExplainer(b.Classifier.(*classify.Boosted))
	if err != nil {
		return err
	}
	why, err := explainer.Explain(rows[0])
	if err != nil {
		return err
	}
	why.Names = features.Names()
	for _, i := range why.Top(3) {
		fmt.Printf("%s = %.3g: %+.2f\n", why.Name(i), rows[0][i], why.Values[i])
	}
	return nil
}
