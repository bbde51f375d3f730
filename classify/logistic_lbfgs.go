package classify

import (
	"slices"

	"gonum.org/v1/gonum/floats"
)

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
