package classify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/classify/internal/sample"
	"github.com/org/salesconv/internal/matrix"
	"gonum.org/v1/gonum/mat"
)

// A Block is a named group of features, read by a head of its own in a Stack.
type Block struct {
	Name string
	// Features are the features of all rows of the data. Anything learned in them (a vocabulary, an encoder) must be
	// learned from the training rows alone. Default: what Learn returns for all training rows.
	Features mat.Matrix
	// Learn returns the features of all rows of the data as learned from the rows train alone. It is called for each inner
	// fold. Default, for features that are not learned from the data: Features.
	Learn func(ctx context.Context, train []int) (mat.Matrix, error)
	// Head fits the block's classifier. Default a logistic regression: of sparse columns with C = 1, of others
	// standardized with C = 0.01. Both penalties are strong enough to keep the head from memorizing a few hundred rows;
	// the weight of the head in the stack scales the shrunken margins up again.
	Head Fitter
	// OutOfFoldMargins are margins of all rows by classifiers that were not trained on them, for a block that is costly to
	// train, such as a fine-tuned encoder: Head is then fitted to all training rows only. Default: inner folds give them.
	OutOfFoldMargins []float64
	// Optional lets FitStack leave the block out: see Heads.Stack.
	Optional bool
}

// StackOptions are the settings of FitHeads and FitStack. Nil means the defaults.
type StackOptions struct {
	// Folds is the number of inner folds whose margins the weights of the heads are fitted to. Default 5, or as many as
	// there are groups if that is less.
	Folds   int
	Groups  []string  // rows of a group stay in one inner fold; default each row for itself
	Weights []float64 // of the rows; default all 1
	// Shrinkage shrinks the weights of the heads towards equal weights: half the penalty on their squared distance from
	// their mean, heads scaled to margins of variance 1. Default 30, as if 120 rows had found them equal,
	// unless 3, 10 or 100 lowers the log loss out of fold by more than its standard error; negative: none.
	Shrinkage float64
	Seed      uint64 // of the inner folds
	// Progress, if set, is called before a block is fitted: in inner fold 1 to Folds, then on all training rows (fold 0).
	Progress func(block string, fold int)
}

// Heads are the classifiers of blocks of features, one for each, fitted to the training rows, with their out-of-fold
// margins: the expensive part of a Stack. Any of them can be combined to stacks, as often as needed. Safe for
// concurrent use.
type Heads struct {
	heads    []Head
	features []mat.Matrix // of all rows of the data, by head
	margins  [][]float64  // out of fold, by head and training row
	spreads  []float64    // of the margins, by head: in a fold they may hardly differ

	y         []int // of the training rows, as are the following
	groups    []string
	weights   []float64
	folds     []evaluate.Fold
	shrinkage float64
}

// FitHeads fits the head of each block to the rows train of the data, and again without each inner fold of these
// rows, for out-of-fold margins. y and the options have an entry for every row of the data; entries outside train are
// ignored. A nil train means all rows.
func FitHeads(ctx context.Context, blocks []Block, y []int, train []int, opts *StackOptions) (*Heads, error) {
	if train == nil {
		train = sample.All(len(y))
	}
	o, err := opts.withDefaults(y, train)
	if err != nil {
		return nil, err
	}
	if err := checkBlocks(blocks, len(y)); err != nil {
		return nil, err
	}
	h := &Heads{y: sample.Pick(y, train), groups: sample.Pick(o.Groups, train), weights: sample.Pick(o.Weights, train), shrinkage: o.Shrinkage}
	if h.folds, err = evaluate.Folds(h.y, h.groups, o.Folds, o.Seed); err != nil {
		return nil, err
	}
	if h.margins, err = outOfFoldMargins(ctx, blocks, y, train, h.folds, &o); err != nil {
		return nil, err
	}
	for b, z := range h.margins {
		if j := matrix.NotFinite(z, false); j >= 0 {
			return nil, fmt.Errorf("classify: stack: block %q: the out-of-fold margin of row %d is %v", blocks[b].Name, train[j], z[j])
		}
		h.spreads = append(h.spreads, spread(z, h.weights))
	}
	for _, b := range blocks {
		head, x, err := b.fit(ctx, y, train, &o, 0)
		if err != nil {
			return nil, err
		}
		h.heads, h.features = append(h.heads, head), append(h.features, x)
	}
	return h, nil
}

