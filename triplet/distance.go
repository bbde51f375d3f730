package triplet

import "math"

// smallest is added to differences of Euclidean and Manhattan distances.
const smallest = 1e-6

// at returns the distance of rows i and j.
func (c *comparison) at(i, j int) float64 {
	d := &c.d[i*c.n+j]
	if *d == *d {
		return *d
	}
	x, y := c.row(i), c.row(j)
	switch c.Distance {
	case Cosine:
		*d = 1 - dot(x, y)/(c.norm[i]*c.norm[j])
	case Manhattan:
		*d = 0
		for k := range x {
			*d += math.Abs(x[k] - y[k] + smallest)
		}
	case Euclidean:
		sum := 0.0
		for k := range x {
			v := x[k] - y[k] + smallest
			sum += v * v
		}
		*d = math.Sqrt(sum)
	case SquaredEuclidean:
		*d = 0
		for k := range x {
			v := x[k] - y[k]
			*d += v * v
		}
	}
	return *d
}

// pull adds g to the derivative of the loss by the distance of rows i and j.
func (c *comparison) pull(i, j int, g float64) { c.g[i*c.n+j] += g }

// backward overwrites grad [n,width] with the gradient of the rows.
func (c *comparison) backward(grad []float64) {
	clear(grad)
	for i := range c.n {
		for j := range c.n {
			if g := c.g[i*c.n+j]; g != 0 {
				c.distanceBackward(i, j, g, grad[i*c.width:][:c.width], grad[j*c.width:][:c.width])
			}
		}
	}
}

// distanceBackward adds to dx and dy, for rows i and j, g times the gradient of their distance.
func (c *comparison) distanceBackward(i, j int, g float64, dx, dy []float64) {
	x, y := c.row(i), c.row(j)
	switch c.Distance {
	case Cosine:
		a, b := c.norm[i], c.norm[j]
		cos := 1 - c.at(i, j)
		for k := range x {
			u, v := x[k]/a, y[k]/b
			dx[k] -= g * (v - cos*u) / a
			dy[k] -= g * (u - cos*v) / b
		}
	case Manhattan:
		for k := range x {
			s := math.Copysign(g, x[k]-y[k]+smallest)
			if g < 0 {
				s = -s
			}
			dx[k] += s
			dy[k] -= s
		}
	default: // Euclidean distances: the direction times 1 or twice the length
		f := 2 * g
		shift := 0.0
		if c.Distance == Euclidean {
			f, shift = g/c.at(i, j), smallest
		}
		for k := range x {
			v := f * (x[k] - y[k] + shift)
			dx[k] += v
			dy[k] -= v
		}
	}
}

func dot(x, y []float64) float64 {
	sum := 0.0
	for k, v := range x {
		sum += v * y[k]
	}
	return sum
}
