package classify

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/org/salesconv/classify/internal/sample"
	"gonum.org/v1/gonum/mat"
)

// An Ensemble is a soft vote: the weighted mean of the probabilities of classifiers that read the same rows.
// For classifiers of different features, and for explanations that add up, see Stack.
type Ensemble struct {
	Members []Classifier
	Weights []float64 // nil: equal
}

// Predict gives the probability of label 1 for each row of x.
func (e *Ensemble) Predict(x mat.Matrix) ([]float64, error) {
	if e == nil || len(e.Members) == 0 || x == nil {
		return nil, errNoModel
	}
	if err := prefixed(sample.CheckWeights(len(e.Members), e.Weights)); err != nil {
		return nil, fmt.Errorf("classify: ensemble: %w", err)
	}
	n, _ := x.Dims()
	mean, total := make([]float64, n), 0.0
	for k, c := range e.Members {
		p, err := predictBy(c, x)
		if err != nil {
			return nil, fmt.Errorf("classify: ensemble: member %d: %w", k, err)
		}
		w := sample.WeightAt(e.Weights, k)
		total += w
		for i, v := range p {
			mean[i] += w * v
		}
	}
	for i := range mean {
		mean[i] = min(mean[i]/total, 1)
	}
	return mean, nil
}

// savedEnsemble is what a file holds of an Ensemble.
type savedEnsemble struct {
	Weights []float64         `json:"weights,omitempty"`
	Members []json.RawMessage `json:"members"`
}

// Save writes e as JSON, for Load. Every member must have a method Save(io.Writer) error.
func (e *Ensemble) Save(w io.Writer) error {
	if e == nil {
		return errNoModel
	}
	saved := savedEnsemble{Weights: e.Weights}
	for _, c := range e.Members {
		raw, err := saveNested(c)
		if err != nil {
			return err
		}
		saved.Members = append(saved.Members, raw)
	}
	return encode(w, "ensemble", saved)
}

func decodeEnsemble(raw json.RawMessage, depth int) (Classifier, error) {
	var saved savedEnsemble
	if err := json.Unmarshal(raw, &saved); err != nil {
		return nil, err
	}
	e := &Ensemble{Weights: saved.Weights}
	for k, m := range saved.Members {
		c, err := decode(m, depth)
		if err != nil {
			return nil, fmt.Errorf("member %d: %w", k, err)
		}
		e.Members = append(e.Members, c)
	}
	if len(e.Members) == 0 {
		return nil, errors.New(`"members" is empty or missing`)
	}
	return e, sample.CheckWeights(len(e.Members), e.Weights)
}
