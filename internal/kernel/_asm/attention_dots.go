package main

import (
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// dotAttention computes the products of attention by VDPBF16PS, whose left operand is a pair of numbers for all lanes. Values are
// [n/2][32][2], and the 2 KB hold what the queries' sums are multiplied with.
type dotAttention struct{ *attentionMemory }

// prepare packs the values of four keys at a time, the last one's again for those that are missing: their probabilities are 0.
func (a dotAttention) prepare() {
	left, ld, v, to := a.integer("n"), a.stride("ld"), a.part(2), a.copied(a.values)[0]
	order := a.pairing()
	a.Label("values")
	for pair := range 2 {
		var row [2][2]VecVirtual
		for i := range row {
			for half := range 2 {
				row[i][half] = a.load(Mem{Base: v, Disp: 64 * half}, nil)
			}
			a.nextRow(v, ld, left, 2*pair+i)
		}
		for half := range 2 {
			a.VMOVUPS(a.paired(row[0][half], row[1][half], order), Mem{Base: to, Disp: 128*pair + 64*half})
		}
	}
	a.ADDQ(U32(256), to)
	a.SUBQ(Imm(4), left)
	a.JG(LabelRef("values"))
}

func (a dotAttention) release() { a.end() }

// score works on eight keys at a time; their sums do not wait for each other.
func (a dotAttention) score(queries []VecVirtual) {
	const keys = 8
	left, at, sums := a.integer("n"), a.copied(a.keys, a.scores), a.vecs(keys)
	a.Label("score")
	for _, s := range sums {
		a.VXORPS(s, s, s)
	}
	for pair, q := range queries {
		for k, s := range sums {
			a.addDots(Mem{Base: at[0], Disp: 64*k + 4*pair}, q, s)
		}
	}
	for k, s := range sums {
		a.VMOVUPS(s, Mem{Base: at[1], Disp: 64 * k})
	}
	for _, p := range at {
		a.ADDQ(U32(64*keys), p)
	}
	a.SUBQ(Imm(keys), left)
	a.JG(LabelRef("score"))
}

func (a dotAttention) weigh(sum VecVirtual, left, out GPVirtual) {
	a.weighBy(a.products, sum, left, out)
}

// products returns the values summed by the probabilities of some queries.
func (a dotAttention) products(first, queries int) [][2]VecVirtual {
	sums := make([][2]VecVirtual, queries)
	for i := range sums {
		sums[i] = [2]VecVirtual{a.zero(), a.zero()}
	}
	loop, left, at, v := a.label("products"), a.integer("n"), a.copied(a.values, a.probabilities), a.vecs(2)
	a.Label(loop)
	for pair := range 2 {
		for half := range v {
			a.VMOVUPS(Mem{Base: at[0], Disp: 128*pair + 64*half}, v[half])
		}
		for i, s := range sums {
			for half := range v {
				a.addDots(Mem{Base: at[1], Disp: 64*pair + 4*(first+i)}, v[half], s[half])
			}
		}
	}
	a.ADDQ(U32(256), at[0])
	a.ADDQ(U32(128), at[1])
	a.SUBQ(Imm(4), left)
	a.JG(LabelRef(loop))
	return sums
}

// addDots adds to each float32 of sum the product of pairs of bfloat16, one at m for all and those of v.
func (s *isa) addDots(m Mem, v, sum VecVirtual) {
	s.Instruction(&ir.Instruction{Opcode: "VDPBF16PS_BCST", Operands: []Op{m, v, sum}, Inputs: []Op{m, v, sum}, Outputs: []Op{sum}})
}
