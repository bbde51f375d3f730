package boost

import (
	"cmp"
	"math"
	"slices"

	"github.com/org/salesconv/internal/kernel"
)

// scanBlock finds the best split of a node by the columns of a block.
func (g *histGrower) scanBlock(n *histNode, b *binBlock, h []int64, best *split) {
	for k := range b.count {
		j := b.first + k
		if n.allowed != nil && !n.allowed[j] {
			continue
		}
		h, c := b.column(h, k, g.words), &g.data.cuts[j]
		switch {
		case !c.categorical:
			g.scanNumeric(n, j, h, best)
		case len(c.cut) < g.maxOneHot:
			g.scanOneHot(n, j, g.bins(h, len(c.cut)), best)
		default:
			g.scanSets(n, j, g.bins(h, len(c.cut)), best)
		}
	}
}

// scanNumeric tries the cuts of a numeric column. The gain of the best cut, which one vectorised pass finds, rules out
// nearly all columns.
func (g *histGrower) scanNumeric(n *histNode, feature int, h []int64, best *split) {
	c := &g.data.cuts[feature]
	missing := whole{}
	if c.missing {
		missing = binOf(h, len(c.cut), g.words)
	}
	need := g.needed(n, best)
	if g.lambda > 0 || g.minChild > 0 { // otherwise h+lambda may be 0
		gain := g.bestCut(n, h[:len(c.cut)*g.words], whole{})
		if missing != (whole{}) {
			gain = max(gain, g.bestCut(n, h[:len(c.cut)*g.words], missing))
		}
		if g.plain() && g.alpha == 0 && g.minChild > 0 { // some cut gains as much: no side has second derivatives of 0
			need = max(need, n.reach(gain)*nearly)
		}
		if gain <= need {
			return
		}
	}
	g.scanCuts(n, feature, h, need, best, +1)
	if missing != (whole{}) {
		g.scanCuts(n, feature, h, need, best, -1)
	}
}

// bestCut is the largest gain of the cuts of a column, in units of whole numbers, where the rows of start always go left.
func (g *histGrower) bestCut(n *histNode, h []int64, start whole) float64 {
	return kernel.BestCut(h, g.words == packedWords, [2]int64{start.grad, start.hess}, [2]int64{n.total.grad, n.total.hess},
		g.least(), float64(g.lambda)/g.scales.hess)
}

// needed is what a cut must gain to be better than the best so far, in gains of whole numbers.
func (g *histGrower) needed(n *histNode, best *split) float64 {
	unit := g.scales.grad * g.scales.grad / g.scales.hess
	return float64(best.gain+n.gain) * nearly / unit
}

// least is the smallest sum of second derivatives of a child, as a whole number.
func (g *histGrower) least() int64 {
	return int64(min(math.Ceil(float64(g.minChild)/g.scales.hess), 1<<62)) // which no sum is above
}

// scanCuts tries the cuts of a column that gain what is needed, from below, missing values going right, or from above,
// going left.
func (g *histGrower) scanCuts(n *histNode, feature int, h []int64, need float64, best *split, step int) {
	lambda, least := float64(g.lambda)/g.scales.hess, g.least()
	grad, hess := float64(n.total.grad), n.total.hess
	c := &g.data.cuts[feature]
	at := 0
	if step < 0 {
		at = len(c.cut) - 1
	}
	words := g.words
	for sum := (whole{}); uint(at) < uint(len(c.cut)); at += step {
		bin := binOf(h, at, words)
		if bin.grad|bin.hess == 0 {
			continue
		}
		sum = sum.plus(bin)
		inner, outer := sum.hess, hess-sum.hess
		if inner < least {
			continue
		}
		if outer < least {
			return
		}
		g1 := float64(sum.grad)
		if !mayGain(g1, float64(inner)+lambda, grad-g1, float64(outer)+lambda, need) {
			continue
		}
		s := split{feature: int32(feature), left: g.float(sum), right: g.float(n.total.minus(sum))}
		switch {
		case step > 0:
			s.threshold = c.cut[at]
		case at == 0:
			s.threshold = c.low
		default:
			s.threshold = c.cut[at-1]
		}
		if step < 0 {
			s.left, s.right, s.defaultLeft = s.right, s.left, true
		}
		if g.consider(n, &s, best) {
			need = max(need, g.needed(n, best))
		}
	}
}

// consider makes s the best split of a node if it is better and reports whether it was.
func (g *histGrower) consider(n *histNode, s, best *split) bool {
	if s.left.hess < float64(g.minChild) || s.right.hess < float64(g.minChild) {
		return false
	}
	before := best.gain
	s.gain = g.splitGain(int(s.feature), s.left, s.right, n.bounds) - n.gain
	best.improve(s)
	return best.gain != before
}

// scanOneHot tries each category of a column against all others.
func (g *histGrower) scanOneHot(n *histNode, feature int, h []whole, best *split) {
	missing := n.total
	for _, p := range h {
		missing = missing.minus(p)
	}
	for category, p := range h {
		s := split{feature: int32(feature), defaultLeft: true, categories: CategorySet([]int{category})}
		s.left, s.right = g.float(n.total.minus(p)), g.float(p)
		g.consider(n, &s, best)
		s.defaultLeft = false
		s.left, s.right = g.float(n.total.minus(p).minus(missing)), g.float(p.plus(missing))
		g.consider(n, &s, best)
	}
}

// scanSets sorts the categories of a column by the weight they would like and tries the cuts of that order: missing
// values go left while the right side grows from below, and right while the left side grows from above.
func (g *histGrower) scanSets(n *histNode, feature int, h []whole, best *split) {
	order := make([]int, len(h))
	weight := make([]float32, len(h))
	for c, p := range h {
		order[c], weight[c] = c, g.freeWeight(g.float(p))
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(weight[a], weight[b]) })
	tries := min(g.maxCategories, len(h)) - 1
	try := func(right whole, first int, defaultLeft bool) {
		s := split{feature: int32(feature), defaultLeft: defaultLeft}
		s.left, s.right = g.float(n.total.minus(right)), g.float(right)
		if g.consider(n, &s, best) {
			best.categories = CategorySet(order[:first])
		}
	}
	sum := whole{}
	for k := range tries {
		sum = sum.plus(h[order[k]])
		try(sum, k+1, true)
	}
	sum = whole{}
	for k := range tries {
		sum = sum.plus(h[order[len(h)-1-k]])
		try(n.total.minus(sum), len(h)-1-k, false)
	}
}
