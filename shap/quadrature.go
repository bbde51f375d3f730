package shap

import "gonum.org/v1/gonum/integrate/quad"

// gaussLegendre returns the points and weights of Gauss–Legendre quadrature on [0, 1]. With n points it integrates
// polynomials of degree 2n-1 exactly.
func gaussLegendre(n int) (points, weights []float64) {
	points, weights = make([]float64, n), make([]float64, n)
	quad.Legendre{}.FixedLocations(points, weights, 0, 1)
	return points, weights
}
