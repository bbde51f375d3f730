package kernel

// A Point is a place in a map.
type Point struct{ X, Y float64 }

// Attract returns the attraction of a point p of a t-SNE map by its neighbours: the sum of wⱼ (p - qⱼ) / (1 + |p - qⱼ|²) over them. Their
// places are points[near[j]] and whose weights are w[j].
func Attract(p Point, points []Point, near []int32, w []float64) Point {
	return active32.attract(p, points, near, w[:len(near)])
}

func attractGeneric(p Point, points []Point, near []int32, w []float64) (pull Point) {
	for j, at := range near {
		dx, dy := p.X-points[at].X, p.Y-points[at].Y
		v := w[j] / (1 + dx*dx + dy*dy)
		pull.X += v * dx
		pull.Y += v * dy
	}
	return pull
}
