package classify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/classify/internal/sample"
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

// A Block is a named group of features, read by a head of its own in a Stack.
type Block struct {
	Name string
	// Features gives the features of all rows of the data; whatever it has to learn for that (a vocabulary, an
	// encoder) it learns from the rows train alone, for it is called again for every fold. See Fixed.
	Features func(ctx context.Context, train []int) (mat.Matrix, error)
	// Head fits the block's classifier. Default a logistic regression: of sparse columns with C = 1, of others
	// standardized with C = 0.01. Both are strong enough to keep a few hundred rows from being learned by heart, and what
	// they take from the size of the margins, the weight of the head gives back.
	Head Fitter
	// OutOfFoldMargins are margins of all rows by classifiers that have not seen them, for a block that is costly to train, such as
	// a tuned encoder: the stack then fits Head to all training rows alone. Default: inner folds give them.
	OutOfFoldMargins []float64
	// Optional says that the stack may do without. Of all optional blocks the one stays that helps most to predict rows
	// out of fold, none where none betters log loss and ROC AUC: see Stack.Trials. Default false.
	Optional bool
}

// ConstantFeatures is Block.Features for features that are not learned from the data.
func ConstantFeatures(x mat.Matrix) func(context.Context, []int) (mat.Matrix, error) {
	return func(context.Context, []int) (mat.Matrix, error) { return x, nil }
}

// StackOptions are the settings of FitStack. Nil means the defaults.
type StackOptions struct {
	Folds   int       // inner folds whose margins the weights of the heads are fitted to; default 5, or as many as there are groups
	Groups  []string  // rows of a group stay in one inner fold; default each row for itself
	Weights []float64 // of the rows; default all 1
	// Shrinkage draws the weights of the heads towards each other: half the penalty on their squared distance from
	// their mean, heads scaled to margins of variance 1. Default 30, as if 120 rows had found them equal.
	Shrinkage float64
	Seed      uint64 // of the inner folds
	// Progress, if set, is told before a block is fitted: in inner fold 1 to Folds, then on all training rows (fold 0).
	Progress func(block string, fold int)
}

// A Stack joins the heads of named blocks of features: its margin is Intercept + Σ Weight·(margin of the head), so what
// explains the heads explains the stack. The columns of x are those of the blocks, side by side, as Join sets them.
type Stack struct {
	Heads     []Head
	Intercept float64
	Trials    []BlockTrial // where blocks were optional: how well the stack does without any, then with each of them
}

// A Head is the part of a Stack that reads one block of Columns columns.
type Head struct {
	Name       string
	Columns    int
	Weight     float64 // 0 or more
	Classifier Classifier
}

// FitStack fits a head for each block on the rows train of the data, and weights that join them: weights of 0 or more,
// drawn towards equal, of a logistic regression on margins for rows that the heads were not trained on (stacked
// generalization: Wolpert 1992, Breiman 1996). y and the options have an entry for every row of the data, of which
// those outside train are not looked at; nil train means all.
//
// It also returns the features of all rows, learned from the rows train, as the stack reads them.
func FitStack(ctx context.Context, blocks []Block, y []int, train []int, opts *StackOptions) (*Stack, mat.Matrix, error) {
	o, train, err := opts.withDefaults(blocks, y, train)
	if err != nil {
		return nil, nil, err
	}
	groups := sample.Pick(o.Groups, train)
	if o.Folds == 0 {
		o.Folds = min(5, len(sample.Groups(len(train), groups)))
	}
	folds, err := evaluate.Folds(sample.Pick(y, train), groups, o.Folds, o.Seed)
	if err != nil {
		return nil, nil, err
	}
	held, err := heldMargins(ctx, blocks, y, train, folds, o)
	if err != nil {
		return nil, nil, err
	}
	stay, trials := choose(blocks, held, folds, sample.Pick(y, train), groups, sample.Pick(o.Weights, train), o.Shrinkage)
	heads, x, err := fitHeads(ctx, sample.Pick(blocks, stay), y, train, o, 0)
	if err != nil {
		return nil, nil, err
	}
	s := &Stack{Heads: heads, Trials: trials}
	weights, intercept := joinHeads(sample.Pick(held, stay), sample.Pick(y, train), sample.Pick(o.Weights, train), o.Shrinkage)
	for b := range heads {
		s.Heads[b].Weight = weights[b]
	}
	s.Intercept = intercept
	return s, x, nil
}

