package main

import (
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// vector writes sums, products, AdamW and the conversion of half-precision numbers.
func vector(s *isa) {
	add(s)
	axpy(s)
	dot(s)
	adamW(s)
	halfToFloat(s)
	bfloatToFloat(s)
}

func add(s *isa) {
	s.begin("add", "func(x, y, z []float32)", "is backend.add.")
	n, x, y, z := s.length("x"), s.pointer("x"), s.pointer("y"), s.pointer("z")
	s.each(n, []GPVirtual{x, y, z}, func(by *mask) {
		v := s.load(Mem{Base: x}, by)
		s.VADDPS(s.load(Mem{Base: y}, by), v, v)
		s.store(v, by, Mem{Base: z})
	})
	s.end()
}

func axpy(s *isa) {
	s.begin("axpy", "func(a float32, x, y []float32)", "is backend.axpy.")
	a, n, x, y := s.broadcast("a"), s.length("x"), s.pointer("x"), s.pointer("y")
	s.each(n, []GPVirtual{x, y}, func(by *mask) {
		v := s.load(Mem{Base: y}, by)
		s.VFMADD231PS(s.load(Mem{Base: x}, by), a, v)
		s.store(v, by, Mem{Base: y})
	})
	s.end()
}

// dot sums in double precision, the lower and the upper half of the lanes apart.
func dot(s *isa) {
	s.begin("dot", "func(x, y []float32) float64", "is backend.dot.")
	n, x, y := s.length("x"), s.pointer("x"), s.pointer("y")
	sums := []VecVirtual{s.zero(), s.zero()}
	s.each(n, []GPVirtual{x, y}, func(by *mask) {
		v, w := s.load(Mem{Base: x}, by), s.load(Mem{Base: y}, by)
		for i, sum := range sums {
			dv, dw := s.vec(), s.vec()
			if i > 0 {
				s.upper(v)
				s.upper(w)
			}
			s.VCVTPS2PD(s.narrow(v), dv)
			s.VCVTPS2PD(s.narrow(w), dw)
			s.VFMADD231PD(dv, dw, sum)
		}
	})
	s.VADDPD(sums[1], sums[0], sums[0])
	s.Store(s.fold64(sums[0], s.VADDPD), s.ReturnIndex(0))
	s.end()
}

func adamW(s *isa) {
	s.begin("adamW", "func(w, g, m, v []float32, gradient, beta1, beta2, decay, rate, root, epsilon float32)", "is backend.adamW.")
	n, pw, pg, pm, pv := s.length("w"), s.pointer("w"), s.pointer("g"), s.pointer("m"), s.pointer("v")
	gradient, decay, rate, root, epsilon := s.broadcast("gradient"), s.broadcast("decay"), s.broadcast("rate"), s.broadcast("root"), s.broadcast("epsilon")
	beta1, beta2 := s.broadcast("beta1"), s.broadcast("beta2")
	s.each(n, []GPVirtual{pw, pg, pm, pv}, func(by *mask) {
		g := s.load(Mem{Base: pg}, by)
		s.VMULPS(gradient, g, g)
		// m + (1-β)(g-m), written g + β(m-g).
		m := s.load(Mem{Base: pm}, by)
		s.VSUBPS(g, m, m)
		s.VFMADD213PS(g, beta1, m)
		s.store(m, by, Mem{Base: pm})
		v := s.load(Mem{Base: pv}, by)
		s.VMULPS(g, g, g)
		s.VSUBPS(g, v, v)
		s.VFMADD213PS(g, beta2, v)
		s.store(v, by, Mem{Base: pv})
		s.VSQRTPS(v, v)
		s.VFMADD213PS(epsilon, root, v)
		s.VMULPS(rate, m, m)
		s.VDIVPS(v, m, m)
		w := s.load(Mem{Base: pw}, by)
		s.VFMSUB213PS(m, decay, w)
		s.store(w, by, Mem{Base: pw})
	})
	s.end()
}

func halfToFloat(s *isa) {
	s.begin("halfToFloat", "func(src []byte, dst []float32)", "converts len(dst) numbers, a multiple of the lanes.")
	n, src, dst := s.length("dst"), s.pointer("src"), s.pointer("dst")
	widen(s, n, src, dst, func(v VecVirtual) { s.VCVTPH2PS(Mem{Base: src}, v) })
}

func bfloatToFloat(s *isa) {
	s.begin("bfloatToFloat", "func(src []byte, dst []float32)", "converts len(dst) numbers, a multiple of the lanes.")
	n, src, dst := s.length("dst"), s.pointer("src"), s.pointer("dst")
	widen(s, n, src, dst, func(v VecVirtual) {
		s.VPMOVZXWD(Mem{Base: src}, v)
		s.VPSLLD(Imm(16), v, v)
	})
}

// widen writes the loop over whole vectors; convert reads a vector's numbers at src.
func widen(s *isa, n, src, dst GPVirtual, convert func(v VecVirtual)) {
	s.Label("loop")
	v := s.vec()
	convert(v)
	s.VMOVUPS(v, Mem{Base: dst})
	s.ADDQ(Imm(uint64(s.bytes()/2)), src)
	s.ADDQ(Imm(uint64(s.bytes())), dst)
	s.SUBQ(Imm(uint64(s.lanes)), n)
	s.JG(LabelRef("loop"))
	s.end()
}
