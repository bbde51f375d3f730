package triplet

import "math"

// at returns the distance of rows i and j, and remembers it.
func (c *comparison) at(i, j int) float64 {
	d := &c.d[i*c.n+j]
	if *d != *d {
		*d = c.distance(i, j)
	}
	return *d
}

// distance computes the distance of rows i and j.
func (c *comparison) distance(i, j int) float64 {
	x, y := c.row(i), c.row(j)
	if c.Distance == Cosine {
		return 1 - dot(x, y)/(c.norm[i]*c.norm[j])
	}
	d := 0.0
	if c.Distance == Manhattan {
		for k := range x {
			d += math.Abs(x[k] - y[k])
		}
		return d
	}
	for k := range x {
		v := x[k] - y[k]
		d += v * v
	}
	if c.Distance == Euclidean {
		d = math.Sqrt(d)
	}
	return d
}

// pull adds g to the derivative of the loss by the distance of rows i and j.
func (c *comparison) pull(i, j int, g float64) { c.g[i*c.n+j] += g }

// backward overwrites grad [n,width] with the gradient of the rows.
func (c *comparison) backward(grad []float64) {
	clear(grad)
	for i := range c.anchors {
		for j := range c.n {
			if g := c.g[i*c.n+j]; g != 0 {
				c.distanceBackward(i, j, g, grad[i*c.width:][:c.width], grad[j*c.width:][:c.width])
			}
		}
	}
}

// distanceBackward adds to dx and dy, for rows i and j, g times the gradient of their distance: 0 where it has none.
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
			switch {
			case x[k] > y[k]:
				dx[k] += g
				dy[k] -= g
			case x[k] < y[k]:
				dx[k] -= g
				dy[k] += g
			}
		}
	default: // the direction times 1 or twice the distance
		f := 2 * g
		if c.Distance == Euclidean {
			f = g / c.at(i, j)
		}
		if c.at(i, j) == 0 {
			return
		}
		for k := range x {
			v := f * (x[k] - y[k])
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
