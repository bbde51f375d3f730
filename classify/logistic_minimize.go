package classify

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// A logLoss is the mean logistic loss of a design with its penalty, as a function of θ:
//
//	F(θ) = 1/S·Σ_i s_i·log(1+exp(±z_i)) + λ/2·‖v‖² + μ·Σ_j|v_j|,  S = Σ_i s_i,  λ + μ = 1/(C·S).
//
// The methods on points leave the last term out; only lasso knows of it.
type logLoss struct {
	*design
	y          []int
	weight     []float64 // s_i/S
	lambda, mu float64
}

// A point is a θ with what a pass finds there.
type point struct {
	theta, margin, gradient []float64
	value                   float64
}

func newLogLoss(m *design, y []int, weight []float64, o *LogisticOptions) *logLoss {
	total := floats.Sum(weight)
	share := make([]float64, len(weight))
	floats.AddScaled(share, 1/total, weight)
	penalty := 1 / (o.C * total)
	return &logLoss{m, y, share, (1 - o.L1Ratio) * penalty, o.L1Ratio * penalty}
}

// start is the best θ without coefficients.
func (l *logLoss) start() []float64 {
	positive := 0.0
	for i, k := range l.y {
		positive += l.weight[i] * float64(k)
	}
	theta := make([]float64, l.d+1)
	theta[l.d] = math.Log(positive) - math.Log(1-positive)
	return theta
}

// at evaluates F and its gradient, in one pass.
func (l *logLoss) at(theta []float64) *point {
	p := &point{theta: theta, margin: make([]float64, l.n)}
	loss := make([]float64, l.n)
	p.gradient = l.pass(theta, func(i int, z float64) float64 {
		p.margin[i] = z
		value, slope, _ := l.loss(i, z)
		loss[i] = value
		return slope
	})
	v := theta[:l.d]
	p.value = floats.Sum(loss) + l.lambda/2*floats.Dot(v, v)
	floats.AddScaled(p.gradient[:l.d], l.lambda, v)
	return p
}

// loss is the share of row i in F at margin z, with its first two derivatives.
func (l *logLoss) loss(i int, z float64) (value, slope, curvature float64) {
	e := math.Exp(-math.Abs(z))
	p := 1 / (1 + e) // the probability of the likelier label
	value = math.Log1p(e)
	curvature = l.weight[i] * p * (1 - p)
	if (l.y[i] == 1) != (z > 0) {
		value += math.Abs(z)
		slope = p
	} else {
		slope = 1 - p
	}
	if l.y[i] == 1 {
		slope = -slope
	}
	return l.weight[i] * value, l.weight[i] * slope, curvature
}

// minimize finds the minimum of F by L-BFGS (Nocedal 1980), whose first guess of the curvature is at first
// the diagonal of the Hessian and, where that takes long, its Cholesky factor, renewed from time to time:
// few passes are needed, on badly conditioned columns too.
func (l *logLoss) minimize(ctx context.Context, theta []float64, o *LogisticOptions) ([]float64, int, error) {
	p := l.at(theta)
	unit := max(1, floats.Norm(p.gradient, math.Inf(1)))
	goal, exact := o.Tolerance*unit, max(o.Tolerance, roundingTolerance)*unit
	if l.mu > 0 {
		return l.lasso(ctx, p, goal, exact, o.MaxIterations)
	}
	h := &history{solve: l.diagonal()}
	renew, restarted := l.hessianCost(), false
	for step := range o.MaxIterations {
		if err := stopped(ctx, step); err != nil {
			return nil, 0, err
		}
		if floats.Norm(p.gradient, math.Inf(1)) <= goal {
			return p.theta, step, nil
		}
		if step > 0 && step%renew == 0 {
			if solve := l.cholesky(p.margin); solve != nil {
				h = &history{solve: solve}
			}
		}
		next := l.step(p, h.direction(p.gradient))
		if next == nil && restarted { // no step changes F any more
			return converged(p.theta, step, floats.Norm(p.gradient, math.Inf(1)), exact)
		}
		if restarted = next == nil; restarted {
			h = &history{solve: l.diagonal()}
			continue
		}
		h.add(p, next)
		p = next
	}
	return nil, 0, notConverged(floats.Norm(p.gradient, math.Inf(1)), o.MaxIterations, goal)
}

