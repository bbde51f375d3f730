package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// forest writes the walk of 16 rows down trees, with AVX-512 only: its permutations hold a level's splits in registers.
func forest(s *isa) {
	if s.wide() {
		walk(s)
	}
}

// walk takes two trees at a time, each of which hides the latency of the other's gathers.
func walk(s *isa) {
	s.begin("walk", "func(trees, levels int, threshold *float32, feature *uint32, leaf *float32, rows *float32, width int, margin *float32)", "is backend.walk.")
	trees, levels, width := s.integer("trees"), s.integer("levels"), s.integer("width")
	tables := make([]GPVirtual, 4)
	for i, name := range []string{"threshold", "feature", "leaf", "rows"} {
		tables[i] = s.integer(name)
	}
	margin, sum := s.integer("margin"), s.vec()
	s.VMOVUPS(Mem{Base: margin}, sum)
	x, start := s.XMM(), s.vec() // start of each row
	s.VMOVD(width.As32(), x)
	s.VPBROADCASTD(x, start)
	s.VPMULLD(s.iota(), start, start)
	const size = 4 * 64 // of a table of one tree
	for _, k := range []int{2, 1} {
		loop, done := fmt.Sprintf("by%d", k), fmt.Sprintf("done%d", k)
		s.Label(loop)
		s.CMPQ(trees, Imm(uint64(k)))
		s.JLT(LabelRef(done))
		at := s.vecs(k) // places in each tree
		for _, v := range at {
			s.VMOVUPS(s.word(1), v)
		}
		down(s, at, levels, tables, start, fmt.Sprintf("leaf%d", k))
		for i, v := range at {
			s.VADDPS(leafOf(s, tables[2], i*size, v), sum, sum)
		}
		for _, t := range tables[:3] {
			s.ADDQ(U32(k*size), t)
		}
		s.SUBQ(Imm(uint64(k)), trees)
		s.JMP(LabelRef(loop))
		s.Label(done)
	}
	s.VMOVUPS(sum, Mem{Base: margin})
	s.end()
}

// down moves the places down all levels.
func down(s *isa, at []VecVirtual, levels GPVirtual, tables []GPVirtual, start VecVirtual, leaf string) {
	const size, most = 4 * 64, 6
	for level := range most {
		for i, at := range at {
			entry := func(table GPVirtual, v VecVirtual) { // of each row's split
				m := Mem{Base: table, Disp: i * size}
				switch {
				case level == 0:
					s.VPBROADCASTD(m.Offset(4), v)
				case level < 5:
					s.VPERMD(m.Offset(64*(level/4)), at, v)
				default:
					s.VMOVDQU32(m.Offset(128), v)
					s.VPERMT2D(m.Offset(192), at, v)
				}
			}
			feature, threshold, value := s.vec(), s.vec(), s.zero()
			entry(tables[1], feature)
			entry(tables[0], threshold)
			all, missing, right, other := s.K(), s.K(), s.K(), s.K() // a gather uses its mask up
			s.VPMOVD2M(feature, missing)                             // the sign: missing values go right
			s.VPANDD(s.word(1<<31-1), feature, feature)
			s.VPADDD(start, feature, feature)
			s.VPCMPEQD(start, start, all)
			s.VGATHERDPS(Mem{Base: tables[3], Index: feature, Scale: 4}, all, value)
			const notLess, notBelow = 21, 29 // without an order: true, false
			s.VCMPPS(Imm(notLess), threshold, value, missing, other)
			s.VCMPPS(Imm(notBelow), threshold, value, right)
			s.KORW(other, right, right)
			s.VPADDD(at, at, at)
			s.VPADDD(s.word(1), at, right, at)
		}
		if level < most-1 {
			s.CMPQ(levels, Imm(uint64(level+1)))
			s.JEQ(LabelRef(leaf))
		}
	}
	s.Label(leaf)
}

// leafOf looks up the leaf, by the place modulo 64.
func leafOf(s *isa, table GPVirtual, from int, at VecVirtual) VecVirtual {
	m, upper := Mem{Base: table, Disp: from}, s.K()
	half := func(from int) VecVirtual {
		v := s.vec()
		s.VMOVDQU32(m.Offset(from), v)
		s.VPERMT2D(m.Offset(from+64), at, v)
		return v
	}
	low, high := half(0), half(128)
	s.VPTESTMD(s.word(32), at, upper)
	s.VPBLENDMD(high, low, upper, low)
	return low
}
