package shap

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
)

// Explanation attributes a model's output to players: columns, turns, words. Base and Values add up to the output,
// which is the log-odds for the models of package classify.
type Explanation struct {
	Base   float64   // output where nothing is known of any player
	Values []float64 // what each player adds to it
	Names  []string  // of the players; nil: they are numbered
	Errors []float64 // standard errors of Values; nil: Values are exact
}

// Output returns Base plus all values, summed in their order.
func (e *Explanation) Output() float64 {
	sum := e.Base
	for _, v := range e.Values {
		sum += v
	}
	return sum
}

// Name returns the name of player i, its number if it has none.
func (e *Explanation) Name(i int) string {
	if i < len(e.Names) {
		return e.Names[i]
	}
	return strconv.Itoa(i)
}

// Top returns the k players with the largest absolute values, largest first; all of them if there are fewer.
func (e *Explanation) Top(k int) []int {
	order := make([]int, len(e.Values))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(math.Abs(e.Values[b]), math.Abs(e.Values[a])) })
	return order[:max(0, min(k, len(order)))]
}

// Combine returns the explanation of Σ weights[k]·outputₖ, such as the margin of a stack of heads, from the explanations of its
// terms. All terms must have the same players; names come from the first. Errors are taken to be independent.
func Combine(weights []float64, terms []*Explanation) (*Explanation, error) {
	if len(weights) != len(terms) || len(terms) == 0 {
		return nil, fmt.Errorf("shap: %d weights for %d explanations, want one each", len(weights), len(terms))
	}
	if slices.Contains(terms, nil) {
		return nil, errors.New("shap: an explanation to combine is nil")
	}
	n := len(terms[0].Values)
	sum := &Explanation{Values: make([]float64, n), Names: terms[0].Names}
	for k, e := range terms {
		if len(e.Values) != n {
			return nil, fmt.Errorf("shap: explanation %d has %d players, the first has %d", k, len(e.Values), n)
		}
		if err := e.checkErrors(); err != nil {
			return nil, err
		}
		sum.Base += weights[k] * e.Base
		for i, v := range e.Values {
			sum.Values[i] += weights[k] * v
		}
		if e.Errors != nil && sum.Errors == nil {
			sum.Errors = make([]float64, n)
		}
		for i, s := range e.Errors {
			sum.Errors[i] = math.Hypot(sum.Errors[i], weights[k]*s)
		}
	}
	if err := finite(sum); err != nil {
		return nil, err
	}
	return sum, nil
}

// checkErrors returns an error if there are Errors, but not one for each value.
func (e *Explanation) checkErrors() error {
	if e.Errors != nil && len(e.Errors) != len(e.Values) {
		return fmt.Errorf("shap: an explanation of %d values and %d Errors, want one each, or none of Errors", len(e.Values), len(e.Errors))
	}
	return nil
}
