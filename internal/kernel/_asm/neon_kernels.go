package main

import (
	"fmt"
	"math"
)

// neon writes the loops for arm64. They work on whole vectors of four: Go code adds what is left of a row.
func neon(a *arm) {
	for _, m := range []int{6, 4, 2, 1} {
		neonTile(a, m)
	}
	neonElementwise(a)
	neonSoftmax(a)
	neonDropout(a)
	neonLayerNorm(a)
	neonVector(a)
}

// neonTile is tile with panels of four vectors, of which all 16 columns are computed.
func neonTile(a *arm, m int) {
	a.begin(fmt.Sprintf("tile%dNEON", m), fmt.Sprintf("is backend.product for %d rows and 16 columns; bias and residual may be nil.", m),
		[]string{"k int", "a pointer", "rs int", "ks int", "b pointer", "c pointer", "ldc int", "bias pointer", "residual pointer", "ldr int"})
	row := func(i int) string { return fmt.Sprintf("R%d", i) }
	a.param("a", row(0))
	a.stride("rs", "R8")
	for i := 1; i < m; i++ {
		a.line("ADD R8, %s, %s", row(i-1), row(i))
	}
	a.stride("ks", "R8")
	a.param("b", "R9")
	a.param("k", "R10")
	b, broadcast := a.regs(4), a.regs(4)
	acc := make([][4]vreg, m)
	for i := range acc {
		for j := range acc[i] {
			acc[i][j] = a.zero()
		}
	}
	four := func(v []vreg) string { return fmt.Sprintf("[V%d.S4, V%d.S4, V%d.S4, V%d.S4]", v[0], v[1], v[2], v[3]) }
	a.line("CBZ R10, none")
	a.code.WriteString("loop:\n")
	a.line("VLD1.P 64(R9), %s", four(b))
	for i := range acc {
		x := broadcast[i%4]
		a.line("VLD1R (%s), [V%d.S4]", row(i), x)
		a.line("ADD R8, %s, %s", row(i), row(i))
		for j := range acc[i] {
			a.op3("FMLA", acc[i][j], x, b[j])
		}
	}
	a.line("SUBS $1, R10, R10")
	a.line("BNE loop")
	a.code.WriteString("none:\n")
	a.param("bias", "R9")
	a.line("CBZ R9, no_bias")
	a.line("VLD1 (R9), %s", four(b))
	for i := range acc {
		for j := range acc[i] {
			a.op3("FADD", acc[i][j], acc[i][j], b[j])
		}
	}
	a.code.WriteString("no_bias:\n")
	a.param("residual", "R9")
	a.stride("ldr", "R10")
	a.line("CBZ R9, no_residual")
	for i := range acc {
		a.line("VLD1 (R9), %s", four(b))
		a.line("ADD R10, R9, R9")
		for j := range acc[i] {
			a.op3("FADD", acc[i][j], acc[i][j], b[j])
		}
	}
	a.code.WriteString("no_residual:\n")
	a.param("c", "R9")
	a.stride("ldc", "R10")
	for i := range acc {
		a.line("VST1 %s, (R9)", four(acc[i][:]))
		a.line("ADD R10, R9, R9")
	}
	a.end()
}

func (a *arm) horner(x vreg, coefficients ...float64) vreg {
	p := a.f(coefficients[0])
	for _, c := range coefficients[1:] {
		next := a.f(c)
		a.op3("FMLA", next, p, x)
		a.release(p)
		p = next
	}
	return p
}

