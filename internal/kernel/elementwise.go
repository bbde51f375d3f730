package kernel

// span is how many elements a task of an elementwise kernel has.
const span = 1 << 13

// forSpans calls f for every span of n elements.
func forSpans(pool *Pool, n int, f func(from, to int)) {
	pool.Do(ceil(n, span), func(_, task int) { f(task*span, min(n, (task+1)*span)) })
}

// GELU sets y = x·Φ(x), with the distribution function Φ of the standard normal (Hendrycks and Gimpel 2016; no
// tanh approximation). y may be x.
func GELU[T Float](pool *Pool, x, y []T) {
	be, y := active[T](), y[:len(x)]
	forSpans(pool, len(x), func(i, j int) { be.gelu(1, j-i, x[i:j], 0, y[i:j], 0) })
}

// GELUGrad sets dx = dy·gelu'(x) and x to gelu(x), which the gradient of the next layer's weights needs. dx may be dy.
func GELUGrad[T Float](pool *Pool, x, dy, dx []T) {
	be, dy, dx := active[T](), dy[:len(x)], dx[:len(x)]
	forSpans(pool, len(x), func(i, j int) { be.geluGrad(1, j-i, x[i:j], 0, dy[i:j], 0, dx[i:j], 0) })
}

// Exp sets y = eˣ. y may be x.
func Exp[T Float](pool *Pool, x, y []T) {
	be, y := active[T](), y[:len(x)]
	forSpans(pool, len(x), func(i, j int) { be.exp(x[i:j], y[i:j]) })
}

// Tanh sets y = tanh x. y may be x.
func Tanh[T Float](pool *Pool, x, y []T) {
	be, y := active[T](), y[:len(x)]
	forSpans(pool, len(x), func(i, j int) { be.tanh(x[i:j], y[i:j]) })
}

// Add sets z = x + y. z may be either.
func Add[T Float](pool *Pool, x, y, z []T) {
	be, y, z := active[T](), y[:len(x)], z[:len(x)]
	forSpans(pool, len(x), func(i, j int) { be.add(x[i:j], y[i:j], z[i:j]) })
}

// Axpy adds a·x to y.
func Axpy[T Float](a T, x, y []T) { active[T]().axpy(a, x, y[:len(x)]) }

// Dot returns Σ x·y, summed in float64.
func Dot[T Float](x, y []T) float64 { return active[T]().dot(x, y[:len(x)]) }

// SumSquares returns Σ g², summed in float64 over spans in their order.
func SumSquares[T Float](pool *Pool, g []T) float64 {
	be := active[T]()
	sums := make([]float64, ceil(len(g), span))
	forSpans(pool, len(g), func(i, j int) { sums[i/span] = be.dot(g[i:j], g[i:j]) })
	total := 0.0
	for _, s := range sums {
		total += s
	}
	return total
}
