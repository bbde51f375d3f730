package classify

import (
	"fmt"
	"math"
	"slices"

	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/classify/internal/sample"
	"gonum.org/v1/gonum/stat"
)

// A BlockTrial evaluates a stack with at most one of the optional blocks out of fold: both heads and weights were
// fitted to other rows.
type BlockTrial struct {
	Block   string  `json:"block"` // "": none
	LogLoss float64 `json:"log_loss"`
	ROCAUC  float64 `json:"roc_auc"`
	Gain    float64 `json:"gain"`       // decrease of the log loss, compared with no optional block
	Error   float64 `json:"gain_error"` // standard error of Gain over groups of rows
	Stays   bool    `json:"stays"`
}

// choose lists the blocks that stay, ascending: all that are required, and of the optional ones with which log loss and
// ROC AUC out of fold are better than without, the one with the lowest log loss.
func (h *Heads) choose(required, optional []int) (stay []int, trials []BlockTrial, err error) {
	if len(optional) == 0 {
		return required, nil, nil
	}
	best, members := 0, sample.Groups(len(h.y), h.groups)
	var without []float64
	for i := range len(optional) + 1 {
		with, name := required, ""
		if i > 0 {
			with, name = append(slices.Clone(required), optional[i-1]), h.heads[optional[i-1]].Name
		}
		p, err := h.joinedOutOfFold(with)
		if err != nil {
			return nil, nil, err
		}
		if i == 0 {
			without = p
		}
		t := BlockTrial{Block: name, LogLoss: evaluate.LogLoss(p, h.y), ROCAUC: evaluate.ROCAUC(p, h.y)}
		t.Gain, t.Error = gain(without, p, h.y, members)
		trials = append(trials, t)
		if t.LogLoss < trials[best].LogLoss && t.ROCAUC > trials[0].ROCAUC {
			best = i
		}
	}
	trials[best].Stays = true
	if best == 0 {
		return required, trials, nil
	}
	stay = append(slices.Clone(required), optional[best-1])
	slices.Sort(stay)
	return stay, trials, nil
}

// gain is by how much the log loss of q is lower than the log loss of p, and its standard error over groups of rows.
func gain(p, q []float64, y []int, members [][]int) (mean, err float64) {
	sums := make([]float64, len(members))
	for g, rows := range members {
		for _, i := range rows {
			sums[g] += sample.LogLoss(p[i], y[i]) - sample.LogLoss(q[i], y[i])
		}
	}
	groups, n := float64(len(members)), float64(len(y))
	mean, deviation := stat.MeanStdDev(sums, nil)
	return mean * groups / n, deviation * math.Sqrt(groups) / n
}

// joinedOutOfFold gives each row the probability by weights of the given heads that were fitted on the other folds.
func (h *Heads) joinedOutOfFold(index []int) ([]float64, error) {
	z, _, err := h.joined(index)
	return sigmoids(z, err)
}

// usualShrinkage is the default of StackOptions.Shrinkage unless the data speak for one of otherShrinkages.
const usualShrinkage = 30

var otherShrinkages = []float64{3, 10, 100}

// joined returns the margin of each row by weights of the given heads that were fitted on the other folds, and the shrinkage of
// the weights. Unless it is set, it is usualShrinkage, or the other value with the lowest log loss, chosen on all rows, if that
// is lower by more than its standard error.
func (h *Heads) joined(index []int) (margins []float64, shrinkage float64, err error) {
	if h.shrinkage != 0 || len(index) == 1 { // one head has nothing to be shrunk towards
		shrinkage = max(h.shrinkage, 0)
		margins, err = h.joinedBy(index, shrinkage)
		return margins, shrinkage, err
	}
	if margins, err = h.joinedBy(index, usualShrinkage); err != nil {
		return nil, 0, err
	}
	shrinkage = usualShrinkage
	most, members := 0.0, sample.Groups(len(h.y), h.groups)
	usual, _ := sigmoids(slices.Clone(margins), nil)
	for _, s := range otherShrinkages {
		z, err := h.joinedBy(index, s)
		p, err := sigmoids(slices.Clone(z), err)
		if err != nil {
			return nil, 0, err
		}
		if better, deviation := gain(usual, p, h.y, members); better > max(most, deviation) {
			most, margins, shrinkage = better, z, s
		}
	}
	return margins, shrinkage, nil
}

// joinedBy returns the margins of joined for a given shrinkage.
func (h *Heads) joinedBy(index []int, shrinkage float64) ([]float64, error) {
	margins, z := sample.Pick(h.margins, index), make([]float64, len(h.y))
	for _, fold := range h.folds {
		train := make([][]float64, len(margins))
		for b, m := range margins {
			train[b] = sample.Pick(m, fold.Train)
		}
		weights, intercept, err := joinHeads(train, sample.Pick(h.spreads, index), sample.Pick(h.y, fold.Train), sample.Pick(h.weights, fold.Train), shrinkage)
		if err != nil {
			return nil, err
		}
		for _, i := range fold.Test {
			z[i] = intercept
			for b, w := range weights {
				z[i] += w * margins[b][i]
			}
		}
	}
	return z, nil
}

// WeighMargins fits weights to out-of-fold margins, by head and row, as Heads.Stack does. It returns the weight of each head,
// and the combined margin of each row by weights that were fitted without its fold. With nil groups each row is a group of
// its own.
func WeighMargins(margins [][]float64, y []int, groups []string, folds []evaluate.Fold) (weights, outOfFold []float64, err error) {
	h := &Heads{margins: margins, y: y, groups: groups, folds: folds}
	for b, z := range margins {
		if len(z) != len(y) {
			return nil, nil, fmt.Errorf("classify: head %d has %d margins for %d labels", b, len(z), len(y))
		}
		h.spreads = append(h.spreads, spread(z, nil))
	}
	outOfFold, shrinkage, err := h.joined(sample.All(len(margins)))
	if err != nil {
		return nil, nil, err
	}
	weights, _, err = joinHeads(margins, h.spreads, y, nil, shrinkage)
	return weights, outOfFold, err
}
