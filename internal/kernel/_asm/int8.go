package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// int8s writes the product of bytes, the rounding of rows to bytes, and what is less exact next to them, GELU and attention in
// bfloat16: for AVX-512 with VNNI, and with BF16, alone.
func int8s(s *isa) {
	if !s.wide() {
		return
	}
	for _, m := range []int{14, 8, 4, 2, 1} {
		tileInt8(s, m)
	}
	extent(s)
	quantize(s)
	geluRows(s, "shortGELU", "is backend.gelu in error by 2e-4 at most, a hundredth of a step of the bytes that it becomes.", shortGELU)
	attention(s, func(a *attentionMemory) attentionProducts { return dotAttention{a} })
}

// tileInt8 is tile for bytes: each step multiplies four neighbours of a row of A with four of a column of B.
func tileInt8(s *isa, m int) {
	s.begin(fmt.Sprintf("tileInt8x%d", m), "func(n, k int, a *byte, lda int, b *int8, scales *float32, zeros *int32, columnScales *float32, columnSums *int32, c *float32, ldc int, bias *float32)",
		fmt.Sprintf("is int8Loops.product for %d rows and k groups of 4, without GELU; bias may be nil.", m))
	k, a, lda, b := s.integer("k"), s.integer("a"), s.integer("lda"), s.integer("b")
	rows := newRowAddress(s, a, lda, m)
	acc := make([][2]VecVirtual, m)
	for i := range acc {
		acc[i] = [2]VecVirtual{s.zero(), s.zero()}
	}
	bv, av := s.vecs(2), s.vecs(2)
	unrolled(s, k, 2, func(steps int) {
		for at := range steps {
			for j, v := range bv {
				s.VMOVUPS(Mem{Base: b, Disp: (2*at + j) * s.bytes()}, v)
			}
			for i := range acc {
				address := rows.row(i)
				address.Disp = 4 * at
				s.VBROADCASTSS(address, av[i%2])
				for j, v := range bv {
					s.VPDPBUSD(v, av[i%2], acc[i][j])
				}
			}
		}
		for _, base := range rows.bases {
			s.ADDQ(Imm(uint64(4*steps)), base)
		}
		s.ADDQ(U32(uint32(steps*2*s.bytes())), b)
	})

	by := s.masks(s.integer("n"), 2)
	sums, columnScales := s.integer("columnSums"), s.integer("columnScales")
	zeros, scales := s.integer("zeros"), s.integer("scales")
	for j, v := range bv {
		s.loadTo(Mem{Base: sums, Disp: j * s.bytes()}, by[j], v)
		for i := range acc {
			s.VPBROADCASTD(Mem{Base: zeros, Disp: 4 * i}, av[0])
			s.VPMULLD(v, av[0], av[0])
			s.VPSUBD(av[0], acc[i][j], acc[i][j])
			s.VCVTDQ2PS(acc[i][j], acc[i][j])
		}
		s.loadTo(Mem{Base: columnScales, Disp: j * s.bytes()}, by[j], v)
		for i := range acc {
			s.VMULPS_BCST(Mem{Base: scales, Disp: 4 * i}, v, av[0])
			s.VMULPS(av[0], acc[i][j], acc[i][j])
		}
	}
	addBias(s, acc, by)
	storeTile(s, acc, by)
}

// extent writes the search for the limits of a row; any NaN or infinity makes them NaN.
func extent(s *isa) {
	s.begin("extent", "func(x, balance []float32) (low, high float32)", "is int8Loops.extent.")
	n, x, balance, zero := s.length("x"), s.pointer("x"), s.pointer("balance"), s.zero()
	lows, highs, bads := s.zeros(), s.zeros(), s.zeros()
	s.overChains(n, []GPVirtual{x, balance}, func(at []GPVirtual, c, disp int, by *mask) {
		v := s.load(Mem{Base: at[0], Disp: disp}, by)
		s.VMULPS(s.load(Mem{Base: at[1], Disp: disp}, by), v, v)
		s.VMINPS(v, lows[c], lows[c])
		s.VMAXPS(v, highs[c], highs[c])
		s.VFMADD231PS(v, zero, bads[c])
	})
	low, high, bad := s.total(lows, s.VMINPS), s.total(highs, s.VMAXPS), s.total(bads, s.VADDPS)
	for _, r := range []struct {
		name string
		v    VecVirtual
	}{{"low", low}, {"high", high}} {
		s.VADDPS(bad, r.v, r.v)
		s.Store(r.v.AsX(), s.Return(r.name))
	}
	s.end()
}

func quantize(s *isa) {
	s.begin("quantize", "func(x, balance []float32, q []byte, inverse float32, zero int32)", "is int8Loops.quantize.")
	n, x, balance, q, inverse := s.length("x"), s.pointer("x"), s.pointer("balance"), s.pointer("q"), s.broadcast("inverse")
	r, zero, none := s.GP32(), s.vec(), s.zero()
	s.Load(s.Param("zero"), r)
	s.VPBROADCASTD(r, zero)
	s.SUBQ(Imm(16), n)
	s.JLT(LabelRef("tail"))
	body := func(by *mask) {
		v := s.load(Mem{Base: x}, by)
		s.VMULPS(s.load(Mem{Base: balance}, by), v, v)
		s.VMULPS(inverse, v, v)
		s.VCVTPS2DQ(v, v)
		s.VPADDD(zero, v, v)
		s.VPMAXSD(none, v, v)
		if by == nil {
			s.VPMOVUSDB(v, Mem{Base: q})
		} else {
			s.VPMOVUSDB(v, by.k, Mem{Base: q})
		}
	}
	s.Label("loop")
	body(nil)
	s.ADDQ(Imm(64), x)
	s.ADDQ(Imm(64), balance)
	s.ADDQ(Imm(16), q)
	s.SUBQ(Imm(16), n)
	s.JGE(LabelRef("loop"))
	s.Label("tail")
	s.ADDQ(Imm(16), n)
	s.JZ(LabelRef("done"))
	body(s.masks(n, 1)[0])
	s.Label("done")
	s.end()
}
