package classify

import (
	"cmp"
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// lasso minimises F with its L1 term by proximal Newton steps (Lee, Sun and Saunders 2014) on the coefficients that are
// not 0 or want to leave it: the quadratic model of the loss plus the exact penalty is minimised by coordinate descent.
func (l *logLoss) lasso(ctx context.Context, p *point, goal, exact float64, maxSteps int) ([]float64, int, error) {
	for step := range maxSteps {
		if err := stopped(ctx, step); err != nil {
			return nil, 0, err
		}
		if l.violation(p) <= goal {
			return p.theta, step, nil
		}
		active := l.active(p)
		next := l.lassoStep(p, l.descend(p, active, hessian[float32](l, p.margin, active, l.n)))
		if next == nil { // no step lowers F any more
			return converged(p.theta, step, l.violation(p), exact)
		}
		p = next
	}
	return nil, 0, notConverged(l.violation(p), maxSteps, goal)
}

// slope is the derivative of F by v_j, or at 0 the one of least size.
func (l *logLoss) slope(p *point, j int) float64 {
	if v := p.theta[j]; v != 0 {
		return p.gradient[j] + math.Copysign(l.mu, v)
	}
	return shrink(p.gradient[j], l.mu)
}

// shrink moves v towards 0 by at most the threshold.
func shrink(v, threshold float64) float64 {
	return math.Copysign(max(0, math.Abs(v)-threshold), v)
}

// violation is how far p is from the minimum: the largest absolute slope.
func (l *logLoss) violation(p *point) float64 {
	worst := math.Abs(p.gradient[l.d])
	for j := range l.d {
		worst = max(worst, math.Abs(l.slope(p, j)))
	}
	return worst
}

// active lists the coefficients that a step may change, at most maxFactor: all that are not 0, and the ones of the largest slopes.
func (l *logLoss) active(p *point) []int {
	var index []int
	for j := range l.d {
		if p.theta[j] != 0 || l.slope(p, j) != 0 {
			index = append(index, j)
		}
	}
	if len(index) > maxFactor {
		slices.SortStableFunc(index, func(a, b int) int {
			return cmp.Compare(math.Abs(l.slope(p, b)), math.Abs(l.slope(p, a)))
		})
		index = index[:maxFactor]
		slices.Sort(index)
	}
	return index
}

// descend minimises the quadratic model about p, with second derivative h by the active coefficients and the
// intercept, and the L1 term. It returns the step.
func (l *logLoss) descend(p *point, active []int, h *mat.SymDense) []float64 {
	k := len(active)
	slope := make([]float64, k+1) // of the model's smooth part, at the current step
	for a, j := range active {
		slope[a] = p.gradient[j]
	}
	slope[k] = p.gradient[l.d]
	ridge := 1e-7 * mat.Trace(h) / float64(k+1) // dependent columns would make the model flat
	raw := h.RawSymmetric()
	step := make([]float64, l.d+1)
	for range 1000 {
		moved := 0.0
		for a := range k + 1 {
			j, mu := l.d, 0.0
			if a < k {
				j, mu = active[a], l.mu
			}
			c := h.At(a, a) + ridge
			from := p.theta[j] + step[j]
			delta := shrink(from-slope[a]/c, mu/c) - from
			if delta == 0 {
				continue
			}
			step[j] += delta
			floats.AddScaled(slope, delta, raw.Data[a*raw.Stride:a*raw.Stride+k+1]) // both triangles are there
			slope[a] += ridge * delta
			moved = max(moved, delta*delta*c)
		}
		if moved <= 1e-20 {
			break
		}
	}
	return step
}

// lassoStep goes from p along the step as far as F falls by a part of what the model promises, or returns nil.
func (l *logLoss) lassoStep(p *point, step []float64) *point {
	promise := floats.Dot(p.gradient, step)
	for j := range l.d {
		promise += l.mu * (math.Abs(p.theta[j]+step[j]) - math.Abs(p.theta[j]))
	}
	for t := 1.0; t > 1e-9; t /= 2 {
		next := l.at(floats.AddScaledTo(make([]float64, l.d+1), p.theta, t, step))
		fall := next.value - p.value + l.mu*(floats.Norm(next.theta[:l.d], 1)-floats.Norm(p.theta[:l.d], 1))
		if fall <= 1e-4*t*promise || math.Abs(promise) < 1e-13*p.value && l.violation(next) < l.violation(p) {
			return next
		}
	}
	return nil
}
