package main

import (
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// cuts writes the search for the best cut of a histogram, with AVX-512 only: AVX2 has no arithmetic
// shift of 64-bit integers and does not convert them to float64.
func cuts(s *isa) {
	if s.wide() {
		bestCut(s, "bestCutPacked", newPackedBins)
		bestCut(s, "bestCutFull", newFullBins)
	}
}

// cutBins is how the bins of a vector are laid out.
type cutBins interface {
	// broadcast returns a vector with the two sums in every bin.
	broadcast(s *isa, grad, hess string) VecVirtual
	// accumulate replaces v by carry plus its prefix sums, and all bins of carry by the last of them.
	accumulate(s *isa, v, carry VecVirtual)
	split(s *isa, v VecVirtual) (grad, hess VecVirtual)
}

// bestCut takes a vector of bins at a time: the sums up to each of them, and what a cut after it gains.
func bestCut(s *isa, name string, layout func(s *isa) cutBins) {
	s.begin(name, "func(h []int64, startGrad, startHess, grad, hess, least int64, lambda float64) float64", "is backend.bestCut.")
	h, n := s.pointer("h"), s.length("h")
	s.SHLQ(Imm(1), n) // each counts lanes of 32 bits
	bins := layout(s)
	total, carry := bins.broadcast(s, "grad", "hess"), bins.broadcast(s, "startGrad", "startHess")
	least, lambda, best := s.repeat(s.integer("least")), s.broadcast64("lambda"), s.zero()
	s.each(n, []GPVirtual{h}, func(by *mask) {
		inner, outer := s.load(Mem{Base: h}, by), s.vec()
		bins.accumulate(s, inner, carry)
		s.VPSUBQ(inner, total, outer)
		g1, h1 := bins.split(s, inner)
		g2, h2 := bins.split(s, outer)
		const notLess = 5
		some, both := s.K(), s.K()
		s.VPCMPQ(Imm(notLess), least, h1, some)
		s.VPCMPQ(Imm(notLess), least, h2, some, both)
		for _, v := range []VecVirtual{g1, h1, g2, h2} {
			s.VCVTQQ2PD(v, v)
		}
		s.VADDPD(lambda, h1, h1)
		s.VADDPD(lambda, h2, h2)
		s.VMULPD(g1, g1, g1)
		s.VMULPD(g2, g2, g2)
		s.VMULPD(h2, g1, g1)
		s.VFMADD231PD(g2, h1, g1)
		s.VMULPD(h1, h2, h2)
		s.VDIVPD(h2, g1, g1)
		s.VMAXPD(g1, best, both, best)
	})
	s.Store(s.fold64(best, s.VMAXPD), s.ReturnIndex(0))
	s.end()
}

// repeat returns a vector of one word of 64 bits.
func (s *isa) repeat(word GPVirtual) VecVirtual {
	v := s.vec()
	s.VPBROADCASTQ(word, v)
	return v
}

// packedBins has bins of a word, the first derivative in its upper half: 8 in a vector.
type packedBins struct{ last, low, zero VecVirtual }

func newPackedBins(s *isa) cutBins {
	return packedBins{last: s.constant(s.long(7)), low: s.constant(s.long(1<<32 - 1)), zero: s.zero()}
}

func (packedBins) broadcast(s *isa, grad, hess string) VecVirtual {
	g, h := s.integer(grad), s.integer(hess)
	s.SHLQ(Imm(32), g)
	s.ADDQ(h, g)
	return s.repeat(g)
}

func (b packedBins) accumulate(s *isa, v, carry VecVirtual) {
	before := s.vec()
	for _, by := range []uint64{1, 2, 4} {
		s.VALIGNQ(Imm(8-by), b.zero, v, before)
		s.VPADDQ(before, v, v)
	}
	s.VPADDQ(carry, v, v)
	s.VPERMQ(v, b.last, carry)
}

func (b packedBins) split(s *isa, v VecVirtual) (grad, hess VecVirtual) {
	grad, hess = s.vec(), s.vec()
	s.VPSRAQ(Imm(32), v, grad)
	s.VPANDQ(b.low, v, hess)
	return grad, hess
}

// fullBins has bins of two words, 4 in a vector; split repeats each.
type fullBins struct{ zero VecVirtual }

func newFullBins(s *isa) cutBins { return fullBins{s.zero()} }

func (fullBins) broadcast(s *isa, grad, hess string) VecVirtual {
	g, h := s.repeat(s.integer(grad)), s.repeat(s.integer(hess))
	s.VPUNPCKLQDQ(h, g, g)
	return g
}

func (b fullBins) accumulate(s *isa, v, carry VecVirtual) {
	before := s.vec()
	for _, by := range []uint64{2, 4} {
		s.VALIGNQ(Imm(8-by), b.zero, v, before)
		s.VPADDQ(before, v, v)
	}
	s.VPADDQ(carry, v, v)
	s.VSHUFI64X2(Imm(0xff), v, v, carry)
}

func (fullBins) split(s *isa, v VecVirtual) (grad, hess VecVirtual) {
	grad, hess = s.vec(), s.vec()
	s.VPUNPCKLQDQ(v, v, grad)
	s.VPUNPCKHQDQ(v, v, hess)
	return grad, hess
}
