package shap

import "math"

// gaussLegendre returns the points and weights of Gauss–Legendre quadrature on [0, 1]. With n points it integrates
// polynomials of degree 2n-1 exactly.
func gaussLegendre(n int) (points, weights []float64) {
	points, weights = make([]float64, n), make([]float64, n)
	for i := range (n + 1) / 2 {
		// The roots of the Legendre polynomial of degree n, by Newton's method from Tricomi's estimate.
		x := math.Cos(math.Pi * (float64(i) + 0.75) / (float64(n) + 0.5))
		var slope float64
		for step := math.Inf(1); math.Abs(step) > 1e-15; {
			var value float64
			value, slope = legendre(n, x)
			step = value / slope
			x -= step
		}
		_, slope = legendre(n, x)
		weight := 1 / ((1 - x*x) * slope * slope) // half that on [-1, 1]
		points[i], points[n-1-i] = (1-x)/2, (1+x)/2
		weights[i], weights[n-1-i] = weight, weight
	}
	return points, weights
}

// legendre returns the Legendre polynomial of degree n at x, and its derivative.
func legendre(n int, x float64) (value, slope float64) {
	before, value := 0.0, 1.0
	for k := range n {
		before, value = value, (float64(2*k+1)*x*value-float64(k)*before)/float64(k+1)
	}
	return value, float64(n) * (x*value - before) / (x*x - 1)
}
