package main

import (
	"math"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// attention writes one head's attention in bfloat16. Scores are computed transposed, a row of 16 queries for each key, so that
// limits and sums of the softmax need nothing across lanes:
//
//	Sᵀ = K·(scale·Q)ᵀ,  Pᵀ = 2^(Sᵀ - top),  O = P·V / sum
//
// The right operand of a product has pairs of its rows side by side, so the rows of Qᵀ are pairs of dimensions, those of
// Pᵀ pairs of keys.
func attention(s *isa, products func(a *attentionMemory) attentionProducts) {
	s.begin("attention", "func(n int, q *float32, ld, part int, out *float32, ldo int, scale float32, scratch *float32)",
		"is int8Loops.attention for heads of 32 columns; the keys follow the queries at a distance of part, and so do the values the keys.")
	size := s.integer("n")
	s.ADDQ(Imm(31), size)
	s.ANDQ(I8(-32), size)
	s.SHLQ(Imm(6), size)
	a := &attentionMemory{isa: s, keys: s.scratch("scratch"), size: size}
	after := func(p GPVirtual) GPVirtual {
		r := s.GP64()
		s.LEAQ(Mem{Base: p, Index: size, Scale: 1}, r)
		return r
	}
	a.values = after(a.keys)
	a.scores = after(a.values)
	a.probabilities = after(a.scores)
	a.block = s.GP64()
	s.MOVQ(size, a.block)
	s.SHRQ(Imm(1), a.block)
	s.ADDQ(a.probabilities, a.block)
	p := products(a)
	a.packKeys()
	p.prepare()

	a.eachBlock(func(q, out, left GPVirtual) {
		p.score(a.packedQueries(q, left))
		p.weigh(a.exponentials(), left, out)
	})
	p.release()
}

// eachBlock writes a loop over blocks of 16 queries at q, whose results go to out; left are those that are left.
func (a *attentionMemory) eachBlock(body func(q, out, left GPVirtual)) {
	left, q, out := a.integer("n"), a.integer("q"), a.integer("out")
	a.Label("queries")
	body(q, out, left)
	ld, ldo := a.stride("ld"), a.stride("ldo")
	a.SHLQ(Imm(4), ld)
	a.ADDQ(ld, q)
	a.SHLQ(Imm(4), ldo)
	a.ADDQ(ldo, out)
	a.SUBQ(Imm(16), left)
	a.JG(LabelRef("queries"))
}

// attentionProducts are the parts of attention that depend on how products are computed.
type attentionProducts interface {
	prepare() // packs the values
	// score sets the scores of all keys for 16 queries, packed in vectors of one pair of dimensions each.
	score(queries []VecVirtual)
	// weigh sums values by probabilities, divides by their sum and writes 16 rows of out, or those that are left.
	weigh(sum VecVirtual, left, out GPVirtual)
	release() // ends the function
}

// attentionMemory is where things lie in the scratch memory: bfloat16 keys [n][32] and as many bytes for values; float32 scores
// [n][16]; bfloat16 probabilities [n/2][16][2]; and 2 KB for the products.
type attentionMemory struct {
	*isa
	keys, values, scores, probabilities, block GPVirtual
	size                                       GPVirtual // bytes of the keys, 64 each, up to a multiple of 32 of them
}

// copied returns registers that hold the same.
func (a *attentionMemory) copied(p ...GPVirtual) []GPVirtual {
	c := make([]GPVirtual, len(p))
	for i := range p {
		c[i] = a.GP64()
		a.MOVQ(p[i], c[i])
	}
	return c
}

// part is a pointer to the first query, key or value: 0, 1 or 2 parts after q.
func (a *attentionMemory) part(parts int) GPVirtual {
	p, distance := a.integer("q"), a.stride("part")
	for range parts {
		a.ADDQ(distance, p)
	}
	return p
}

func (a *attentionMemory) packKeys() {
	n, ld, k, to := a.integer("n"), a.stride("ld"), a.part(1), a.copied(a.keys)[0]
	a.rows(n, []GPVirtual{k}, []GPVirtual{ld}, func() {
		a.VMOVUPS(a.bfloats(a.load(Mem{Base: k}, nil), a.load(Mem{Base: k, Disp: 64}, nil)), Mem{Base: to})
		a.ADDQ(Imm(64), to)
	})
}

// nextRow moves at to the next row, unless row is the last that is left.
func (a *attentionMemory) nextRow(at, ld, left GPVirtual, row int) {
	next := a.GP64()
	a.LEAQ(Mem{Base: at, Index: ld, Scale: 1}, next)
	a.CMPQ(left, Imm(uint64(row+1)))
	a.CMOVQGT(next, at)
}

// pairing is the order of words that puts those of the lower half next to those of the upper one.
func (a *attentionMemory) pairing() VecVirtual {
	if a.pairs == (Mem{}) {
		a.pairs = a.StaticGlobal("pairs")
		a.DataAttributes(attr.RODATA | attr.NOPTR)
		for i := range 16 {
			a.AppendDatum(U32(i | (16+i)<<16))
		}
	}
	v := a.vec()
	a.VMOVUPS(a.pairs, v)
	return v
}

// paired rounds two vectors to bfloat16 and puts their elements side by side.
func (a *attentionMemory) paired(first, second, order VecVirtual) VecVirtual {
	v := a.bfloats(first, second)
	a.VPERMW(v, order, v)
	return v
}

// packedQueries returns 16 rows of q, or those that are left, times scale, a vector for each pair of dimensions.
func (a *attentionMemory) packedQueries(q, left GPVirtual) []VecVirtual {
	ld, at, scale := a.stride("ld"), a.copied(q)[0], a.broadcast("scale")
	rows := make([]VecVirtual, 16)
	for i := range rows {
		var half [2]VecVirtual
		for j := range half {
			half[j] = a.vec()
			a.VMULPS(Mem{Base: at, Disp: 64 * j}, scale, half[j])
		}
		a.nextRow(at, ld, left, i)
		rows[i] = a.bfloats(half[0], half[1])
	}
	return transposed16(a.isa, rows)
}

// exponentials turns scores into probabilities times their sums, which it returns. It works on four keys at a time.
func (a *attentionMemory) exponentials() (sum VecVirtual) {
	n := a.integer("n")
	lowest, end, missing := a.constant(a.f(math.Inf(-1))), a.GP64(), a.GP64()
	a.MOVQ(n, missing)
	a.NEGQ(missing)
	a.ANDQ(Imm(3), missing)
	a.MOVQ(n, end)
	a.SHLQ(Imm(6), end)
	a.ADDQ(a.scores, end)
	a.JMP(LabelRef("filled"))
	a.Label("fill")
	a.VMOVUPS(lowest, Mem{Base: end})
	a.ADDQ(Imm(64), end)
	a.DECQ(missing)
	a.Label("filled")
	a.TESTQ(missing, missing)
	a.JNZ(LabelRef("fill"))

	top, at := a.vecs(4), a.copied(a.scores, a.probabilities)
	for _, t := range top {
		a.VMOVAPS(lowest, t)
	}
	a.Label("top")
	for i, t := range top {
		a.VMAXPS(Mem{Base: at[0], Disp: 64 * i}, t, t)
	}
	a.ADDQ(U32(256), at[0])
	a.CMPQ(at[0], end)
	a.JLT(LabelRef("top"))
	for _, p := range [][2]int{{0, 1}, {2, 3}, {0, 2}} {
		a.VMAXPS(top[p[1]], top[p[0]], top[p[0]])
	}

	sums, order := []VecVirtual{a.zero(), a.zero()}, a.pairing()
	a.MOVQ(a.scores, at[0])
	a.Label("exponentials")
	for pair := range 2 {
		var e [2]VecVirtual
		for i := range e {
			x := a.load(Mem{Base: at[0], Disp: 128*pair + 64*i}, nil)
			a.VSUBPS(top[0], x, x)
			e[i] = shortExp2(a.isa, x)
			a.VADDPS(e[i], sums[i], sums[i])
		}
		a.VMOVUPS(a.paired(e[0], e[1], order), Mem{Base: at[1], Disp: 64 * pair})
	}
	a.ADDQ(U32(256), at[0])
	a.ADDQ(U32(128), at[1])
	a.CMPQ(at[0], end)
	a.JLT(LabelRef("exponentials"))
	a.VADDPS(sums[1], sums[0], sums[0])
	return sums[0]
}

// shortExp2 is exp2 by a polynomial of relative error 8e-5, a twentieth of what rounding to bfloat16 takes away.
func shortExp2(s *isa, x VecVirtual) VecVirtual {
	r := s.vec()
	s.VREDUCEPS(Imm(1), x, r) // x - ⌊x⌋
	p := horner(s, r, 0.0780244916677475, 0.22606757283210754, 0.6958332061767578, 0.9999252557754517)
	s.VSCALEFPS(x, p, p)
	return p
}

// weighBy writes 16 rows of out, or those that are left, given what sums values by the probabilities of some queries and the sum of
// these. It works on eight queries at a time.
func (a *attentionMemory) weighBy(products func(first, queries int) [][2]VecVirtual, sum VecVirtual, left, out GPVirtual) {
	const queries = 8
	one, ldo := a.constant(a.f(1)), a.stride("ldo")
	a.VDIVPS(sum, one, sum)
	a.VMOVUPS(sum, Mem{Base: a.block})
	row := a.copied(out)[0]
	for first := 0; first < 16; first += queries {
		if first > 0 {
			a.CMPQ(left, Imm(uint64(first)))
			a.JLE(LabelRef("weighed"))
		}
		for i, sums := range products(first, queries) {
			for half, v := range sums {
				a.VMULPS_BCST(Mem{Base: a.block, Disp: 4 * (first + i)}, v, v)
				a.VMOVUPS(v, Mem{Base: row, Disp: 64 * half})
			}
			a.ADDQ(ldo, row)
			if i < queries-1 {
				a.CMPQ(left, Imm(uint64(first+i+1)))
				a.JLE(LabelRef("weighed"))
			}
		}
	}
	a.Label("weighed")
}
