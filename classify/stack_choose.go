package classify

import (
	"math"
	"slices"

	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/classify/internal/sample"
	"gonum.org/v1/gonum/stat"
)

// A BlockTrial is a stack with at most one of the optional blocks, judged out of fold: by heads and weights that were both
// fitted on other rows.
type BlockTrial struct {
	Block   string  `json:"block"` // "": none
	LogLoss float64 `json:"log_loss"`
	ROCAUC  float64 `json:"roc_auc"`
	Gain    float64 `json:"gain"`       // by how much the log loss is lower than without any
	Error   float64 `json:"gain_error"` // standard error of Gain over groups of rows
	Stays   bool    `json:"stays"`
}

// choose lists the blocks that stay: all that have to, and of the optional ones with which log loss and ROC AUC out of
// fold are better than without, the one with the lowest log loss. Margins are by block and row.
func choose(blocks []Block, margins [][]float64, folds []evaluate.Fold, y []int, groups []string, rowWeight []float64, equality float64) (stay []int, trials []BlockTrial) {
	var fixed, optional []int
	for b, block := range blocks {
		if block.Optional {
			optional = append(optional, b)
		} else {
			fixed = append(fixed, b)
		}
	}
	if optional == nil {
		return fixed, nil
	}
	best, members := 0, sample.Groups(len(y), groups)
	var without []float64
	for i := range len(optional) + 1 {
		with, name := fixed, ""
		if i > 0 {
			with, name = append(slices.Clone(fixed), optional[i-1]), blocks[optional[i-1]].Name
		}
		p := joinedOutOfFold(sample.Pick(margins, with), folds, y, rowWeight, equality)
		if i == 0 {
			without = p
		}
		t := BlockTrial{Block: name, LogLoss: evaluate.LogLoss(p, y), ROCAUC: evaluate.ROCAUC(p, y)}
		t.Gain, t.Error = gain(without, p, y, members)
		trials = append(trials, t)
		if t.LogLoss < trials[best].LogLoss && t.ROCAUC > trials[0].ROCAUC {
			best = i
		}
	}
	trials[best].Stays = true
	if best == 0 {
		return fixed, trials
	}
	stay = append(fixed, optional[best-1])
	slices.Sort(stay)
	return stay, trials
}

// gain is by how much the log loss of q is lower than that of p, and the standard error of this over groups of rows.
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

// joinedOutOfFold gives each row the probability by weights of the heads that were fitted on the other folds.
func joinedOutOfFold(margins [][]float64, folds []evaluate.Fold, y []int, rowWeight []float64, equality float64) []float64 {
	p := make([]float64, len(y))
	for _, fold := range folds {
		train := make([][]float64, len(margins))
		for b, z := range margins {
			train[b] = sample.Pick(z, fold.Train)
		}
		weights, intercept := joinHeads(train, sample.Pick(y, fold.Train), sample.Pick(rowWeight, fold.Train), equality)
		for _, i := range fold.Test {
			z := intercept
			for b, w := range weights {
				z += w * margins[b][i]
			}
			p[i] = Sigmoid(z)
		}
	}
	return p
}
