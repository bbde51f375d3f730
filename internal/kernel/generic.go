package kernel

import "math"

// genericBackend is the specification of every loop: written to be read, in the order of the definitions.
// Row sums of float32 are kept in float64.
func genericBackend[T Float]() *backend[T] {
	return &backend[T]{
		name: "generic", mr: 4, nr: 8, strip: 4,
		product: productGeneric[T], transpose: transposeGeneric[T], pack: packGeneric[T],
		fetch: func(int, []T, int) {},
		gelu:  geluGeneric[T], geluGrad: geluGradGeneric[T], exp: expGeneric[T], tanh: tanhGeneric[T],
		softmax: softmaxGeneric[T], softmaxBackward: softmaxBackwardGeneric[T], dropout: dropoutGeneric[T],
		layerNorm: layerNormGeneric[T], layerNormBackward: layerNormBackwardGeneric[T],
		add: addGeneric[T], axpy: axpyGeneric[T], dot: dotGeneric[T], adamW: adamWGeneric[T],
		half: halfGeneric, bfloat: bfloatGeneric, walk: walkGeneric, attract: attractGeneric, fft: fftGeneric, bestCut: bestCutGeneric, int8: int8Generic(),
	}
}

func productGeneric[T Float](m, n, k int, a []T, rs, ks int, b, c []T, ldc int, bias, residual []T, ldr int) {
	const nr = 8
	for i := range m {
		var acc [nr]T
		for p := range k {
			x := a[i*rs+p*ks]
			for j, w := range b[p*nr:][:nr] {
				acc[j] += x * w
			}
		}
		for j := range n {
			if bias != nil {
				acc[j] += bias[j]
			}
			if residual != nil {
				acc[j] += residual[i*ldr+j]
			}
			c[i*ldc+j] = acc[j]
		}
	}
}

func transposeGeneric[T Float](rows, cols int, src []T, lds int, dst []T, ldd int) {
	for r := range rows {
		for c := range cols {
			dst[c*ldd+r] = src[r*lds+c]
		}
	}
}

func packGeneric[T Float](rows, cols int, src []T, lds int, dst []T, ldd int) {
	for r := range rows {
		copy(dst[r*ldd:][:cols], src[r*lds:][:cols])
	}
}

// phi is the distribution function of the standard normal.
func phi(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }

func geluGeneric[T Float](rows, cols int, x []T, ldx int, y []T, ldy int) {
	for r := range rows {
		for c := range cols {
			v := float64(x[r*ldx+c])
			y[r*ldy+c] = T(v * phi(v))
		}
	}
}

func geluGradGeneric[T Float](rows, cols int, x []T, ldx int, dy []T, ldd int, dx []T, ldo int) {
	for r := range rows {
		for c := range cols {
			v := float64(x[r*ldx+c])
			density := math.Exp(-v*v/2) / math.Sqrt(2*math.Pi)
			x[r*ldx+c] = T(v * phi(v))
			dx[r*ldo+c] = T(float64(dy[r*ldd+c]) * (phi(v) + v*density))
		}
	}
}

func expGeneric[T Float](x, y []T) {
	for i, v := range x {
		y[i] = T(math.Exp(float64(v)))
	}
}

func tanhGeneric[T Float](x, y []T) {
	for i, v := range x {
		y[i] = T(math.Tanh(float64(v)))
	}
}

func softmaxGeneric[T Float](rows, cols int, x []T, ldx int, scale T) {
	for r := range rows {
		row := x[r*ldx:][:cols]
		top := row[0]
		for _, v := range row {
			top = max(top, v)
		}
		sum := 0.0
		for i, v := range row {
			e := math.Exp(float64((v - top) * scale))
			row[i] = T(e)
			sum += e
		}
		for i := range row {
			row[i] /= T(sum)
		}
	}
}

func softmaxBackwardGeneric[T Float](p, dp []T, delta, scale T) {
	for i, v := range p {
		dp[i] = v * (dp[i] - delta) * scale
	}
}

func dropoutGeneric[T Float](s stream, keep T, x, y []T) {
	for i, v := range x {
		if s.keeps(uint32(i)) {
			y[i] = v * keep
		} else {
			y[i] = v * 0 // not a plain 0: NaN and infinities must show
		}
	}
}

func layerNormGeneric[T Float](x, gamma, beta, y []T, eps T) (mean, rstd T) {
	n := float64(len(x))
	sum, squares := 0.0, 0.0
	for _, v := range x {
		sum += float64(v)
	}
	mean = T(sum / n)
	for _, v := range x {
		d := float64(v - mean)
		squares += d * d
	}
	rstd = T(1 / math.Sqrt(squares/n+float64(eps)))
	for i, v := range x {
		y[i] = (v-mean)*rstd*gamma[i] + beta[i]
	}
	return mean, rstd
}

func layerNormBackwardGeneric[T Float](x, gamma, dy []T, mean, rstd T, dx, dgamma, dbeta []T) {
	n := float64(len(x))
	sum, product := 0.0, 0.0 // Σ g and Σ g·x̂, with g = dy·gamma
	for i, d := range dy {
		xhat := (x[i] - mean) * rstd
		dbeta[i] += d
		dgamma[i] += d * xhat
		sum += float64(d * gamma[i])
		product += float64(d * gamma[i] * xhat)
	}
	s, p := T(sum/n), T(product/n)
	for i, d := range dy {
		dx[i] = (d*gamma[i] - s - (x[i]-mean)*rstd*p) * rstd
	}
}

func addGeneric[T Float](x, y, z []T) {
	for i, v := range x {
		z[i] = v + y[i]
	}
}

func axpyGeneric[T Float](a T, x, y []T) {
	for i, v := range x {
		y[i] += a * v
	}
}

func dotGeneric[T Float](x, y []T) float64 {
	sum := 0.0
	for i, v := range x {
		sum += float64(v) * float64(y[i])
	}
	return sum
}

func adamWGeneric[T Float](w, g, m, v []T, c *adamW[T]) {
	for i := range w {
		d := g[i] * c.gradient
		m[i] = c.beta1*m[i] + (1-c.beta1)*d
		v[i] = c.beta2*v[i] + (1-c.beta2)*d*d
		root := T(math.Sqrt(float64(v[i]))) * c.root
		w[i] = w[i]*c.decay - c.rate*m[i]/(root+c.epsilon)
	}
}