// With returns the heads of h, then the heads of other, which must have been fitted to the same rows in the same inner
// folds: for blocks that are only known after others were fitted. A name in both is an error.
func (h *Heads) With(other *Heads) (*Heads, error) {
	if h == nil || other == nil {
		return nil, errNoModel
	}
	if !slices.Equal(h.y, other.y) || !slices.Equal(h.weights, other.weights) || !slices.EqualFunc(h.folds, other.folds, func(a, b evaluate.Fold) bool { return slices.Equal(a.Test, b.Test) }) {
		return nil, errors.New("classify: stack: the heads to join were fitted to other rows, weights or inner folds")
	}
	both := *h
	for b, head := range other.heads {
		if slices.ContainsFunc(both.heads, func(own Head) bool { return own.Name == head.Name }) {
			return nil, fmt.Errorf("classify: stack: block %q is among the heads of both", head.Name)
		}
		both.heads, both.features = append(slices.Clip(both.heads), head), append(slices.Clip(both.features), other.features[b])
		both.margins, both.spreads = append(slices.Clip(both.margins), other.margins[b]), append(slices.Clip(both.spreads), other.spreads[b])
	}
	return &both, nil
}

// withDefaults also checks the labels of the rows train.
func (o *StackOptions) withDefaults(y, train []int) (StackOptions, error) {
	var v StackOptions
	if o != nil {
		v = *o
	}
	for _, i := range train {
		if i < 0 || i >= len(y) {
			return v, fmt.Errorf("classify: stack: training row %d of %d rows", i, len(y))
		}
	}
	if math.IsNaN(v.Shrinkage) || v.Shrinkage > most {
		return v, fmt.Errorf("classify: stack: Shrinkage %v, want up to %v, negative for none", v.Shrinkage, float64(most))
	}
	if err := cmp.Or(sample.CheckGroups(len(y), v.Groups), sample.CheckWeights(len(y), v.Weights)); err != nil {
		return v, fmt.Errorf("classify: stack: %w", err)
	}
	if v.Folds == 0 {
		v.Folds = min(5, len(sample.Groups(len(train), sample.Pick(v.Groups, train))))
	}
	return v, prefixed(sample.CheckLabels(len(train), sample.Pick(y, train), sample.Pick(v.Weights, train)))
}

// checkBlocks checks the blocks of a stack for n rows.
func checkBlocks(blocks []Block, n int) error {
	if len(blocks) == 0 {
		return errors.New("classify: stack: no blocks")
	}
	names := make(map[string]bool)
	for _, b := range blocks {
		if b.Name == "" || names[b.Name] || b.Features == nil && b.Learn == nil {
			return fmt.Errorf("classify: stack: block %q needs a name of its own, and Features or Learn", b.Name)
		}
		names[b.Name] = true
		if b.OutOfFoldMargins != nil && len(b.OutOfFoldMargins) != n {
			return fmt.Errorf("classify: stack: block %q has margins of %d rows, want %d", b.Name, len(b.OutOfFoldMargins), n)
		}
	}
	return nil
}

// outOfFoldMargins are margins of the rows train by heads that were not trained on them, by block and row.
func outOfFoldMargins(ctx context.Context, blocks []Block, y, train []int, folds []evaluate.Fold, o *StackOptions) ([][]float64, error) {
	all := make([][]float64, len(blocks))
	for b, block := range blocks {
		if all[b] = sample.Pick(block.OutOfFoldMargins, train); all[b] == nil {
			all[b] = make([]float64, len(train))
		}
	}
	for f, fold := range folds {
		for b, block := range blocks {
			if block.OutOfFoldMargins != nil {
				continue
			}
			head, x, err := block.fit(ctx, y, sample.Pick(train, fold.Train), o, f+1)
			if err != nil {
				return nil, err
			}
			z, err := margins(head.Classifier, matrix.Select(x, sample.Pick(train, fold.Test)))
			if err != nil {
				return nil, fmt.Errorf("classify: stack: head %q: %w", block.Name, err)
			}
			for k, i := range fold.Test {
				all[b][i] = z[k]
			}
		}
	}
	return all, nil
}

