package classify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/org/salesconv/internal/matrix"
	"gonum.org/v1/gonum/mat"
)

// A Fitter trains a classifier; nil weights are all 1.
type Fitter func(ctx context.Context, x mat.Matrix, y []int, weight []float64) (Classifier, error)

// LogisticFitter fits logistic regressions with the given settings (nil: the defaults) and the weights it is given.
func LogisticFitter(opts *LogisticOptions) Fitter {
	return func(ctx context.Context, x mat.Matrix, y []int, weight []float64) (Classifier, error) {
		var o LogisticOptions
		if opts != nil {
			o = *opts
		}
		o.Weights = weight
		return FitLogistic(ctx, x, y, &o)
	}
}

// A Stack combines the heads of named blocks of features: its margin is Intercept + Σ Weight·(margin of the head), so
// the explanations of the heads add up to an explanation of the stack. The columns of x are the columns of the
// blocks, side by side, as Join puts them.
type Stack struct {
	Heads     []Head
	Intercept float64
	// Trials are the stack without any optional block, then with each of them; nil if no block was optional.
	Trials []BlockTrial
}

// A Head is the part of a Stack that reads one block of Columns columns.
type Head struct {
	Name       string
	Columns    int
	Weight     float64 // 0 or more
	Classifier Classifier
}

// FitStack fits heads for the blocks and combines them: FitHeads and Heads.Stack in one call, with the Optional
// blocks as its optional ones. It also returns the features of all rows as the stack reads them.
func FitStack(ctx context.Context, blocks []Block, y []int, train []int, opts *StackOptions) (*Stack, mat.Matrix, error) {
	h, err := FitHeads(ctx, blocks, y, train, opts)
	if err != nil {
		return nil, nil, err
	}
	var required, optional []string
	for _, b := range blocks {
		if b.Optional {
			optional = append(optional, b.Name)
		} else {
			required = append(required, b.Name)
		}
	}
	s, err := h.Stack(required, optional)
	if err != nil {
		return nil, nil, err
	}
	x, err := h.Features(s)
	return s, x, err
}

// HeadMargins gives the margin of each head, by head and row, before the weights.
func (s *Stack) HeadMargins(x mat.Matrix) ([][]float64, error) {
	if s == nil || len(s.Heads) == 0 {
		return nil, errNoModel
	}
	width := 0
	for _, h := range s.Heads {
		width += h.Columns
	}
	if err := checkWidth(x, width); err != nil {
		return nil, err
	}
	z := make([][]float64, len(s.Heads))
	lo := 0
	for b, h := range s.Heads {
		var err error
		if z[b], err = margins(h.Classifier, matrix.Columns(x, lo, lo+h.Columns)); err != nil {
			return nil, fmt.Errorf("classify: stack: head %q: %w", h.Name, err)
		}
		lo += h.Columns
	}
	return z, nil
}

// Margins gives the log-odds of label 1 for each row of x.
func (s *Stack) Margins(x mat.Matrix) ([]float64, error) {
	heads, err := s.HeadMargins(x)
	if err != nil {
		return nil, err
	}
	n, _ := x.Dims()
	z := make([]float64, n)
	for i := range z {
		z[i] = s.Intercept
		for b, h := range s.Heads {
			z[i] += h.Weight * heads[b][i]
		}
	}
	return z, nil
}

// Predict gives the probability of label 1 for each row of x.
func (s *Stack) Predict(x mat.Matrix) ([]float64, error) { return sigmoids(s.Margins(x)) }

// Linear is the stack as one logistic regression on the joined columns, where all heads are logistic regressions.
func (s *Stack) Linear() (*Logistic, bool) {
	if s == nil {
		return nil, false
	}
	f := &Logistic{Intercept: s.Intercept}
	for _, h := range s.Heads {
		l, ok := h.Classifier.(*Logistic)
		if !ok {
			return nil, false
		}
		f.Intercept += h.Weight * l.Intercept
		for _, c := range l.Coefficients {
			f.Coefficients = append(f.Coefficients, h.Weight*c)
		}
	}
	return f, true
}

// savedStack is what a file holds of a Stack.
type savedStack struct {
	Intercept float64      `json:"intercept"`
	Heads     []savedHead  `json:"heads"`
	Trials    []BlockTrial `json:"trials,omitempty"`
}

type savedHead struct {
	Name       string          `json:"name"`
	Columns    int             `json:"columns"`
	Weight     float64         `json:"weight"`
	Classifier json.RawMessage `json:"classifier"`
}

// Save writes s as JSON, for Load. Every head must have a method Save(io.Writer) error, as classifiers of this package do.
func (s *Stack) Save(w io.Writer) error {
	if s == nil {
		return errNoModel
	}
	saved := savedStack{Intercept: s.Intercept, Trials: s.Trials}
	for _, h := range s.Heads {
		raw, err := saveNested(h.Classifier)
		if err != nil {
			return err
		}
		saved.Heads = append(saved.Heads, savedHead{h.Name, h.Columns, h.Weight, raw})
	}
	return encode(w, "stack", saved)
}

func decodeStack(raw json.RawMessage, depth int) (Classifier, error) {
	var saved savedStack
	if err := json.Unmarshal(raw, &saved); err != nil {
		return nil, err
	}
	s := &Stack{Intercept: saved.Intercept, Trials: saved.Trials}
	for _, h := range saved.Heads {
		c, err := decode(h.Classifier, depth)
		if err != nil {
			return nil, fmt.Errorf("head %q: %w", h.Name, err)
		}
		if h.Columns < 1 || h.Weight < 0 {
			return nil, fmt.Errorf("head %q: %d columns, weight %v; want 1 or more, and 0 or more", h.Name, h.Columns, h.Weight)
		}
		s.Heads = append(s.Heads, Head{h.Name, h.Columns, h.Weight, c})
	}
	if len(s.Heads) == 0 {
		return nil, errors.New(`"heads" is empty or missing`)
	}
	return s, nil
}
