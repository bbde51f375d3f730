package evaluate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/org/salesconv/classify/internal/sample"
	"gonum.org/v1/gonum/stat/distuv"
)

// A Comparison is of two models' predictions of the same rows. Its p values are two-sided: the probability of a difference at
// least this large if both models were equally good. There is a difference if both interval and permutation test find one, see
// Differs. If the test finds none, the interval is widened to include 0, because bootstrap intervals over few groups are too
// narrow.
type Comparison struct {
	A          float64  `json:"a"`          // the score of the first model
	B          float64  `json:"b"`          // the score of the second
	Difference Interval `json:"difference"` // B - A
	P          float64  `json:"p"`          // of Difference, by permutation
	// DeLong is p of the difference in ROC AUC by DeLong's test, which ignores groups.
	DeLong  float64 `json:"delong_p"`
	McNemar float64 `json:"mcnemar_p"` // of the difference in decisions at threshold ½
	level   float64
}

// Compare tests whether b scores better or worse than a: an interval of the difference by paired bootstrap, and a paired
// permutation test that exchanges the two in whole groups. Both must predict the same rows of the data, out of fold;
// opts.Groups has an entry for each of these rows, as they are listed in Row.
func Compare(ctx context.Context, a, b *OutOfFold, opts *ResampleOptions) (*Comparison, error) {
	if a == nil || b == nil {
		return nil, errors.New("evaluate: compare: no predictions (nil)")
	}
	if !slices.Equal(a.Row, b.Row) || !slices.Equal(a.Y, b.Y) {
		return nil, fmt.Errorf("evaluate: compare: predictions of %d and of %d rows are not of the same rows and labels", len(a.Row), len(b.Row))
	}
	y := a.Y
	if err := errors.Join(checkScores(a.P, y), checkScores(b.P, y)); err != nil {
		return nil, err
	}
	o, err := opts.withDefaults(len(y))
	if err != nil {
		return nil, err
	}
	c := &Comparison{A: o.Score(a.P, y), B: o.Score(b.P, y), level: o.Level}
	c.Difference, err = o.bootstrap(ctx, y, func(rows []int) float64 {
		labels := sample.Pick(y, rows)
		return o.Score(sample.Pick(b.P, rows), labels) - o.Score(sample.Pick(a.P, rows), labels)
	})
	if err != nil {
		return nil, err
	}
	if c.P, err = o.permute(ctx, a.P, b.P, y); err != nil {
		return nil, err
	}
	if d := &c.Difference; c.P >= 1-c.level {
		d.Low, d.High = min(d.Low, 0), max(d.High, 0)
	}
	c.DeLong, c.McNemar = deLong(a.P, b.P, y), mcNemar(a.P, b.P, y)
	return c, nil
}

// Differs reports whether the difference is more than chance would explain: P is below one minus the interval's level, and the
// interval does not hold 0.
func (c *Comparison) Differs() bool {
	return c.P < 1-c.level && (c.Difference.Low > 0 || c.Difference.High < 0)
}

// Verdict puts the comparison of two named models into words: "evidence of a difference: …" or "no evidence of a
// difference: …" with scores, interval and p.
func (c *Comparison) Verdict(a, b string) string {
	p := "p < 0.001"
	if c.P >= 0.001 {
		p = fmt.Sprintf("p = %.3f", c.P)
	}
	numbers := fmt.Sprintf("%s %.3f, %s %.3f, difference %+.3f [%+.3f, %+.3f], %s",
		a, c.A, b, c.B, c.Difference.Estimate, c.Difference.Low, c.Difference.High, p)
	if !c.Differs() {
		return "no evidence of a difference: " + numbers
	}
	return "evidence of a difference: " + numbers
}

// permute is the share of exchanges with a difference at least as large as the one seen, that one among them.
// For the ROC AUC it is ranks that are exchanged (Bandos, Rockette and Gur 2005), so that a difference in scale is none.
func (o *ResampleOptions) permute(ctx context.Context, a, b []float64, y []int) (float64, error) {
	members := sample.Groups(len(y), o.Groups)
	if o.ranks {
		a, b = sample.Midranks(a), sample.Midranks(b)
	}
	seen := math.Abs(o.Score(b, y) - o.Score(a, y))
	larger := make([]bool, o.Samples)
	err := o.each(ctx, func(s int, r *rand.Rand) {
		p, q := slices.Clone(a), slices.Clone(b)
		for _, rows := range members {
			if r.Uint64()&1 == 0 {
				continue
			}
			for _, i := range rows {
				p[i], q[i] = q[i], p[i]
			}
		}
		larger[s] = math.Abs(o.Score(q, y)-o.Score(p, y)) >= seen-1e-12
	})
	return sample.PermutationP(larger), err
}

// deLong is the two-sided p of equal ROC AUCs on the same rows, which are taken to be independent (DeLong, DeLong and
// Clarke-Pearson 1988), by ranks (Sun and Xu 2014). It is 0 where the AUCs differ by the same in every row, and 1 where a
// label has one row only, from which no variance can be estimated.
func deLong(a, b []float64, y []int) float64 {
	var placements [2][]float64 // differences between b and a: the share of the other label that each row outranks
	pa, pb := sample.Placement(a, y), sample.Placement(b, y)
	for i, label := range y {
		placements[label] = append(placements[label], pb[i]-pa[i])
	}
	variance, difference := 0.0, 0.0
	for label, v := range placements {
		mean := 0.0
		for _, d := range v {
			mean += d
		}
		mean /= float64(len(v))
		if label == 1 {
			difference = mean
		}
		square := 0.0
		for _, d := range v {
			square += (d - mean) * (d - mean)
		}
		variance += square / max(1, float64(len(v)-1)) / float64(len(v))
	}
	if difference == 0 || min(len(placements[0]), len(placements[1])) < 2 {
		return 1
	}
	return 2 * distuv.UnitNormal.Survival(math.Abs(difference)/math.Sqrt(variance))
}

// mcNemar is the exact two-sided p of as many rows being predicted correctly by a alone as by b alone, at threshold ½
// (McNemar 1947).
func mcNemar(a, b []float64, y []int) float64 {
	onlyA, onlyB := 0, 0
	for i, label := range y {
		rightA, rightB := (a[i] >= 0.5) == (label == 1), (b[i] >= 0.5) == (label == 1)
		switch {
		case rightA && !rightB:
			onlyA++
		case rightB && !rightA:
			onlyB++
		}
	}
	n := onlyA + onlyB
	if n == 0 {
		return 1
	}
	binomial := distuv.Binomial{N: float64(n), P: 0.5}
	return min(1, 2*binomial.CDF(float64(min(onlyA, onlyB))))
}