// roundingTolerance is the least Tolerance that is asked for where no step lowers F any more: as exact as float64 gets.
const roundingTolerance = 1e-6

// converged returns θ where the gradient is small enough, otherwise an error.
func converged(theta []float64, step int, gradient, goal float64) ([]float64, int, error) {
	if !(gradient <= goal) {
		return nil, 0, notConverged(gradient, step, goal)
	}
	return theta, step, nil
}

func stopped(ctx context.Context, step int) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("classify: logistic regression stopped after %d steps: %w", step, err)
	}
	return nil
}

func notConverged(gradient float64, steps int, goal float64) error {
	return fmt.Errorf("classify: logistic regression: gradient %.2g after %d iterations, want %.2g: standardize the columns, lower C or raise MaxIterations",
		gradient, steps, goal)
}

// step goes from p along the direction to a lower point, or returns nil if there is none.
func (l *logLoss) step(p *point, direction []float64) *point {
	slope := floats.Dot(p.gradient, direction)
	if !(slope < 0) {
		return nil
	}
	next := l.at(floats.AddScaledTo(make([]float64, l.d+1), p.theta, 1, direction))
	// A convex function that still falls at the end of the step has fallen all the way.
	if end := floats.Dot(next.gradient, direction); end <= 0 || end <= -0.9*slope && next.value <= p.value {
		return next
	}
	t := l.search(p, next, direction, slope)
	next = l.at(floats.AddScaledTo(next.theta, p.theta, t, direction))
	if !(next.value < p.value) && floats.Norm(next.gradient, math.Inf(1)) >= floats.Norm(p.gradient, math.Inf(1)) {
		return nil
	}
	return next
}

// search finds the minimum of F between p and next: margins are linear in θ, so x is not read.
func (l *logLoss) search(p, next *point, direction []float64, slope float64) float64 {
	v, dv := p.theta[:l.d], direction[:l.d]
	base, square := l.lambda*floats.Dot(v, dv), l.lambda*floats.Dot(dv, dv)
	lo, hi, t := 0.0, 1.0, 0.5
	for range 40 {
		first, second := base+t*square, square
		for i, z := range p.margin {
			dz := next.margin[i] - z
			_, s, c := l.loss(i, z+t*dz)
			first += s * dz
			second += c * dz * dz
		}
		if math.Abs(first) <= 0.1*math.Abs(slope) {
			break
		}
		if first > 0 {
			hi = t
		} else {
			lo = t
		}
		if t -= first / second; !(t > lo && t < hi) {
			t = (lo + hi) / 2
		}
	}
	return t
}

// history is what L-BFGS remembers of its steps.
type history struct {
	solve func(g []float64) // replaces g by the first guess of H⁻¹g
	s, y  [][]float64       // changes of θ and of the gradient, oldest first
	gamma float64           // scales the first guess to the curvature of the last change
}

const historySize = 10

func (h *history) add(from, to *point) {
	s := floats.SubTo(make([]float64, len(from.theta)), to.theta, from.theta)
	y := floats.SubTo(make([]float64, len(s)), to.gradient, from.gradient)
	if !(floats.Dot(s, y) > 0) {
		return
	}
	if len(h.s) == historySize {
		h.s, h.y = h.s[1:], h.y[1:]
	}
	h.s, h.y = append(h.s, s), append(h.y, y)
	guess := slices.Clone(y)
	h.solve(guess)
	h.gamma = floats.Dot(s, y) / floats.Dot(y, guess)
}

// direction is -H⁻¹g by the two-loop recursion.
func (h *history) direction(gradient []float64) []float64 {
	q := slices.Clone(gradient)
	alpha := make([]float64, len(h.s))
	for k := len(h.s) - 1; k >= 0; k-- {
		alpha[k] = floats.Dot(h.s[k], q) / floats.Dot(h.s[k], h.y[k])
		floats.AddScaled(q, -alpha[k], h.y[k])
	}
	h.solve(q)
	if len(h.s) > 0 {
		floats.Scale(h.gamma, q)
	}
	for k := range h.s {
		beta := floats.Dot(h.y[k], q) / floats.Dot(h.s[k], h.y[k])
		floats.AddScaled(q, alpha[k]-beta, h.s[k])
	}
	floats.Scale(-1, q)
	return q
}
