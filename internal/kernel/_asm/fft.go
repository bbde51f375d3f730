package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// fft writes the passes of FFT by radix.
func fft(s *isa) {
	fftPass(s, 2, butterfly2)
	fftPass(s, 3, butterfly3)
	fftPass(s, 4, butterfly4)
	fftPass(s, 5, butterfly5)
}

// complexVec is a vector of complex numbers.
type complexVec struct{ re, im VecVirtual }

func (s *isa) complexVec() complexVec { return complexVec{s.vec(), s.vec()} }

// fftPass writes one pass: it reads the inputs of a vector of butterflies, one from each leg, and writes their outputs.
func fftPass(s *isa, radix int, butterfly func(s *isa, legs []complexVec)) {
	s.begin(fmt.Sprintf("fftPass%d", radix), "func(xr, xi, yr, yi, twiddles *float64, parts, stride int)", "is backend.fft.")
	xr, xi, yr, yi := s.integer("xr"), s.integer("xi"), s.integer("yr"), s.integer("yi")
	twiddles, parts, stride := s.integer("twiddles"), s.integer("parts"), s.integer("stride")
	s.SHLQ(Imm(3), stride)
	in := s.GP64()
	s.MOVQ(parts, in)
	s.IMULQ(stride, in)
	from, to := s.legs(in, radix), s.legs(stride, radix)
	left := s.GP64()
	s.Label("part")
	s.MOVQ(stride, left)
	s.Label("vector")
	legs := make([]complexVec, radix)
	for k := range legs {
		legs[k] = s.complexVec()
		s.VMOVUPD(from(xr, k), legs[k].re)
		s.VMOVUPD(from(xi, k), legs[k].im)
	}
	butterfly(s, legs)
	for k, leg := range legs {
		if k > 0 {
			leg = s.rotate(leg, Mem{Base: twiddles, Disp: 16 * (k - 1)})
		}
		s.VMOVUPD(leg.re, to(yr, k))
		s.VMOVUPD(leg.im, to(yi, k))
	}
	for _, p := range []GPVirtual{xr, xi, yr, yi} {
		s.ADDQ(Imm(uint64(s.bytes())), p)
	}
	s.SUBQ(Imm(uint64(s.bytes())), left)
	s.JNZ(LabelRef("vector"))
	for range radix - 1 { // over the other legs
		s.ADDQ(stride, yr)
		s.ADDQ(stride, yi)
	}
	s.ADDQ(Imm(uint64(16*(radix-1))), twiddles)
	s.DECQ(parts)
	s.JNZ(LabelRef("part"))
	s.end()
}

// legs returns where a leg is, at its number times a distance from the first.
func (s *isa) legs(distance GPVirtual, radix int) func(base GPVirtual, leg int) Mem {
	three := s.GP64()
	if radix > 3 {
		s.LEAQ(Mem{Base: distance, Index: distance, Scale: 2}, three)
	}
	return func(base GPVirtual, leg int) Mem {
		switch leg {
		case 0:
			return Mem{Base: base}
		case 3:
			return Mem{Base: base, Index: three, Scale: 1}
		}
		return Mem{Base: base, Index: distance, Scale: uint8(leg)}
	}
}

// rotate multiplies v by the complex number at m.
func (s *isa) rotate(v complexVec, m Mem) complexVec {
	re, im, w := s.vec(), s.vec(), s.vec()
	s.VBROADCASTSD(m.Offset(8), w)
	s.VMULPD(v.im, w, re)
	s.VMULPD(v.re, w, im)
	s.VBROADCASTSD(m, w)
	s.VFMSUB231PD(v.re, w, re)
	s.VFMADD231PD(v.im, w, im)
	return complexVec{re, im}
}

// sumDifference replaces a and b by a+b and a-b.
func (s *isa) sumDifference(a, b *complexVec) {
	for _, p := range [][2]*VecVirtual{{&a.re, &b.re}, {&a.im, &b.im}} {
		sum := s.vec()
		s.VADDPD(*p[1], *p[0], sum)
		s.VSUBPD(*p[1], *p[0], *p[1])
		*p[0] = sum
	}
}

// crossed replaces a and b by a-ib and a+ib.
func (s *isa) crossed(a, b *complexVec) {
	first, second := s.complexVec(), *b
	s.VADDPD(b.im, a.re, first.re)
	s.VSUBPD(b.re, a.im, first.im)
	re := s.vec()
	s.VSUBPD(b.im, a.re, re)
	s.VADDPD(b.re, a.im, second.im)
	second.re = re
	*a, *b = first, second
}

func butterfly2(s *isa, legs []complexVec) { s.sumDifference(&legs[0], &legs[1]) }

func butterfly3(s *isa, legs []complexVec) {
	s.sumDifference(&legs[1], &legs[2])
	middle := s.complexVec()
	for _, v := range []struct{ first, sum, difference, middle VecVirtual }{
		{legs[0].re, legs[1].re, legs[2].re, middle.re}, {legs[0].im, legs[1].im, legs[2].im, middle.im}} {
		s.VMOVAPD(v.first, v.middle)
		s.VFNMADD231PD(s.double(0.5), v.sum, v.middle)
		s.VADDPD(v.sum, v.first, v.first)
		s.VMULPD(s.double(math.Sqrt(3)/2), v.difference, v.difference)
	}
	legs[1] = middle
	s.crossed(&legs[1], &legs[2])
}

func butterfly4(s *isa, legs []complexVec) {
	s.sumDifference(&legs[0], &legs[2])
	s.sumDifference(&legs[1], &legs[3])
	s.sumDifference(&legs[0], &legs[1]) // outputs 0 and 2
	s.crossed(&legs[2], &legs[3])       // outputs 1 and 3
	legs[1], legs[2] = legs[2], legs[1]
}

func butterfly5(s *isa, legs []complexVec) {
	s.sumDifference(&legs[1], &legs[4])
	s.sumDifference(&legs[2], &legs[3])
	c1, c2 := s.double(math.Cos(2*math.Pi/5)), s.double(math.Cos(4*math.Pi/5))
	s1, s2 := s.double(math.Sin(2*math.Pi/5)), s.double(math.Sin(4*math.Pi/5))
	for _, at := range []func(*complexVec) *VecVirtual{
		func(c *complexVec) *VecVirtual { return &c.re }, func(c *complexVec) *VecVirtual { return &c.im }} {
		a, t1, t2, t3, t4 := at(&legs[0]), at(&legs[1]), at(&legs[2]), at(&legs[4]), at(&legs[3])
		m1, m2 := s.vec(), s.vec()
		s.VMOVAPD(*a, m1)
		s.VFMADD231PD(c1, *t1, m1)
		s.VFMADD231PD(c2, *t2, m1)
		s.VMOVAPD(*a, m2)
		s.VFMADD231PD(c2, *t1, m2)
		s.VFMADD231PD(c1, *t2, m2)
		s.VADDPD(*t1, *a, *a)
		s.VADDPD(*t2, *a, *a)
		n1 := s.vec()
		s.VMULPD(s1, *t3, n1)
		s.VFMADD231PD(s2, *t4, n1)
		s.VMULPD(s1, *t4, *t4)
		s.VFMSUB231PD(s2, *t3, *t4)
		*t1, *t2, *t3 = m1, m2, n1
	}
	s.crossed(&legs[1], &legs[4])
	s.crossed(&legs[2], &legs[3])
}
