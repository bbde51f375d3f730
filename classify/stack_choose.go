package classify

import (
	"math"
	"slices"

	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/classify/internal/sample"
	"gonum.org/v1/gonum/stat"
)

// A BlockTrial is a stack with at most one of the optional blocks, measured out of fold: by heads and weights that were
// both fitted to other rows.
type BlockTrial struct {
	Block   string  `json:"block"` // "": none
	LogLoss float64 `json:"log_loss"`
	ROCAUC  float64 `json:"roc_auc"`
	Gain    float64 `json:"gain"`       // by how much the log loss is lower than without any
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
	margins := sample.Pick(h.margins, index)
	p := make([]float64, len(h.y))
	for _, fold := range h.folds {
		train := make([][]float64, len(margins))
		for b, z := range margins {
			train[b] = sample.Pick(z, fold.Train)
		}
		weights, intercept, err := joinHeads(train, sample.Pick(h.spreads, index), sample.Pick(h.y, fold.Train), sample.Pick(h.weights, fold.Train), h.shrinkage)
		if err != nil {
			return nil, err
		}
		for _, i := range fold.Test {
			z := intercept
			for b, w := range weights {
				z += w * margins[b][i]
			}
			p[i] = Sigmoid(z)
		}
	}
	return p, nil
}
