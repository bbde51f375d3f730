package shap_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/shap"
	"gonum.org/v1/gonum/mat"
)

func ExampleTurns() {
	// A call is the mean of its turns' vectors; here they have two columns.
	model := &classify.Logistic{Coefficients: []float64{4, -2}, Intercept: 0.5}
	turns := mat.NewDense(3, 2, []float64{
		1, 0, // "Send me the contract."
		0, 1, // "Our budget is frozen."
		0, 0, // "Hello?"
	})
	e, err := shap.Turns(model, []float64{0.25, 0.25}, turns, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("base %.2f, turns %.2f, log-odds %.2f\n", e.Base, e.Values, e.Output())
	// Output: base 1.00, turns [1.17 -0.83 -0.17], log-odds 1.17
}

func ExampleWords() {
	value := func(_ context.Context, texts []string) ([]float64, error) {
		outputs := make([]float64, len(texts))
		for i, text := range texts {
			outputs[i] = float64(strings.Count(text, "sign"))
		}
		return outputs, nil
	}
	e, err := shap.Words(context.Background(), "Where do I sign?", value, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, v := range e.Values {
		fmt.Printf("%q %.0f\n", e.Names[i], v)
	}
	// Output:
	// "Where " 0
	// "do " 0
	// "I " 0
	// "sign?" 1
}

func ExampleSample() {
	// Two players who are worth 1 each, and 1 more together.
	value := func(_ context.Context, coalitions [][]bool) ([]float64, error) {
		outputs := make([]float64, len(coalitions))
		for i, c := range coalitions {
			switch {
			case c[0] && c[1]:
				outputs[i] = 3
			case c[0] || c[1]:
				outputs[i] = 1
			}
		}
		return outputs, nil
	}
	e, err := shap.Sample(context.Background(), 2, value, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.Base, e.Values, e.Errors == nil)
	// Output: 0 [1.5 1.5] true
}

func ExampleCorrelatedRows() {
	// The model reads column 0 alone; column 1 nearly repeats it.
	model := &classify.Logistic{Coefficients: []float64{2, 0}}
	covariance := mat.NewSymDense(2, []float64{1, 0.9, 0.9, 1})
	x := mat.NewDense(1, 2, []float64{1, 1})
	e, err := shap.CorrelatedRows(context.Background(), model, []float64{0, 0}, covariance, x, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.2f\n", e.Row(0).Values)
	// Output: [1.10 0.90]
}

func ExampleExplanation_Probability() {
	e := &shap.Explanation{Base: 0, Values: []float64{2, -1}} // of the log-odds
	p, err := e.Probability()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("base %.2f, values %.2f, probability %.2f\n", p.Base, p.Values, p.Output())
	// Output: base 0.50, values [0.42 -0.19], probability 0.73
}