// fit fits the block's head to the given rows, in an inner fold or (0) to all, and returns the features of all rows.
func (b *Block) fit(ctx context.Context, y []int, rows []int, o *StackOptions, fold int) (Head, mat.Matrix, error) {
	if err := ctx.Err(); err != nil {
		return Head{}, nil, fmt.Errorf("classify: stack: stopped before block %q: %w", b.Name, err)
	}
	if o.Progress != nil {
		o.Progress(b.Name, fold)
	}
	x := b.Features
	if b.Learn != nil && (fold > 0 || x == nil) {
		var err error
		if x, err = b.Learn(ctx, rows); err != nil {
			return Head{}, nil, fmt.Errorf("classify: stack: features of block %q: %w", b.Name, err)
		}
	}
	if x == nil {
		return Head{}, nil, fmt.Errorf("classify: stack: block %q has no features (a nil matrix)", b.Name)
	}
	n, d := x.Dims()
	if n != len(y) {
		return Head{}, nil, fmt.Errorf("classify: stack: block %q has features of %d rows, want %d", b.Name, n, len(y))
	}
	if err := matrix.Ragged(x); err != nil {
		return Head{}, nil, fmt.Errorf("classify: stack: features of block %q: %w", b.Name, err)
	}
	fit := b.Head
	if fit == nil {
		fit = DefaultHead(x)
	}
	c, err := fit(ctx, matrix.Select(x, rows), sample.Pick(y, rows), sample.Pick(o.Weights, rows))
	if err != nil {
		return Head{}, nil, fmt.Errorf("classify: stack: head of block %q: %w", b.Name, err)
	}
	return Head{Name: b.Name, Columns: d, Classifier: c}, x, nil
}

// DefaultHead is the default of Block.Head for features of the type of x: sparse or not.
func DefaultHead(x mat.Matrix) Fitter {
	if _, ok := x.(mat.RowNonZeroDoer); ok {
		return LogisticFitter(nil)
	}
	return LogisticFitter(&LogisticOptions{Standardize: true, C: 0.01})
}

// Stack combines the heads of the named blocks with the weights of a logistic regression on their out-of-fold
// margins, each 0 or more and shrunk towards equal weights (stacked generalization: Wolpert 1992, Breiman 1996). All
// required blocks are in the stack. At most one optional block is: the one with the lowest out-of-fold log loss, if
// it improves both log loss and ROC AUC; see Stack.Trials. Heads are in the order of FitHeads's blocks.
func (h *Heads) Stack(required, optional []string) (*Stack, error) {
	need, err := h.find(required)
	if err != nil {
		return nil, err
	}
	maybe, err := h.find(optional)
	if err != nil {
		return nil, err
	}
	if len(need) == 0 || slices.ContainsFunc(maybe, func(b int) bool { return slices.Contains(need, b) }) {
		return nil, fmt.Errorf("classify: stack: required blocks %q and optional blocks %q, want one required, and none twice", required, optional)
	}
	stay, trials, err := h.choose(need, maybe)
	if err != nil {
		return nil, err
	}
	_, shrinkage, err := h.joined(stay)
	if err != nil {
		return nil, err
	}
	weights, intercept, err := joinHeads(sample.Pick(h.margins, stay), sample.Pick(h.spreads, stay), h.y, h.weights, shrinkage)
	if err != nil {
		return nil, err
	}
	s := &Stack{Heads: sample.Pick(h.heads, stay), Intercept: intercept, Trials: trials}
	for b := range s.Heads {
		s.Heads[b].Weight = weights[b]
	}
	return s, nil
}

// Features are the features of all rows of the data as a stack of these heads reads them.
func (h *Heads) Features(s *Stack) (mat.Matrix, error) {
	index, err := h.of(s)
	if err != nil {
		return nil, err
	}
	return Join(sample.Pick(h.features, index)...)
}

// OutOfFold gives the probability of each training row by a stack of the same heads, both heads and weights fitted to other
// rows: use these to choose a threshold, and to estimate how s does on new rows. The choice of the optional block and of
// the shrinkage, however, used these rows too.
func (h *Heads) OutOfFold(s *Stack) ([]float64, error) {
	index, err := h.of(s)
	if err != nil {
		return nil, err
	}
	return h.joinedOutOfFold(index)
}

// OutOfFoldMargins are the margins of the training rows by one head, each fitted without the row's inner fold.
func (h *Heads) OutOfFoldMargins(name string) ([]float64, error) {
	if h == nil {
		return nil, errNoModel
	}
	index, err := h.find([]string{name})
	if err != nil {
		return nil, err
	}
	return slices.Clone(h.margins[index[0]]), nil
}

// of gives the places of the heads of a stack.
func (h *Heads) of(s *Stack) ([]int, error) {
	if h == nil || s == nil {
		return nil, errNoModel
	}
	names := make([]string, len(s.Heads))
	for b, head := range s.Heads {
		names[b] = head.Name
	}
	return h.find(names)
}

// find gives the places of the named heads, ascending.
func (h *Heads) find(names []string) ([]int, error) {
	var index []int
	for _, name := range names {
		b := slices.IndexFunc(h.heads, func(head Head) bool { return head.Name == name })
		if b < 0 || slices.Contains(index, b) {
			return nil, fmt.Errorf("classify: stack: no block %q, or it is named twice", name)
		}
		index = append(index, b)
	}
	slices.Sort(index)
	return index, nil
}
