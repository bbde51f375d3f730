package boost

import "math"

// The arithmetic here follows XGBoost's, float32 where it has float32, so that near ties fall the same way.

// sums are sums of the first and second derivatives of the loss over some rows.
type sums struct{ grad, hess float64 }

func (s sums) plus(t sums) sums  { return sums{s.grad + t.grad, s.hess + t.hess} }
func (s sums) minus(t sums) sums { return sums{s.grad - t.grad, s.hess - t.hess} }

// minGain is the smallest gain that counts: less is rounding.
const minGain = 1e-6

// A split is the best way found to divide a node.
type split struct {
	gain        float32 // 0: none found
	feature     int32
	threshold   float32
	defaultLeft bool
	categories  []uint32 // those that go right, nil: numeric
	left, right sums
}

// improve replaces s by another split of the same or a later feature if that gains more.
func (s *split) improve(t *split) {
	if t.gain > s.gain && !math.IsInf(float64(t.gain), 1) {
		*s = *t
	}
}

// A regularizer computes what a leaf should add to the log-odds of its rows, and the gain of that.
type regularizer struct {
	lambda, alpha, maxDelta, minChild float32
	monotone                          []int8 // by feature: -1, 0 or 1; nil: free
}

// bounds are what monotone constraints leave for the weights below a node.
type bounds struct{ low, high float32 }

var unbounded = bounds{-math.MaxFloat32, math.MaxFloat32}

// soft moves g towards 0 by alpha.
func (r *regularizer) soft(g float64) float64 {
	switch a := float64(r.alpha); {
	case g > a:
		return g - a
	case g < -a:
		return g + a
	}
	return 0
}

// freeWeight is the best constant for rows with the given sums.
func (r *regularizer) freeWeight(s sums) float32 {
	if s.hess < float64(r.minChild) || s.hess <= 0 {
		return 0
	}
	w := -r.soft(s.grad) / (s.hess + float64(r.lambda))
	if d := float64(r.maxDelta); d != 0 && math.Abs(w) > d {
		w = math.Copysign(d, w)
	}
	return float32(w)
}

// weight is the best constant within bounds.
func (r *regularizer) weight(s sums, b bounds) float32 {
	return min(max(r.freeWeight(s), b.low), b.high)
}

// plain: gains do not depend on weights, which is the common case.
func (r *regularizer) plain() bool { return r.maxDelta == 0 && r.monotone == nil }

// gain is by how much the constant within bounds lowers twice the loss.
func (r *regularizer) gain(s sums, b bounds) float32 {
	if s.hess <= 0 {
		return 0
	}
	if r.plain() {
		g := r.soft(s.grad)
		return float32(g*g) / float32(s.hess+float64(r.lambda))
	}
	return r.gainOf(s, r.weight(s, b))
}

// gainOf is the gain of weight w.
func (r *regularizer) gainOf(s sums, w float32) float32 {
	if s.hess <= 0 {
		return 0
	}
	g, h := float32(s.grad), float32(s.hess)
	return -(float32(2*g*w) + float32((h+r.lambda)*float32(w*w)))
}

// splitGain is the gain of both sides of a split by the feature; not a number if it breaks a monotone constraint.
func (r *regularizer) splitGain(feature int, left, right sums, b bounds) float32 {
	if r.plain() {
		return r.gain(left, b) + r.gain(right, b)
	}
	wl, wr := r.weight(left, b), r.weight(right, b)
	if r.monotone != nil && float32(r.monotone[feature])*(wl-wr) > 0 {
		return float32(math.NaN())
	}
	return r.gainOf(left, wl) + r.gainOf(right, wr)
}

// slightly less than 1, for rounding
const nearly = 1 - 1e-6

// mayGain reports without a division whether two sides, their second derivatives plus lambda, could together gain more
// than needed: they gain at most the sum of g²/h, and penalties and constraints only take from it.
func mayGain(g1, h1, g2, h2, needed float64) bool { return g1*g1*h2+g2*g2*h1 > needed*h1*h2 }

// divide is the bounds of the children of a split by the feature, given their weights.
func (r *regularizer) divide(b bounds, feature int, left, right float32) (bounds, bounds) {
	l, u := b, b
	if r.monotone != nil {
		middle := (left + right) / 2
		switch r.monotone[feature] {
		case 1:
			l.high, u.low = middle, middle
		case -1:
			l.low, u.high = middle, middle
		}
	}
	return l, u
}

// interactions determines which features may be split on below others: those that some group holds together with all
// features split on above.
type interactions [][]int32

// below is what may be split on below a node that was split by feature, and the features split on so far.
func (g interactions) below(path []int32, feature int32, features int) (allowed []bool, newPath []int32) {
	newPath = append(append(newPath, path...), feature)
	allowed = make([]bool, features)
	for _, f := range newPath {
		allowed[f] = true
	}
	for _, group := range g {
		if containsAll(group, newPath) {
			for _, f := range group {
				allowed[f] = true
			}
		}
	}
	return allowed, newPath
}

func containsAll(group, want []int32) bool {
	for _, f := range want {
		found := false
		for _, g := range group {
			found = found || f == g
		}
		if !found {
			return false
		}
	}
	return true
}
