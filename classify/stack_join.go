package classify

import (
	"fmt"
	"math"
	"slices"

	"github.com/org/salesconv/classify/internal/sample"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// bound keeps weights finite where heads happen to separate a few rows entirely: four rows outweigh it.
const bound = 1

// A joint is the objective by which heads are joined, of θ = [a, b], weights of 0 or more and the intercept:
//
//	F(θ) = Σ_i w_i·log(1+exp(∓z_i)) + bound/2·‖a‖² + shrinkage/2·‖a-mean(a)‖²,  z_i = b + Σ_j a_j·x_ij
//
// The columns x_j are the heads' margins, centred and scaled to variance 1, so that few positive rows make it no harder.
type joint struct {
	columns   [][]float64 // by head and row, then the intercept's ones
	y         []int
	weight    []float64 // nil: all 1
	shrinkage float64
}

// spread is the standard deviation of margins, or 1 where they are constant but for rounding.
func spread(z, rowWeight []float64) float64 {
	mean, deviation := stat.MeanStdDev(z, rowWeight)
	if !(deviation > float64(len(z))*math.Abs(mean)*0x1p-52) {
		return 1
	}
	return deviation
}

// joinHeads fits weights and intercept to margins[head][row], of which scale is the spread. It is an error if the
// gradient is not 0 at the end.
func joinHeads(margins [][]float64, scale []float64, y []int, rowWeight []float64, shrinkage float64) (weights []float64, intercept float64, err error) {
	k, n := len(margins), len(y)
	mean := make([]float64, k)
	f := &joint{columns: make([][]float64, k+1), y: y, weight: rowWeight, shrinkage: shrinkage}
	for j, z := range margins {
		mean[j] = stat.Mean(z, rowWeight)
		f.columns[j] = make([]float64, n)
		for i, v := range z {
			f.columns[j][i] = (v - mean[j]) / scale[j]
		}
	}
	f.columns[k] = make([]float64, n)
	for i := range n {
		f.columns[k][i] = 1
	}
	theta, err := f.minimize()
	if err != nil {
		return nil, 0, err
	}
	intercept = theta[k]
	for j := range k {
		theta[j] /= scale[j]
		intercept -= theta[j] * mean[j]
	}
	return theta[:k], intercept, nil
}

// A jointPoint is a θ with what F is there.
type jointPoint struct {
	theta     []float64
	value     float64
	gradient  []float64
	curvature *mat.SymDense
}

// minimize finds the minimum by Newton steps: the quadratic model of F is minimized exactly with weights of 0 or more,
// and F along the step to there, which is convex.
func (f *joint) minimize() ([]float64, error) {
	total, positive := 0.0, 0.0
	for i, label := range f.y {
		w := sample.WeightAt(f.weight, i)
		total += w
		positive += w * float64(label)
	}
	theta := make([]float64, len(f.columns))
	theta[len(theta)-1] = sample.Logit(positive / total)
	goal := 1e-10 * (total + bound + f.shrinkage)
	p := f.at(theta)
	for range 200 {
		if p.slope() <= goal {
			return p.theta, nil
		}
		p = f.search(p, p.newton())
	}
	return nil, fmt.Errorf("classify: stack: the weights of the heads have not converged: gradient %.2g, want %.2g", p.slope(), goal)
}

// at evaluates F and its first two derivatives.
func (f *joint) at(theta []float64) *jointPoint {
	k := len(theta) - 1
	p := &jointPoint{theta: theta, gradient: make([]float64, k+1), curvature: mat.NewSymDense(k+1, nil)}
	add := func(j, l int, v float64) { p.curvature.SetSym(j, l, p.curvature.At(j, l)+v) }
	for i, label := range f.y {
		z, w := 0.0, sample.WeightAt(f.weight, i)
		for j, x := range f.columns {
			z += theta[j] * x[i]
		}
		q := Sigmoid(z)
		p.value += w * softplus((1-2*float64(label))*z)
		for j, x := range f.columns {
			p.gradient[j] += w * (q - float64(label)) * x[i]
			for l := range j + 1 {
				add(j, l, w*q*(1-q)*x[i]*f.columns[l][i])
			}
		}
	}
	mean := floats.Sum(theta[:k]) / float64(k)
	for j, a := range theta[:k] {
		p.value += bound/2.0*a*a + f.shrinkage/2*(a-mean)*(a-mean)
		p.gradient[j] += bound*a + f.shrinkage*(a-mean)
		add(j, j, bound+f.shrinkage)
		for l := range j + 1 {
			add(j, l, -f.shrinkage/float64(k))
		}
	}
	return p
}

// slope is the largest absolute derivative, of weights at 0 only where F falls if they rise: 0 at the minimum.
func (p *jointPoint) slope() float64 {
	worst := 0.0
	for j, g := range p.gradient {
		if j < len(p.theta)-1 && p.theta[j] == 0 {
			g = min(g, 0)
		}
		worst = max(worst, math.Abs(g))
	}
	return worst
}

// newton is the step to the minimum of the quadratic model with weights of 0 or more, by principal pivoting: the first
// weight that is negative is held at 0, or the first held one that wants to rise is freed, until there is none (Murty
// 1974; it ends, as the curvature is positive definite).
func (p *jointPoint) newton() []float64 {
	k := len(p.theta) - 1
	held := make([]bool, k+1)
	for range 1 << min(k, 12) {
		step := p.solve(held)
		pivot := slices.IndexFunc(sample.All(k), func(j int) bool {
			if !held[j] {
				return p.theta[j]+step[j] < 0
			}
			slope := p.gradient[j] // of the model after the step
			for l, d := range step {
				slope += p.curvature.At(j, l) * d
			}
			return slope < -1e-12*(math.Abs(p.gradient[j])+p.curvature.At(j, j))
		})
		if pivot < 0 {
			return step
		}
		held[pivot] = !held[pivot]
	}
	return p.solve(held)
}

// solve is the step to the minimum of the quadratic model where the held weights go to 0.
func (p *jointPoint) solve(held []bool) []float64 {
	var free []int
	step := make([]float64, len(p.theta))
	for j, v := range p.theta {
		if held[j] {
			step[j] = -v
		} else {
			free = append(free, j)
		}
	}
	h, g := mat.NewSymDense(len(free), nil), mat.NewVecDense(len(free), nil)
	for a, j := range free {
		slope := p.gradient[j]
		for l, is := range held {
			if is {
				slope += p.curvature.At(j, l) * step[l]
			}
		}
		g.SetVec(a, slope)
		for b, l := range free[:a+1] {
			h.SetSym(a, b, p.curvature.At(j, l))
		}
		h.SetSym(a, a, h.At(a, a)*(1+1e-12))
	}
	var factor mat.Cholesky
	if factor.Factorize(h) {
		_ = factor.SolveVecTo(g, g) // the step of an ill-conditioned factor goes downwards too
	}
	for a, j := range free {
		step[j] = -g.AtVec(a)
	}
	return step
}

// search goes from p along the step: all of it where F falls to its end or is lower there, otherwise to where it is flat.
func (f *joint) search(p *jointPoint, step []float64) *jointPoint {
	k := len(step) - 1
	along := func(t float64) (next *jointPoint, slope float64) {
		theta := floats.AddScaledTo(make([]float64, k+1), p.theta, t, step)
		for j := range theta[:k] {
			if theta[j] < 1e-12 {
				theta[j] = 0 // rounding
			}
		}
		next = f.at(theta)
		return next, floats.Dot(next.gradient, step)
	}
	first := floats.Dot(p.gradient, step)
	next, slope := along(1)
	for lo, hi, t := 0.0, 1.0, 0.5; hi-lo > 1e-9; t = (lo + hi) / 2 {
		if slope <= 0 && hi == 1 || slope <= -first/2 && next.value <= p.value*(1+1e-14) {
			break
		}
		if next, slope = along(t); slope > 0 {
			hi = t
		} else {
			lo = t
		}
	}
	return next
}
