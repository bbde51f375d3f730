package kernel

import "math"

// MeanPool sets row s of y [sequences,width] to the mean of the rows offsets[s] to offsets[s+1] of x, zero if there are none.
func MeanPool[T Float](pool *Pool, x []T, offsets []int, width int, y []T) {
	be := active[T]()
	pool.Do(len(offsets)-1, func(_, s int) {
		row, from, to := y[s*width:][:width], offsets[s], offsets[s+1]
		clear(row)
		for t := from; t < to; t++ {
			be.add(row, x[t*width:][:width], row)
		}
		for i := range row {
			row[i] /= T(max(to-from, 1))
		}
	})
}

// MeanPoolBackward sets dx given the gradient dy of y.
func MeanPoolBackward[T Float](pool *Pool, dy []T, offsets []int, width int, dx []T) {
	pool.Do(len(offsets)-1, func(_, s int) {
		from, to := offsets[s], offsets[s+1]
		for t := from; t < to; t++ {
			row := dx[t*width:][:width]
			for i, d := range dy[s*width:][:width] {
				row[i] = d / T(to-from)
			}
		}
	})
}

// MaxPool sets row s of y to the greatest values of each column of its rows of x, NaN if there is one, and argmax
// [sequences,width] to the rows they come from, the first if several; -1 and zero if there are none.
func MaxPool[T Float](pool *Pool, x []T, offsets []int, width int, y []T, argmax []int) {
	pool.Do(len(offsets)-1, func(_, s int) {
		for i := range width {
			best, at := T(0), -1
			for t := offsets[s]; t < offsets[s+1]; t++ {
				if v := x[t*width+i]; at < 0 || v > best || v != v {
					best, at = v, t
					if v != v {
						break
					}
				}
			}
			y[s*width+i], argmax[s*width+i] = best, at
		}
	})
}

// MaxPoolBackward sets dx [rows,width] given the gradient dy of y.
func MaxPoolBackward[T Float](pool *Pool, dy []T, offsets []int, width int, argmax []int, dx []T) {
	pool.Do(len(offsets)-1, func(_, s int) {
		clear(dx[offsets[s]*width : offsets[s+1]*width])
		for i := range width {
			if at := argmax[s*width+i]; at >= 0 {
				dx[at*width+i] = dy[s*width+i]
			}
		}
	})
}

// WeightedSum sets row d of y [documents,width] to Σ weights[r]·x[r] over its rows offsets[d] to offsets[d+1].
func WeightedSum[T Float](pool *Pool, x []T, offsets []int, weights []T, width int, y []T) {
	be := active[T]()
	pool.Do(len(offsets)-1, func(_, d int) {
		row := y[d*width:][:width]
		clear(row)
		for r := offsets[d]; r < offsets[d+1]; r++ {
			be.axpy(weights[r], x[r*width:][:width], row)
		}
	})
}

// WeightedSumBackward sets dx given the gradient dy of y.
func WeightedSumBackward[T Float](pool *Pool, dy []T, offsets []int, weights []T, width int, dx []T) {
	pool.Do(len(offsets)-1, func(_, d int) {
		for r := offsets[d]; r < offsets[d+1]; r++ {
			row := dx[r*width:][:width]
			for i, v := range dy[d*width:][:width] {
				row[i] = weights[r] * v
			}
		}
	})
}

// shortest is the norm below which L2Normalize divides by this instead, as PyTorch's normalize does.
const shortest = 1e-12

// L2Normalize sets each row of y [rows,width] to the row of x divided by its Euclidean norm, which goes to norm [rows]. y may be x.
func L2Normalize[T Float](pool *Pool, rows, width int, x, y, norm []T) {
	be := active[T]()
	forRows(pool, rows, func(r int) {
		in, out := x[r*width:][:width], y[r*width:][:width]
		norm[r] = T(max(math.Sqrt(be.dot(in, in)), shortest))
		for i, v := range in {
			out[i] = v / norm[r]
		}
	})
}

// L2NormalizeBackward sets dx = (dy - (dy·y)·y) / norm given y, norm and the gradient dy of y; dx may be dy.
func L2NormalizeBackward[T Float](pool *Pool, rows, width int, y, norm, dy, dx []T) {
	be := active[T]()
	forRows(pool, rows, func(r int) {
		out, d := y[r*width:][:width], dy[r*width:][:width]
		along := T(0)
		if norm[r] > shortest {
			along = T(be.dot(out, d))
		}
		for i, v := range d {
			dx[r*width+i] = (v - along*out[i]) / norm[r]
		}
	})
}
