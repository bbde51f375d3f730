package main

import (
	"math"

	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// softmax writes softmax, its gradient, and dropout.
func softmax(s *isa) {
	softmaxRows(s)
	softmaxBackward(s)
	dropout(s)
}

func softmaxRows(s *isa) {
	s.begin("softmax", "func(rows, cols int, x []float32, ldx int, scale float32)", "is backend.softmax.")
	rows, cols, x, ld, scale := s.integer("rows"), s.integer("cols"), s.pointer("x"), s.stride("ldx"), s.broadcast("scale")
	power := func(v VecVirtual) VecVirtual { return exp(s, bounded(s, v)) }
	if s.wide() {
		s.VMULPS(s.f(math.Log2E), scale, scale)
		power = func(v VecVirtual) VecVirtual { return exp2(s, v) }
	}
	lowest, top, sum := s.constant(s.f(math.Inf(-1))), s.vec(), s.vec()
	row := []GPVirtual{x}
	s.rows(rows, row, []GPVirtual{ld}, func() {
		s.VMOVAPS(lowest, top)
		s.over(cols, row, func(at []GPVirtual, by *mask) {
			v := s.load(Mem{Base: at[0]}, by)
			s.blend(v, by, lowest)
			s.VMAXPS(v, top, top)
		})
		s.reduce(top, s.VMAXPS)
		s.VXORPS(sum, sum, sum)
		s.over(cols, row, func(at []GPVirtual, by *mask) {
			v := s.load(Mem{Base: at[0]}, by)
			s.VSUBPS(top, v, v)
			s.VMULPS(scale, v, v)
			e := power(v)
			s.store(e, by, Mem{Base: at[0]})
			s.blank(e, by)
			s.VADDPS(e, sum, sum)
		})
		s.reduce(sum, s.VADDPS)
		one := s.constant(s.f(1))
		s.VDIVPS(sum, one, sum)
		s.over(cols, row, func(at []GPVirtual, by *mask) {
			v := s.load(Mem{Base: at[0]}, by)
			s.VMULPS(sum, v, v)
			s.store(v, by, Mem{Base: at[0]})
		})
	})
	s.end()
}

func softmaxBackward(s *isa) {
	s.begin("softmaxBackward", "func(p, dp []float32, delta, scale float32)", "is backend.softmaxBackward.")
	n, p, dp, delta, scale := s.length("p"), s.pointer("p"), s.pointer("dp"), s.broadcast("delta"), s.broadcast("scale")
	s.each(n, []GPVirtual{p, dp}, func(by *mask) {
		v, d := s.load(Mem{Base: p}, by), s.load(Mem{Base: dp}, by)
		s.VSUBPS(delta, d, d)
		s.VMULPS(v, d, d)
		s.VMULPS(scale, d, d)
		s.store(d, by, Mem{Base: dp})
	})
	s.end()
}

func dropout(s *isa) {
	s.begin("dropout", "func(start, blend, threshold uint32, keep float32, x, y []float32)", "is backend.dropout.")
	h, blend, threshold := s.broadcastInteger("start"), s.broadcastInteger("blend"), s.broadcastInteger("threshold")
	keep, n, x, y := s.broadcast("keep"), s.length("x"), s.pointer("x"), s.pointer("y")
	const golden = 0x9e3779b9
	lane := s.vec() // 0, 1, 2, … times golden
	s.VPMULLD(s.iota(), s.constant(s.word(golden)), lane)
	s.VPADDD(lane, h, h)
	s.each(n, []GPVirtual{x, y}, func(by *mask) {
		g, t := s.vec(), s.vec()
		s.VPSRLD(Imm(16), h, t)
		s.VXORPS(h, t, g)
		s.VPMULLD(s.word(0x7feb352d), g, g)
		s.VPSRLD(Imm(15), g, t)
		s.VXORPS(g, t, g)
		s.VPADDD(blend, g, g)
		s.VPMULLD(s.word(0x846ca68b), g, g)
		s.VPSRLD(Imm(16), g, t)
		s.VXORPS(g, t, g)
		factor, v := s.vec(), s.load(Mem{Base: x}, by)
		if s.wide() {
			kept := s.K()
			s.VPCMPUD(Imm(5), threshold, g, kept) // g ≥ threshold
			s.VMOVAPS_Z(keep, kept, factor)
		} else {
			s.VPMAXUD(threshold, g, factor)
			s.VPCMPEQD(factor, g, factor)
			s.VANDPS(keep, factor, factor)
		}
		s.VMULPS(factor, v, v)
		s.store(v, by, Mem{Base: y})
		s.VPADDD(s.word(uint32(golden*s.lanes&0xffffffff)), h, h)
	})
	s.end()
}