// exp is exp of the other instruction sets, and uses up x.
func (a *arm) exp(x vreg) vreg {
	n := a.f(math.Log2E)
	a.op3("FMUL", n, n, x)
	a.op2("FRINTN", n, n)
	a.with(-ln2High, func(c vreg) { a.op3("FMLA", x, n, c) })
	a.with(-ln2Low, func(c vreg) { a.op3("FMLA", x, n, c) })
	p := a.horner(x, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
	square := a.new3("FMUL", x, x)
	a.with(1, func(c vreg) { a.op3("FADD", x, x, c) })
	a.op3("FMLA", x, p, square)
	half := p
	a.op2("FCVTNS", n, n)
	a.shiftRightSigned(half, n, 1)
	a.op3("SUB", n, n, half)
	bias := a.bits(127)
	for _, e := range []vreg{half, n} {
		a.op3("ADD", e, e, bias)
		a.shiftLeft(e, e, 23)
		a.op3("FMUL", x, x, e)
	}
	a.release(square, half, n, bias)
	return x
}

// bounded is bounded of the other instruction sets; FMAX and FMIN pass NaN on.
func (a *arm) bounded(x vreg) vreg {
	a.with(-104, func(c vreg) { a.op3("FMAX", x, x, c) })
	a.with(89, func(c vreg) { a.op3("FMIN", x, x, c) })
	return x
}

// tail is tail of the other instruction sets.
func (a *arm) tail(x vreg) (t, e, phi vreg) {
	t = a.reg()
	a.op2("FABS", t, x)
	b := a.f(15)
	a.op3("FMIN", b, b, t)
	u := a.f(1)
	a.with(millsScale, func(c vreg) { a.op3("FMLA", u, b, c) })
	a.with(1, func(c vreg) { a.op3("FDIV", u, c, u) })
	square := a.new3("FMUL", b, b)
	low := a.copy(square)
	a.op3("FMLS", low, b, b) // -(b² - square)
	half := a.f(0.5)
	a.op3("FMUL", low, low, half)
	a.op3("FMUL", square, square, half)
	minus := a.zero()
	a.op3("FSUB", square, minus, square)
	a.release(half, minus, b)
	e = a.exp(square)
	correction := a.new3("FMUL", e, low)
	a.op3("FADD", e, e, correction)
	phi = a.horner(u, mills...)
	a.op3("FMUL", phi, phi, u)
	a.op3("FMUL", phi, phi, e)
	a.release(u, low, correction)
	return t, e, phi
}

func (a *arm) unary(name, doc string, f func(x vreg) vreg) {
	a.begin(name, doc, []string{"x slice", "y slice"})
	a.param("x_base", "R0")
	a.param("y_base", "R1")
	a.each("x_len", []string{"R0", "R1"}, func() {
		y := f(a.load("R0"))
		a.save(y, "R1")
		a.release(y)
	})
	a.end()
}

// gelu is gelu of the other instruction sets.
func (a *arm) gelu(x, t, phi vreg) vreg {
	y := a.zero()
	a.op3("FMAX", y, y, x)
	a.op3("FMLS", y, t, phi)
	return y
}

func neonElementwise(a *arm) {
	a.unary("expNEON", "is backend.exp.", func(x vreg) vreg { return a.exp(a.bounded(x)) })
	a.unary("tanhNEON", "is backend.tanh.", a.tanh)
	a.unary("geluNEON", "is backend.gelu of a row.", func(x vreg) vreg {
		t, e, phi := a.tail(x)
		y := a.gelu(x, t, phi)
		a.release(x, t, e, phi)
		return y
	})
	a.begin("geluGradNEON", "is backend.geluGrad of a row.", []string{"x slice", "dy slice", "dx slice"})
	a.param("x_base", "R0")
	a.param("dy_base", "R1")
	a.param("dx_base", "R2")
	a.each("x_len", []string{"R0", "R1", "R2"}, func() {
		x := a.load("R0")
		t, e, phi := a.tail(x)
		y := a.gelu(x, t, phi)
		a.save(y, "R0")
		a.release(y)
		upper := a.f(1)
		a.op3("FSUB", upper, upper, phi)
		negative := t
		a.op2("FCMLT0", negative, x)
		a.op3("BSL", negative, phi, upper)
		a.with(1/math.Sqrt(2*math.Pi), func(c vreg) { a.op3("FMUL", e, e, c) })
		a.op3("FMLA", negative, x, e)
		d := a.load("R1")
		a.op3("FMUL", d, d, negative)
		a.save(d, "R2")
		a.release(x, t, e, phi, upper, d)
	})
	a.end()
}

// tanh is tanh of the other instruction sets, and uses up x.
func (a *arm) tanh(x vreg) vreg {
	t := a.reg()
	a.op2("FABS", t, x)
	z := a.f(-2)
	a.op3("FMUL", z, z, t)
	e := a.exp(a.bounded(z))
	above, below := a.f(1), a.f(1)
	a.op3("FSUB", above, above, e)
	a.op3("FADD", below, below, e)
	a.op3("FDIV", above, above, below)
	sign := a.bits(0x80000000)
	a.op3("AND", sign, sign, x)
	a.op3("ORR", above, above, sign)
	square := a.new3("FMUL", x, x)
	p := a.horner(square, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
	a.op3("FMUL", p, p, square)
	a.op3("FMLA", x, x, p)
	small := a.f(0.625)
	a.op3("FCMGT", small, small, t)
	a.op3("BSL", small, x, above)
	a.release(x, t, e, above, below, sign, square, p)
	return small
}

func neonSoftmax(a *arm) {
	a.begin("maxNEON", "returns the greatest element, NaN if there is one; -Inf of none.", []string{"x slice"}, "top float32")
	a.param("x_base", "R0")
	top := a.f(math.Inf(-1))
	a.each("x_len", []string{"R0"}, func() {
		v := a.load("R0")
		a.op3("FMAX", top, top, v)
		a.release(v)
	})
	a.reduce("FMAXP", top)
	a.store(top, "top")
	a.end()

	a.begin("expSumNEON", "sets x to exp((x-top)·scale) and returns the sum.", []string{"x slice", "top float", "scale float"}, "sum float32")
	a.param("x_base", "R0")
	top, scale, sum := a.float("top"), a.float("scale"), a.zero()
	a.each("x_len", []string{"R0"}, func() {
		v := a.load("R0")
		a.op3("FSUB", v, v, top)
		a.op3("FMUL", v, v, scale)
		e := a.exp(a.bounded(v))
		a.op3("FADD", sum, sum, e)
		a.save(e, "R0")
		a.release(e)
	})
	a.reduce("FADDP", sum)
	a.store(sum, "sum")
	a.end()

	a.begin("scaleNEON", "multiplies x by f.", []string{"x slice", "f float"})
	a.param("x_base", "R0")
	f := a.float("f")
	a.each("x_len", []string{"R0"}, func() {
		v := a.load("R0")
		a.op3("FMUL", v, v, f)
		a.save(v, "R0")
		a.release(v)
	})
	a.end()

	a.begin("softmaxBackwardNEON", "is backend.softmaxBackward.", []string{"p slice", "dp slice", "delta float", "scale float"})
	a.param("p_base", "R0")
	a.param("dp_base", "R1")
	delta, scale := a.float("delta"), a.float("scale")
	a.each("p_len", []string{"R0", "R1"}, func() {
		p, d := a.load("R0"), a.load("R1")
		a.op3("FSUB", d, d, delta)
		a.op3("FMUL", d, d, p)
		a.op3("FMUL", d, d, scale)
		a.save(d, "R1")
		a.release(p, d)
	})
	a.end()
}

// neonDropout is dropout of the other instruction sets.
func neonDropout(a *arm) {
	a.begin("dropoutNEON", "is backend.dropout.", []string{"start uint32", "blend uint32", "threshold uint32", "keep float", "x slice", "y slice"})
	const golden = 0x9e3779b9
	h, blend, threshold, keep := a.integer("start"), a.integer("blend"), a.integer("threshold"), a.float("keep")
	lanes := a.vector(0, golden, 2*golden&0xffffffff, 3*golden&0xffffffff)
	a.op3("ADD", h, h, lanes)
	a.release(lanes)
	a.param("x_base", "R0")
	a.param("y_base", "R1")
	a.each("x_len", []string{"R0", "R1"}, func() {
		g, t := a.reg(), a.reg()
		fold := func(from vreg, shift uint32) { // g = from ^ from>>shift
			a.shiftRight(t, from, shift)
			a.op3("EOR", g, from, t)
		}
		fold(h, 16)
		a.withBits(0x7feb352d, func(c vreg) { a.op3("MUL", g, g, c) })
		fold(g, 15)
		a.op3("ADD", g, g, blend)
		a.withBits(0x846ca68b, func(c vreg) { a.op3("MUL", g, g, c) })
		fold(g, 16)
		a.op3("CMHS", g, g, threshold)
		a.op3("AND", g, g, keep)
		v := a.load("R0")
		a.op3("FMUL", v, v, g)
		a.save(v, "R1")
		a.withBits(4*golden&0xffffffff, func(c vreg) { a.op3("ADD", h, h, c) })
		a.release(g, t, v)
	})
	a.end()
}

func neonLayerNorm(a *arm) {
	a.begin("sumNEON", "returns the sum of x.", []string{"x slice"}, "sum float32")
	a.param("x_base", "R0")
	sum := a.zero()
	a.each("x_len", []string{"R0"}, func() {
		v := a.load("R0")
		a.op3("FADD", sum, sum, v)
		a.release(v)
	})
	a.reduce("FADDP", sum)
	a.store(sum, "sum")
	a.end()

	a.begin("squaresNEON", "returns the sum of (x-mean)².", []string{"x slice", "mean float"}, "sum float32")
	a.param("x_base", "R0")
	mean, sum := a.float("mean"), a.zero()
	a.each("x_len", []string{"R0"}, func() {
		v := a.load("R0")
		a.op3("FSUB", v, v, mean)
		a.op3("FMLA", sum, v, v)
		a.release(v)
	})
	a.reduce("FADDP", sum)
	a.store(sum, "sum")
	a.end()

	a.begin("normalizeNEON", "sets y = (x-mean)·rstd·gamma + beta.", []string{"x slice", "gamma slice", "beta slice", "y slice", "mean float", "rstd float"})
	for i, p := range []string{"x", "gamma", "beta", "y"} {
		a.param(p+"_base", fmt.Sprintf("R%d", i))
	}
	mean, rstd := a.float("mean"), a.float("rstd")
	a.each("x_len", []string{"R0", "R1", "R2", "R3"}, func() {
		v, g, b := a.load("R0"), a.load("R1"), a.load("R2")
		a.op3("FSUB", v, v, mean)
		a.op3("FMUL", v, v, rstd)
		a.op3("FMLA", b, v, g)
		a.save(b, "R3")
		a.release(v, g, b)
	})
	a.end()

	a.begin("normGradSumsNEON", "is the first loop of backend.layerNormBackward.",
		[]string{"x slice", "gamma slice", "dy slice", "mean float", "rstd float", "dgamma slice", "dbeta slice"}, "sum float32", "product float32")
	for i, p := range []string{"x", "gamma", "dy", "dgamma", "dbeta"} {
		a.param(p+"_base", fmt.Sprintf("R%d", i))
	}
	mean, rstd = a.float("mean"), a.float("rstd")
	sum, product := a.zero(), a.zero()
	a.each("x_len", []string{"R0", "R1", "R2", "R3", "R4"}, func() {
		v, g, d, dg, db := a.load("R0"), a.load("R1"), a.load("R2"), a.load("R3"), a.load("R4")
		a.op3("FSUB", v, v, mean)
		a.op3("FMUL", v, v, rstd)
		a.op3("FMLA", dg, d, v)
		a.op3("FADD", db, db, d)
		a.save(dg, "R3")
		a.save(db, "R4")
		a.op3("FMUL", d, d, g)
		a.op3("FADD", sum, sum, d)
		a.op3("FMLA", product, d, v)
		a.release(v, g, d, dg, db)
	})
	a.reduce("FADDP", sum)
	a.reduce("FADDP", product)
	a.store(sum, "sum")
	a.store(product, "product")
	a.end()

	a.begin("normGradNEON", "is the second loop of backend.layerNormBackward, s and p being the means of the sums.",
		[]string{"x slice", "gamma slice", "dy slice", "mean float", "rstd float", "s float", "p float", "dx slice"})
	for i, p := range []string{"x", "gamma", "dy", "dx"} {
		a.param(p+"_base", fmt.Sprintf("R%d", i))
	}
	mean, rstd = a.float("mean"), a.float("rstd")
	s, p := a.float("s"), a.float("p")
	a.each("x_len", []string{"R0", "R1", "R2", "R3"}, func() {
		v, g, d := a.load("R0"), a.load("R1"), a.load("R2")
		a.op3("FSUB", v, v, mean)
		a.op3("FMUL", v, v, rstd)
		a.op3("FMUL", d, d, g)
		a.op3("FSUB", d, d, s)
		a.op3("FMLS", d, v, p)
		a.op3("FMUL", d, d, rstd)
		a.save(d, "R3")
		a.release(v, g, d)
	})
	a.end()
}

func neonVector(a *arm) {
	a.begin("addNEON", "is backend.add.", []string{"x slice", "y slice", "z slice"})
	for i, p := range []string{"x", "y", "z"} {
		a.param(p+"_base", fmt.Sprintf("R%d", i))
	}
	a.each("x_len", []string{"R0", "R1", "R2"}, func() {
		x, y := a.load("R0"), a.load("R1")
		a.op3("FADD", x, x, y)
		a.save(x, "R2")
		a.release(x, y)
	})
	a.end()

	a.begin("axpyNEON", "is backend.axpy.", []string{"f float", "x slice", "y slice"})
	a.param("x_base", "R0")
	a.param("y_base", "R1")
	f := a.float("f")
	a.each("x_len", []string{"R0", "R1"}, func() {
		x, y := a.load("R0"), a.load("R1")
		a.op3("FMLA", y, x, f)
		a.save(y, "R1")
		a.release(x, y)
	})
	a.end()

	a.begin("adamWNEON", "is backend.adamW.", []string{"w slice", "g slice", "m slice", "v slice",
		"gradient float", "beta1 float", "beta2 float", "decay float", "rate float", "root float", "epsilon float"})
	for i, p := range []string{"w", "g", "m", "v"} {
		a.param(p+"_base", fmt.Sprintf("R%d", i))
	}
	gradient, beta1, beta2 := a.float("gradient"), a.float("beta1"), a.float("beta2")
	decay, rate, root, epsilon := a.float("decay"), a.float("rate"), a.float("root"), a.float("epsilon")
	a.each("w_len", []string{"R0", "R1", "R2", "R3"}, func() {
		w, g, m, v := a.load("R0"), a.load("R1"), a.load("R2"), a.load("R3")
		a.op3("FMUL", g, g, gradient)
		a.op3("FSUB", m, m, g) // g + β(m-g)
		first := a.copy(g)
		a.op3("FMLA", first, m, beta1)
		a.save(first, "R2")
		a.op3("FMUL", g, g, g)
		a.op3("FSUB", v, v, g)
		a.op3("FMLA", g, v, beta2)
		a.save(g, "R3")
		a.op2("FSQRT", g, g)
		below := a.copy(epsilon)
		a.op3("FMLA", below, g, root)
		a.op3("FMUL", first, first, rate)
		a.op3("FDIV", first, first, below)
		a.op3("FMUL", w, w, decay)
		a.op3("FSUB", w, w, first)
		a.save(w, "R0")
		a.release(w, g, m, v, first, below)
	})
	a.end()
}
