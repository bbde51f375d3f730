package main

import (
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// layerNorm writes the normalisation of a row and its gradient.
func layerNorm(s *isa) {
	layerNormForward(s)
	layerNormBackward(s)
}

// reciprocal returns 1/n in all lanes.
func reciprocal(s *isa, n GPVirtual) VecVirtual {
	x, v, one := s.XMM(), s.vec(), s.vec()
	s.VXORPS(x, x, x)
	s.VCVTSI2SSQ(n, x, x)
	s.VBROADCASTSS(x, v)
	s.VMOVUPS(s.f(1), one)
	s.VDIVPS(v, one, v)
	return v
}

func layerNormForward(s *isa) {
	s.begin("layerNorm", "func(x, gamma, beta, y []float32, eps float32) (mean, rstd float32)", "is backend.layerNorm.")
	n, x, gamma, beta, y := s.length("x"), s.pointer("x"), s.pointer("gamma"), s.pointer("beta"), s.pointer("y")
	share := reciprocal(s, n)
	sums, squares := s.zeros(), s.zeros()
	s.overChains(n, []GPVirtual{x}, func(at []GPVirtual, c, disp int, by *mask) {
		s.VADDPS(s.load(Mem{Base: at[0], Disp: disp}, by), sums[c], sums[c])
	})
	mean := s.total(sums, s.VADDPS)
	s.VMULPS(share, mean, mean)
	s.Store(mean.AsX(), s.Return("mean"))
	s.overChains(n, []GPVirtual{x}, func(at []GPVirtual, c, disp int, by *mask) {
		d := s.load(Mem{Base: at[0], Disp: disp}, by)
		s.VSUBPS(mean, d, d)
		s.blank(d, by)
		s.VFMADD231PS(d, d, squares[c])
	})
	rstd := s.total(squares, s.VADDPS)
	one := s.vec()
	s.VFMADD213PS(s.broadcast("eps"), share, rstd)
	s.VSQRTPS(rstd, rstd)
	s.VMOVUPS(s.f(1), one)
	s.VDIVPS(rstd, one, rstd)
	s.Store(rstd.AsX(), s.Return("rstd"))
	s.over(n, []GPVirtual{x, gamma, beta, y}, func(at []GPVirtual, by *mask) {
		v := s.load(Mem{Base: at[0]}, by)
		s.VSUBPS(mean, v, v)
		s.VMULPS(rstd, v, v)
		g, b := s.load(Mem{Base: at[1]}, by), s.load(Mem{Base: at[2]}, by)
		s.VFMADD213PS(b, g, v)
		s.store(v, by, Mem{Base: at[3]})
	})
	s.end()
}

func layerNormBackward(s *isa) {
	s.begin("layerNormBackward", "func(x, gamma, dy []float32, mean, rstd float32, dx, dgamma, dbeta []float32)", "is backend.layerNormBackward.")
	n, x, gamma, dy := s.length("x"), s.pointer("x"), s.pointer("gamma"), s.pointer("dy")
	mean, rstd, sum, product := s.broadcast("mean"), s.broadcast("rstd"), s.zero(), s.zero()
	// normal and scaled return x̂ and dy·gamma.
	normal := func(at GPVirtual, by *mask) VecVirtual {
		v := s.load(Mem{Base: at}, by)
		s.VSUBPS(mean, v, v)
		s.VMULPS(rstd, v, v)
		return v
	}
	s.over(n, []GPVirtual{x, gamma, dy, s.pointer("dgamma"), s.pointer("dbeta")}, func(at []GPVirtual, by *mask) {
		v, d := normal(at[0], by), s.load(Mem{Base: at[2]}, by)
		dg, db := s.load(Mem{Base: at[3]}, by), s.load(Mem{Base: at[4]}, by)
		s.VFMADD231PS(v, d, dg)
		s.VADDPS(d, db, db)
		s.store(dg, by, Mem{Base: at[3]})
		s.store(db, by, Mem{Base: at[4]})
		s.VMULPS(s.load(Mem{Base: at[1]}, by), d, d)
		s.VADDPS(d, sum, sum)
		s.VFMADD231PS(d, v, product)
	})
	share := reciprocal(s, n)
	for _, v := range []VecVirtual{sum, product} {
		s.reduce(v, s.VADDPS)
		s.VMULPS(share, v, v)
	}
	s.over(n, []GPVirtual{x, gamma, dy, s.pointer("dx")}, func(at []GPVirtual, by *mask) {
		v, d := normal(at[0], by), s.load(Mem{Base: at[2]}, by)
		s.VMULPS(s.load(Mem{Base: at[1]}, by), d, d)
		s.VSUBPS(sum, d, d)
		s.VFNMADD231PS(v, product, d)
		s.VMULPS(rstd, d, d)
		s.store(d, by, Mem{Base: at[3]})
	})
	s.end()
}
