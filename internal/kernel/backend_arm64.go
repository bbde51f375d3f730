//go:build !purego

package kernel

import "math"

// simd returns the back end of every arm64 processor.
func simd() []*backend[float32] {
	b := genericBackend[float32]()
	b.name, b.mr, b.nr, b.strip = "neon", 6, 16, 6
	b.product = func(m, n, k int, a []float32, rs, ks int, p, c []float32, ldc int, bias, residual []float32, ldr int) {
		if n == b.nr {
			productNEON(m, k, a, rs, ks, p, c, ldc, bias, residual, ldr)
			return
		}
		buf := b.scratch(m * b.nr)
		defer b.release(buf)
		edge := *buf
		productNEON(m, k, a, rs, ks, p, edge, b.nr, nil, nil, 0)
		for i := range m {
			row := edge[i*b.nr:][:n]
			if bias != nil {
				addNEONRow(row, bias, row)
			}
			if residual != nil {
				addNEONRow(row, residual[i*ldr:], row)
			}
			copy(c[i*ldc:], row)
		}
	}
	b.gelu = func(rows, cols int, x []float32, ldx int, y []float32, ldy int) {
		for r := range rows {
			in, out := x[r*ldx:][:cols], y[r*ldy:][:cols]
			w := whole(cols)
			geluNEON(in[:w], out[:w])
			geluGeneric(1, cols-w, in[w:], 0, out[w:], 0)
		}
	}
	b.geluGrad = func(rows, cols int, x []float32, ldx int, dy []float32, ldd int, dx []float32, ldo int) {
		for r := range rows {
			in, d, out := x[r*ldx:][:cols], dy[r*ldd:][:cols], dx[r*ldo:][:cols]
			w := whole(cols)
			geluGradNEON(in[:w], d[:w], out[:w])
			geluGradGeneric(1, cols-w, in[w:], 0, d[w:], 0, out[w:], 0)
		}
	}
	b.exp = func(x, y []float32) {
		w := whole(len(x))
		expNEON(x[:w], y[:w])
		expGeneric(x[w:], y[w:])
	}
	b.tanh = func(x, y []float32) {
		w := whole(len(x))
		tanhNEON(x[:w], y[:w])
		tanhGeneric(x[w:], y[w:])
	}
	b.softmax = softmaxRowsNEON
	b.softmaxBackward = func(p, dp []float32, delta, scale float32) {
		w := whole(len(p))
		softmaxBackwardNEON(p[:w], dp[:w], delta, scale)
		softmaxBackwardGeneric(p[w:], dp[w:], delta, scale)
	}
	b.dropout = func(s stream, keep float32, x, y []float32) {
		w := whole(len(x))
		dropoutNEON(s.start, s.blend, s.threshold, keep, x[:w], y[:w])
		s.start += uint32(w) * golden
		dropoutGeneric(s, keep, x[w:], y[w:])
	}
	b.layerNorm, b.layerNormBackward = layerNormNEON, layerNormBackwardNEON
	b.add = addNEONRow
	b.axpy = func(a float32, x, y []float32) {
		w := whole(len(x))
		axpyNEON(a, x[:w], y[:w])
		axpyGeneric(a, x[w:], y[w:])
	}
	b.adamW = func(w, g, m, v []float32, c *adamW[float32]) {
		n := whole(len(w))
		adamWNEON(w[:n], g[:n], m[:n], v[:n], c.gradient, c.beta1, c.beta2, c.decay, c.rate, c.root, c.epsilon)
		adamWGeneric(w[n:], g[n:], m[n:], v[n:], c)
	}
	return []*backend[float32]{b}
}

// whole is the part of n elements that fills vectors.
func whole(n int) int { return n &^ 3 }

// productNEON is backend.product for whole panels.
func productNEON(m, k int, a []float32, rs, ks int, b, c []float32, ldc int, bias, residual []float32, ldr int) {
	var bias0, residual0 *float32
	if bias != nil {
		bias0 = &bias[0]
	}
	for i := 0; i < m; {
		if residual != nil {
			residual0 = &residual[i*ldr]
		}
		run, height := tile1NEON, 1
		switch left := m - i; {
		case left >= 6:
			run, height = tile6NEON, 6
		case left >= 4:
			run, height = tile4NEON, 4
		case left >= 2:
			run, height = tile2NEON, 2
		}
		run(k, &a[i*rs], rs, ks, &b[0], &c[i*ldc], ldc, bias0, residual0, ldr)
		i += height
	}
}

func addNEONRow(x, y, z []float32) {
	w := whole(len(x))
	addNEON(x[:w], y[:w], z[:w])
	addGeneric(x[w:], y[w:], z[w:])
}

func softmaxRowsNEON(rows, cols int, x []float32, ldx int, scale float32) {
	w := whole(cols)
	for r := range rows {
		row := x[r*ldx:][:cols]
		top := maxNEON(row[:w])
		for _, v := range row[w:] {
			top = max(top, v)
		}
		sum := expSumNEON(row[:w], top, scale)
		for i, v := range row[w:] {
			e := float32(math.Exp(float64((v - top) * scale)))
			row[w+i] = e
			sum += e
		}
		scaleNEON(row[:w], 1/sum)
		for i := range row[w:] {
			row[w+i] /= sum
		}
	}
}

func layerNormNEON(x, gamma, beta, y []float32, eps float32) (mean, rstd float32) {
	n, w := float32(len(x)), whole(len(x))
	sum := sumNEON(x[:w])
	for _, v := range x[w:] {
		sum += v
	}
	mean = sum / n
	squares := squaresNEON(x[:w], mean)
	for _, v := range x[w:] {
		squares += (v - mean) * (v - mean)
	}
	rstd = float32(1 / math.Sqrt(float64(squares/n+eps)))
	normalizeNEON(x[:w], gamma[:w], beta[:w], y[:w], mean, rstd)
	for i := w; i < len(x); i++ {
		y[i] = (x[i]-mean)*rstd*gamma[i] + beta[i]
	}
	return mean, rstd
}

func layerNormBackwardNEON(x, gamma, dy []float32, mean, rstd float32, dx, dgamma, dbeta []float32) {
	n, w := float32(len(x)), whole(len(x))
	sum, product := normGradSumsNEON(x[:w], gamma[:w], dy[:w], mean, rstd, dgamma[:w], dbeta[:w])
	for i := w; i < len(x); i++ {
		xhat := (x[i] - mean) * rstd
		dbeta[i] += dy[i]
		dgamma[i] += dy[i] * xhat
		sum += dy[i] * gamma[i]
		product += dy[i] * gamma[i] * xhat
	}
	s, p := sum/n, product/n
	normGradNEON(x[:w], gamma[:w], dy[:w], mean, rstd, s, p, dx[:w])
	for i := w; i < len(x); i++ {
		dx[i] = (dy[i]*gamma[i] - s - (x[i]-mean)*rstd*p) * rstd
	}
}
