package shap

import (
	"cmp"
	"errors"
	"fmt"
	"math"

	"github.com/org/salesconv/classify"
)

// Probability explains the probability instead of the log-odds: Base and Values add up to the probability of a won call, within
// 1e-9. What a player adds to the probability depends on the players before it; its value is the mean over all orders, under
// the assumption that each player adds to the log-odds what e attributes to it, in any order. The assumption holds for Linear
// and Turns, whose probabilities it explains exactly; for trees and samples it is an approximation. Errors are scaled as the
// values are. It takes about 1,000·players^1.5 steps, and is an error for log-odds that are not finite or whose parts exceed
// 10,000.
//
// To sample the probability itself, give Sample a value function that returns it.
func (e *Explanation) Probability() (*Explanation, error) {
	if e == nil {
		return nil, errors.New("shap: no explanation: it is nil")
	}
	if err := cmp.Or(e.checkErrors(), finite(e)); err != nil {
		return nil, err
	}
	reach := math.Abs(e.Base) // of the log-odds of any coalition
	for _, v := range e.Values {
		reach += math.Abs(v)
	}
	if reach > 1e4 {
		return nil, fmt.Errorf("shap: log-odds whose parts add up to %.3g, want at most 10000", reach)
	}
	p := &Explanation{Base: classify.Sigmoid(e.Base), Values: make([]float64, len(e.Values)), Names: e.Names}
	if e.Errors != nil {
		p.Errors = make([]float64, len(e.Values))
	}
	for i, slope := range slopes(e, reach) {
		p.Values[i] = slope * e.Values[i]
		if e.Errors != nil {
			p.Errors[i] = slope * e.Errors[i]
		}
	}
	return p, nil
}

// slopes returns, for each player, the mean slope of the probability over the step in log-odds that the player makes,
// over all orders: the probability that its value adds, for each unit of it.
//
// A player's Shapley value is the integral over q from 0 to 1 of what it adds where each other player is there with
// probability q by itself (Owen 1972): a polynomial of q, which Gauss–Legendre quadrature integrates exactly. Fewer points
// do for many players: as |q|+|1-q| bounds the n-th root of the polynomial for complex q as well, N points are off by no
// more than about exp(-2·N²/n). The logistic function of a sum of independent steps has a mean by its Fourier integral,
//
//	1/(1+exp(-z)) = 1/2 + ∫ sin(z·t)/sinh(π·t) dt, t from 0 to ∞,
//
// as the mean of exp(i·z·t) is the product over players of 1-q+q·exp(i·value·t). The midpoint rule with step h is off by
// exp(reach-π/h), and the integrand falls as exp(-π·t).
func slopes(e *Explanation, reach float64) []float64 {
	const digits, upto = 36., 12.5 // exp(-36) and exp(-12.5π) are below float64's precision
	h := math.Pi / (reach + digits)
	n := len(e.Values)
	slope, turn, step := make([]float64, n), make([]complex128, n), make([]complex128, n)
	after := make([]complex128, n+1) // products of the factors of players from the end
	points, weights := gaussLegendre(min(n/2+1, int(math.Ceil(math.Sqrt(digits/2*float64(n))))))
	for t := h / 2; t < upto; t += h {
		outer := h / math.Sinh(math.Pi*t)
		sin, cos := math.Sincos(e.Base * t)
		start := complex(cos, sin)
		for j, v := range e.Values {
			sin, cos := math.Sincos(v * t)
			turn[j] = complex(cos, sin)
			step[j] = chord(v, t, turn[j])
		}
		for k, q := range points {
			after[n] = 1
			for j := n - 1; j >= 0; j-- {
				after[j] = after[j+1] * (complex(1-q, 0) + complex(q, 0)*turn[j])
			}
			before := start
			for j := range n {
				slope[j] += weights[k] * outer * imag(before*after[j+1]*step[j])
				before *= complex(1-q, 0) + complex(q, 0)*turn[j]
			}
		}
	}
	return slope
}

// chord is (exp(i·v·t)-1)/v, given exp(i·v·t).
func chord(v, t float64, turn complex128) complex128 {
	if math.Abs(v*t) < 1e-4 {
		return complex(-v*t*t/2, t*(1-v*v*t*t/6))
	}
	return (turn - 1) / complex(v, 0)
}
