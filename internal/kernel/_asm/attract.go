package main

import (
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// attract writes the attraction of a point by its neighbours, of which there is at least a vector.
func attract(s *isa) {
	s.begin("attract", "func(x, y float64, points *float64, near *int32, w *float64, n int) (pullX, pullY float64)", "is backend.attract.")
	lanes := uint64(s.lanes / 2)
	a := &attraction{x: s.broadcast64("x"), y: s.broadcast64("y"), one: s.constant(s.double(1)), pullX: s.zero(), pullY: s.zero(),
		points: s.integer("points"), near: s.integer("near"), w: s.integer("w")}
	n := s.integer("n")
	s.Label("loop")
	s.SUBQ(Imm(lanes), n)
	s.JLT(LabelRef("rest"))
	a.add(s, s.load(Mem{Base: a.w}, nil))
	s.ADDQ(Imm(4*lanes), a.near)
	s.ADDQ(Imm(8*lanes), a.w)
	s.JMP(LabelRef("loop"))
	s.Label("rest") // the last vector again, without what has been added
	s.ADDQ(Imm(lanes), n)
	s.JZ(LabelRef("done"))
	s.LEAQ(Mem{Base: a.near, Index: n, Scale: 4, Disp: -4 * int(lanes)}, a.near)
	s.LEAQ(Mem{Base: a.w, Index: n, Scale: 8, Disp: -8 * int(lanes)}, a.w)
	a.add(s, s.last(n, a.w))
	s.Label("done")
	for i, v := range []VecVirtual{a.pullX, a.pullY} {
		s.Store(s.fold64(v, s.VADDPD), s.ReturnIndex(i))
	}
	s.end()
}

// attraction is what attract keeps in registers.
type attraction struct {
	x, y, one, pullX, pullY VecVirtual
	points, near, w         GPVirtual
}

// add adds the attraction of neighbours with the weights w.
func (a *attraction) add(s *isa, w VecVirtual) {
	even, odd := a.gather(s, 0), a.gather(s, 1)
	dx, dy, d := s.vec(), s.vec(), s.vec()
	s.VUNPCKLPD(odd, even, dx)
	s.VUNPCKHPD(odd, even, dy)
	s.VSUBPD(dx, a.x, dx)
	s.VSUBPD(dy, a.y, dy)
	s.VMOVAPD(a.one, d)
	s.VFMADD231PD(dx, dx, d)
	s.VFMADD231PD(dy, dy, d)
	s.VDIVPD(d, w, w)
	s.VFMADD231PD(w, dx, a.pullX)
	s.VFMADD231PD(w, dy, a.pullY)
}

// gather returns the places of every other neighbour.
func (a *attraction) gather(s *isa, first int) VecVirtual {
	place := func(k int) Mem {
		at := s.GP64()
		s.MOVLQSX(Mem{Base: a.near, Disp: 4 * (first + 2*k)}, at)
		s.SHLQ(Imm(4), at)
		return Mem{Base: a.points, Index: at, Scale: 1}
	}
	v := s.vec()
	s.VMOVUPD(place(0), v.AsX())
	if !s.wide() {
		s.VINSERTF128(Imm(1), place(1), v, v)
		return v
	}
	for k := 1; k < 4; k++ {
		s.VINSERTF64X2(Imm(uint64(k)), place(k), v, v)
	}
	return v
}

// last loads a vector of float64, of which it keeps the last n.
func (s *isa) last(n, from GPVirtual) VecVirtual {
	v := s.vec()
	if s.wide() {
		bits, k := s.GP32(), s.K()
		s.MOVL(U32(0xff00), bits)
		s.SHRXL(n.As32(), bits, bits)
		s.KMOVB(bits, k)
		s.VMOVUPD_Z(Mem{Base: from}, k, v)
		return v
	}
	table := s.GP64()
	s.LEAQ(s.lanesTable(), table)
	s.VMOVUPS(Mem{Base: table, Index: n, Scale: 8, Disp: 4 * s.lanes}, v) // ones in the lanes before the last n
	s.VANDNPS(Mem{Base: from}, v, v)
	return v
}