// heldMargins are margins of the rows train by heads that have not seen them, by block and row.
func heldMargins(ctx context.Context, blocks []Block, y, train []int, folds []evaluate.Fold, o StackOptions) ([][]float64, error) {
	held := make([][]float64, len(blocks))
	var open []int // blocks whose margins are yet to be found
	for b, block := range blocks {
		if held[b] = sample.Pick(block.OutOfFoldMargins, train); held[b] == nil {
			held[b], open = make([]float64, len(train)), append(open, b)
		}
	}
	if open == nil {
		return held, nil
	}
	for f, fold := range folds {
		heads, x, err := fitHeads(ctx, sample.Pick(blocks, open), y, sample.Pick(train, fold.Train), o, f+1)
		if err != nil {
			return nil, err
		}
		z, err := (&Stack{Heads: heads}).HeadMargins(SelectRows(x, sample.Pick(train, fold.Test)))
		if err != nil {
			return nil, err
		}
		for h, b := range open {
			for k, i := range fold.Test {
				held[b][i] = z[h][k]
			}
		}
	}
	return held, nil
}

func (o *StackOptions) withDefaults(blocks []Block, y, train []int) (StackOptions, []int, error) {
	var v StackOptions
	if o != nil {
		v = *o
	}
	if v.Shrinkage == 0 {
		v.Shrinkage = 30
	}
	if train == nil {
		train = make([]int, len(y))
		for i := range train {
			train[i] = i
		}
	}
	for _, i := range train {
		if i < 0 || i >= len(y) {
			return v, nil, fmt.Errorf("classify: stack: training row %d of %d rows", i, len(y))
		}
	}
	names, optional := make(map[string]bool), 0
	for _, b := range blocks {
		if b.Optional {
			optional++
		}
		if b.Name == "" || names[b.Name] || b.Features == nil {
			return v, nil, fmt.Errorf("classify: stack: block %q needs a name of its own and features", b.Name)
		}
		names[b.Name] = true
		if b.OutOfFoldMargins != nil && len(b.OutOfFoldMargins) != len(y) {
			return v, nil, fmt.Errorf("classify: stack: block %q has margins of %d rows, want %d", b.Name, len(b.OutOfFoldMargins), len(y))
		}
	}
	switch {
	case len(blocks) == optional:
		return v, nil, errors.New("classify: stack: no blocks, or none that is not optional")
	case v.Groups != nil && len(v.Groups) != len(y):
		return v, nil, fmt.Errorf("classify: %d groups for %d rows", len(v.Groups), len(y))
	case !(v.Shrinkage >= 0):
		return v, nil, fmt.Errorf("classify: stack: equality %v, want 0 or more", v.Shrinkage)
	}
	if err := prefixed(sample.CheckWeights(len(y), v.Weights)); err != nil {
		return v, nil, err
	}
	return v, train, prefixed(sample.CheckLabels(len(train), sample.Pick(y, train), sample.Pick(v.Weights, train)))
}

// fitHeads fits a head for each block on the given rows and returns the features of all rows.
func fitHeads(ctx context.Context, blocks []Block, y []int, rows []int, o StackOptions, fold int) ([]Head, mat.Matrix, error) {
	heads, parts := make([]Head, len(blocks)), make([]mat.Matrix, len(blocks))
	for b, block := range blocks {
		if err := ctx.Err(); err != nil {
			return nil, nil, fmt.Errorf("classify: stack: stopped before block %q: %w", block.Name, err)
		}
		if o.Progress != nil {
			o.Progress(block.Name, fold)
		}
		x, err := block.Features(ctx, rows)
		if err != nil {
			return nil, nil, fmt.Errorf("classify: stack: features of block %q: %w", block.Name, err)
		}
		n, d := x.Dims()
		if n != len(y) {
			return nil, nil, fmt.Errorf("classify: stack: block %q has features of %d rows, want %d", block.Name, n, len(y))
		}
		fit := block.Head
		if fit == nil {
			fit = defaultHead(x)
		}
		c, err := fit(ctx, SelectRows(x, rows), sample.Pick(y, rows), sample.Pick(o.Weights, rows))
		if err != nil {
			return nil, nil, fmt.Errorf("classify: stack: head of block %q: %w", block.Name, err)
		}
		heads[b], parts[b] = Head{Name: block.Name, Columns: d, Classifier: c}, x
	}
	x, err := Join(parts...)
	return heads, x, err
}

// defaultHead is that of Block.Head.
func defaultHead(x mat.Matrix) Fitter {
	if _, ok := x.(*Sparse); ok {
		return LogisticFitter(nil)
	}
	return LogisticFitter(&LogisticOptions{Standardize: true, C: 0.01})
}

// HeadMargins gives the margin of each head, by head and row, before the weights.
func (s *Stack) HeadMargins(x mat.Matrix) ([][]float64, error) {
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
		if z[b], err = margins(h.Classifier, columns(x, lo, lo+h.Columns)); err != nil {
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

// Save writes s as JSON, for Load. Every head must be a Saver.
func (s *Stack) Save(w io.Writer) error {
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

func decodeStack(raw json.RawMessage) (Classifier, error) {
	var saved savedStack
	if err := json.Unmarshal(raw, &saved); err != nil {
		return nil, err
	}
	s := &Stack{Intercept: saved.Intercept, Trials: saved.Trials}
	for _, h := range saved.Heads {
		c, err := decode(h.Classifier)
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
