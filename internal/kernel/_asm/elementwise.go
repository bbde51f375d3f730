package main

import (
	"math"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// elementwise writes GELU, its gradient, exp and tanh.
func elementwise(s *isa) {
	geluRows(s, "gelu", "is backend.gelu: max(x,0) - |x|·Φ(-|x|).", func(s *isa, x VecVirtual) VecVirtual {
		if s.wide() {
			return gelu(s, x, absolute(s, x), tailByTable(s, x))
		}
		t, _, phi := tail(s, x)
		return gelu(s, x, t, phi)
	})
	geluGradRows(s)
	unary(s, "exp", "is backend.exp.", func(x VecVirtual) VecVirtual { return exp(s, bounded(s, x)) })
	unary(s, "tanh", "is backend.tanh.", func(x VecVirtual) VecVirtual { return tanh(s, x) })
}

func unary(s *isa, name, doc string, f func(x VecVirtual) VecVirtual) {
	s.begin(name, "func(x, y []float32)", doc)
	n, x, y := s.length("x"), s.pointer("x"), s.pointer("y")
	s.each(n, []GPVirtual{x, y}, func(by *mask) {
		s.store(f(s.load(Mem{Base: x}, by)), by, Mem{Base: y})
	})
	s.end()
}

// horner evaluates a polynomial, its highest coefficient first.
func horner(s *isa, x VecVirtual, coefficients ...float64) VecVirtual {
	p := s.vec()
	s.VMOVUPS(s.f(coefficients[0]), p)
	for _, c := range coefficients[1:] {
		s.VFMADD213PS(s.f(c), x, p)
	}
	return p
}

// ln2 in two parts, the first of few bits, so that its product with an integer is exact.
const (
	ln2High = 0.693359375
	ln2Low  = -2.12194440e-4
)

// exp returns eˣ for |x| < 170, in error by 1.2e-7 of it at most: e to the power of the fraction by the polynomial
// of Cephes' expf, scaled by the power of two. NaN stays.
func exp(s *isa, x VecVirtual) VecVirtual {
	n, r := s.vec(), s.vec()
	s.VMULPS(s.f(math.Log2E), x, n)
	if s.wide() {
		s.VRNDSCALEPS(Imm(8), n, n)
	} else {
		s.VROUNDPS(Imm(8), n, n)
	}
	s.VMOVAPS(x, r)
	s.VFMADD231PS(s.f(-ln2High), n, r)
	s.VFMADD231PS(s.f(-ln2Low), n, r)
	p := horner(s, r, 1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1)
	square := s.vec()
	s.VMULPS(r, r, square)
	s.VADDPS(s.f(1), r, r)
	s.VFMADD213PS(r, square, p)
	if s.wide() {
		s.VSCALEFPS(n, p, p)
		return p
	}
	// 2ⁿ in two factors, each a normal number.
	half, rest := s.vec(), s.vec()
	s.VCVTPS2DQ(n, n)
	s.VPSRAD(Imm(1), n, half)
	s.VPSUBD(half, n, rest)
	for _, e := range []VecVirtual{half, rest} {
		s.VPADDD(s.word(127), e, e)
		s.VPSLLD(Imm(23), e, e)
		s.VMULPS(e, p, p)
	}
	return p
}

// exp2 returns 2ˣ for AVX-512 and any x not too large: 2 to the power of the fraction, by a minimax polynomial of
// relative error 2e-9, scaled by the power of two. NaN stays, and of -Inf the fraction is 0.
func exp2(s *isa, x VecVirtual) VecVirtual {
	r := s.vec()
	s.VREDUCEPS(Imm(1), x, r) // x - ⌊x⌋
	p := horner(s, r, 0.00021612949785776436, 0.00124678376596421, 0.00967545248568058, 0.055485282093286514, 0.2402293086051941, 0.6931470632553101, 1)
	s.VSCALEFPS(x, p, p) // p·2^⌊x⌋
	return p
}

// bounded limits x to where exp works and is not 0 or infinite already. NaN stays: the second source is
// the result if either is NaN.
func bounded(s *isa, x VecVirtual) VecVirtual {
	limit := s.vec()
	s.VMOVUPS(s.f(-104), limit)
	s.VMAXPS(x, limit, x)
	s.VMOVUPS(s.f(89), limit)
	s.VMINPS(x, limit, x)
	return x
}

// absolute returns |x|.
func absolute(s *isa, x VecVirtual) VecVirtual {
	a := s.vec()
	s.VANDPS(s.word(0x7fffffff), x, a)
	return a
}

// tanh returns (1-e)/(1+e) with e = exp(-2|x|), and for |x| < 0.625 the odd polynomial of Cephes' tanhf.
func tanh(s *isa, x VecVirtual) VecVirtual {
	a, z := absolute(s, x), s.vec()
	s.VMULPS(s.f(-2), a, z)
	e := exp(s, bounded(s, z))
	above, below, one := s.vec(), s.vec(), s.vec()
	s.VMOVUPS(s.f(1), one)
	s.VSUBPS(e, one, above)
	s.VADDPS(e, one, below)
	s.VDIVPS(below, above, above)
	sign := s.vec()
	s.VANDPS(s.word(0x80000000), x, sign)
	s.VORPS(sign, above, above)

	square := s.vec()
	s.VMULPS(x, x, square)
	p := horner(s, square, -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1)
	s.VMULPS(square, p, p)
	s.VFMADD213PS(x, x, p)
	if s.wide() {
		small := s.K()
		s.VCMPPS(Imm(1), s.f(0.625), a, small)
		s.VMOVAPS(p, small, above)
		return above
	}
	small := s.vec()
	s.VCMPPS(Imm(1), s.f(0.625), a, small)
	s.VBLENDVPS(small, p, above, above)
	return above
}

// mills is the polynomial P of Φ(-t)·exp(t²/2) = u·P(u), u = 1/(1+0.38t), for t ≥ 0: a minimax fit of the relative
// error, 1.1e-8 on [0,15].
var mills = []float64{0.02367663010954857, -0.14604754745960236, 0.3614819049835205, -0.425548791885376, 0.20323817431926727,
	-0.05244369059801102, 0.10536864399909973, 0.12685051560401917, 0.15183447301387787, 0.15158967673778534}

const millsScale = 0.38

// tail returns t = |x|, e = exp(-t²/2) and Φ(-t) = e·u·P(u), t being limited to 15 in e and u, where Φ(-t) is 0.
func tail(s *isa, x VecVirtual) (t, e, phi VecVirtual) {
	t = absolute(s, x)
	b, u := s.vec(), s.constant(s.f(millsScale))
	s.VMINPS(s.f(15), t, b)
	s.VFMADD213PS(s.f(1), b, u)
	u = inverse(s, u)
	// The exponent's rounding error would be too large at t = 10: low makes up for it.
	square, low := s.vec(), s.vec()
	s.VMULPS(b, b, square)
	s.VMOVAPS(square, low)
	s.VFMSUB231PS(b, b, low)
	s.VMULPS(s.f(-0.5), square, square)
	s.VMULPS(s.f(-0.5), low, low)
	e = exp(s, square)
	s.VFMADD231PS(e, low, e)
	phi = horner(s, u, mills...)
	s.VMULPS(u, phi, phi)
	s.VMULPS(e, phi, phi)
	return t, e, phi
}

// tailSteps are the intervals of |x| that make up 1, of which tailByTable knows the first 15, as many as a vector has room for.
const tailSteps, tailDegree = 2.5, 5

// tailByTable returns Φ(-|x|) in error by 3e-8 at most, half as dear as tail, which has few wrong digits where it is tiny too: by a
// polynomial for each interval, and 0 beyond the last.
func tailByTable(s *isa, x VecVirtual) VecVirtual {
	table := s.tailTable()
	at, interval, p := absolute(s, x), s.vec(), s.vec()
	s.VMULPS(s.f(tailSteps), at, at)
	s.VMINPS(s.f(15), at, at)
	s.VCVTTPS2DQ(at, interval)
	s.VREDUCEPS(Imm(1), at, at) // at - ⌊at⌋
	for d := tailDegree; d >= 0; d-- {
		coefficient := table
		coefficient.Disp += 64 * d
		if d == tailDegree {
			s.VPERMPS(coefficient, interval, p)
			continue
		}
		c := s.vec()
		s.VPERMPS(coefficient, interval, c)
		s.VFMADD213PS(c, at, p)
	}
	return p
}

// tailTable returns the coefficients of tailByTable by degree and interval: of the polynomials that are right at Chebyshev's nodes,
// by divided differences.
func (c *constants) tailTable() Mem {
	if c.tails != (Mem{}) {
		return c.tails
	}
	var words [tailDegree + 1][16]float32
	for i := range 15 {
		var nodes, p [tailDegree + 1]float64
		for k := range nodes {
			nodes[k] = (1 - math.Cos(math.Pi*(float64(k)+0.5)/(tailDegree+1))) / 2
			p[k] = math.Erfc((float64(i)+nodes[k])/tailSteps/math.Sqrt2) / 2
		}
		for n := range tailDegree {
			for k := tailDegree; k > n; k-- {
				p[k] = (p[k] - p[k-1]) / (nodes[k] - nodes[k-n-1])
			}
		}
		for n := tailDegree - 1; n >= 0; n-- { // from Newton's form to powers
			for k := n; k < tailDegree; k++ {
				p[k] -= nodes[n] * p[k+1]
			}
		}
		for d, v := range p {
			words[d][i] = float32(v)
		}
	}
	c.tails = c.StaticGlobal("tails")
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	for _, row := range words {
		for _, v := range row {
			c.AppendDatum(U32(math.Float32bits(v)))
		}
	}
	return c.tails
}

// inverse returns 1/x, with AVX-512 by a step of Newton's method, which takes less time than a division.
func inverse(s *isa, x VecVirtual) VecVirtual {
	u := s.vec()
	if !s.wide() {
		s.VMOVUPS(s.f(1), u)
		s.VDIVPS(x, u, u)
		return u
	}
	s.VRCP14PS(x, u)
	s.VFNMADD213PS(s.f(1), u, x) // 1 - x·u
	s.VFMADD213PS(u, u, x)
	return x
}

// gelu returns max(x,0) - t·phi, given the tail of x. NaN stays.
func gelu(s *isa, x, t, phi VecVirtual) VecVirtual {
	y := s.zero()
	s.VMAXPS(x, y, y)
	s.VFNMADD231PS(t, phi, y)
	return y
}

func geluRows(s *isa, name, doc string, gelu func(s *isa, x VecVirtual) VecVirtual) {
	s.begin(name, "func(rows, cols int, x []float32, ldx int, y []float32, ldy int)", doc)
	rows, cols := s.integer("rows"), s.integer("cols")
	pointers, strides := []GPVirtual{s.pointer("x"), s.pointer("y")}, []GPVirtual{s.stride("ldx"), s.stride("ldy")}
	s.rows(rows, pointers, strides, func() {
		s.over(cols, pointers, func(at []GPVirtual, by *mask) {
			s.store(gelu(s, s.load(Mem{Base: at[0]}, by)), by, Mem{Base: at[1]})
		})
	})
	s.end()
}

func geluGradRows(s *isa) {
	s.begin("geluGrad", "func(rows, cols int, x []float32, ldx int, dy []float32, ldd int, dx []float32, ldo int)",
		"is backend.geluGrad: dx = dy·(Φ(x) + x·exp(-x²/2)/√2π), and x becomes max(x,0) - |x|·Φ(-|x|).")
	rows, cols := s.integer("rows"), s.integer("cols")
	pointers := []GPVirtual{s.pointer("x"), s.pointer("dy"), s.pointer("dx")}
	strides := []GPVirtual{s.stride("ldx"), s.stride("ldd"), s.stride("ldo")}
	s.rows(rows, pointers, strides, func() {
		s.over(cols, pointers, func(at []GPVirtual, by *mask) {
			x := s.load(Mem{Base: at[0]}, by)
			t, e, phi := tail(s, x)
			s.store(gelu(s, x, t, phi), by, Mem{Base: at[0]})
			upper := s.constant(s.f(1)) // Φ(|x|)
			s.VSUBPS(phi, upper, upper)
			if s.wide() {
				negative := s.K()
				s.VPMOVD2M(x, negative)
				s.VMOVAPS(phi, negative, upper)
			} else {
				s.VBLENDVPS(x, phi, upper, upper)
			}
			s.VMULPS(s.f(1/math.Sqrt(2*math.Pi)), e, e)
			s.VFMADD231PS(x, e, upper)
			s.VMULPS(s.load(Mem{Base: at[1]}, by), upper, upper)
			s.store(upper, by, Mem{Base: at[2]})
		})
	})
	s.end()
}
