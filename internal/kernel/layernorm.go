package kernel

import "sync/atomic"

// LayerNorm sets sum = drop(x) + residual and y = (sum-mean)·rstd·gamma + beta, row by row over [rows,width];
// mean and rstd [rows] are what the backward pass needs. residual may be nil, sum may be x, and y may
// be any of them. It returns the first row that is not finite, or -1.
func LayerNorm[T Float](pool *Pool, rows, width int, x, residual []T, drop Dropout, gamma, beta []T, eps float64, sum, y, mean, rstd []T) (badRow int) {
	be := active[T]()
	keep := T(drop.keep())
	var bad atomic.Int64
	bad.Store(int64(rows))
	forRows(pool, rows, func(r int) {
		in, s := x[r*width:][:width], sum[r*width:][:width]
		if drop.P > 0 {
			be.dropout(drop.row(r), keep, in, s)
			in = s
		}
		if residual != nil {
			be.add(in, residual[r*width:][:width], s)
		} else if drop.P == 0 {
			copy(s, in)
		}
		mean[r], rstd[r] = be.layerNorm(s, gamma[:width], beta[:width], y[r*width:][:width], T(eps))
		if !finite(mean[r]) || !finite(rstd[r]) || rstd[r] == 0 {
			lower(&bad, int64(r))
		}
	})
	if b := int(bad.Load()); b < rows {
		return b
	}
	return -1
}

// LayerNormBackward overwrites dsum with the gradient of sum, which is also the residual's, dx with the gradient of
// x, and dgamma and dbeta [width] with the parameters' gradients, given the gradient dy of y. dx may be nil, and
// dsum when nothing is dropped; dsum may be dy.
func LayerNormBackward[T Float](pool *Pool, rows, width int, sum, mean, rstd, gamma, dy []T, drop Dropout, dsum, dx, dgamma, dbeta []T) {
	be := active[T]()
	keep := T(drop.keep())
	buf := be.scratch(2 * width)
	defer be.release(buf)
	both := *buf
	reduceRows(pool, be, rows, 2*width, both, func(partial []T, r int) {
		s, d := sum[r*width:][:width], dsum[r*width:][:width]
		be.layerNormBackward(s, gamma[:width], dy[r*width:][:width], mean[r], rstd[r], d, partial[:width], partial[width:])
		switch {
		case dx == nil:
		case drop.P > 0:
			be.dropout(drop.row(r), keep, d, dx[r*width:][:width])
		default:
			copy(dx[r*width:], d)
		}
	})
	copy(dgamma[:width], both)
	copy(dbeta[:width], both[width:])
}

// rowTask is how many rows a task of forRows has.
const rowTask = 16

// forRows calls f for every row.
func forRows(pool *Pool, rows int, f func(r int)) {
	pool.Do(ceil(rows, rowTask), func(_, task int) {
		for r := task * rowTask; r < min(rows, (task+1)*rowTask); r++ {
			f(r)
		}
	})
}

// finite multiplies, for x-x could be fused with a product that x is, and be its rounding error.
func finite[T Float](x T) bool { return x*0 == 0 }

// lower sets a to v if that is less.
func lower(a *atomic.Int64, v int64) {
	for {
		old := a.Load()
		if v >= old || a.CompareAndSwap(old, v) {
			return
		}
	}
}
