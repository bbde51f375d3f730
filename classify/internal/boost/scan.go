package boost

import (
	"cmp"
	"math"
	"slices"
)

// scanBlock finds the best split of a node by the columns of a block.
func (g *histGrower) scanBlock(n *histNode, b *binBlock, h []int64, best *split) {
	for k := range b.count {
		j := b.first + k
		if n.allowed != nil && !n.allowed[j] {
			continue
		}
		h, c := b.column(h, k), &g.data.cuts[j]
		switch {
		case !c.categorical:
			g.scanNumeric(n, j, h[:len(c.cut)], best, +1)
			if c.missing && h[len(c.cut)] != 0 {
				g.scanNumeric(n, j, h[:len(c.cut)], best, -1)
			}
		case len(c.cut) < g.maxOneHot:
			g.scanOneHot(n, j, h[:len(c.cut)], best)
		default:
			g.scanSets(n, j, h[:len(c.cut)], best)
		}
	}
}

// scanNumeric tries the cuts of a column from below, missing values going right, or from above, going left.
func (g *histGrower) scanNumeric(n *histNode, feature int, h []int64, best *split, step int) {
	// Most cuts are thrown out in whole numbers of gradients, in which gains are by unit smaller.
	lambda := float64(g.lambda) / g.scales.hess
	unit := g.scales.grad * g.scales.grad / g.scales.hess
	least := int64(math.Ceil(float64(g.minChild) / g.scales.hess))
	grad, hess := float64(n.total>>32), int64(uint32(n.total))
	needed := func() float64 { return float64(best.gain+n.gain) * nearly / unit }
	need, c := needed(), &g.data.cuts[feature]
	at := 0
	if step < 0 {
		at = len(h) - 1
	}
	for sum := int64(0); uint(at) < uint(len(h)); at += step {
		if h[at] == 0 {
			continue
		}
		sum += h[at]
		inner := int64(uint32(sum))
		outer := hess - inner
		if inner < least {
			continue
		}
		if outer < least {
			return
		}
		g1 := float64(sum >> 32)
		if !mayGain(g1, float64(inner)+lambda, grad-g1, float64(outer)+lambda, need) {
			continue
		}
		s := split{feature: int32(feature), left: g.scales.unpack(sum), right: g.scales.unpack(n.total - sum)}
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
			need = needed()
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
func (g *histGrower) scanOneHot(n *histNode, feature int, h []int64, best *split) {
	missing := n.total
	for _, p := range h {
		missing -= p
	}
	for category, p := range h {
		s := split{feature: int32(feature), defaultLeft: true, categories: CategorySet([]int{category})}
		s.left, s.right = g.scales.unpack(n.total-p), g.scales.unpack(p)
		g.consider(n, &s, best)
		s.defaultLeft = false
		s.left, s.right = g.scales.unpack(n.total-p-missing), g.scales.unpack(p+missing)
		g.consider(n, &s, best)
	}
}

// scanSets sorts the categories of a column by the weight they would like and tries the cuts of that order: missing
// values go left while the right side grows from below, and right while the left side grows from above.
func (g *histGrower) scanSets(n *histNode, feature int, h []int64, best *split) {
	order := make([]int, len(h))
	weight := make([]float32, len(h))
	for c, p := range h {
		order[c], weight[c] = c, g.freeWeight(g.scales.unpack(p))
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(weight[a], weight[b]) })
	tries := min(g.maxCategories, len(h)) - 1
	try := func(right int64, first int, defaultLeft bool) {
		s := split{feature: int32(feature), defaultLeft: defaultLeft}
		s.left, s.right = g.scales.unpack(n.total-right), g.scales.unpack(right)
		if g.consider(n, &s, best) {
			best.categories = CategorySet(order[:first])
		}
	}
	sum := int64(0)
	for k := range tries {
		sum += h[order[k]]
		try(sum, k+1, true)
	}
	sum = 0
	for k := range tries {
		sum += h[order[len(h)-1-k]]
		try(n.total-sum, len(h)-1-k, false)
	}
}
