package main

import (
	"math"

	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// attend writes one head's attention in float32. Like attention, it computes the scores of 16 queries transposed, and all that it
// works on lies in registers and first-level cache.
func attend(s *isa) {
	if !s.wide() {
		return
	}
	s.begin("attend", "func(n int, q *float32, ld, part int, out *float32, ldo int, scale float32, scratch *float32)",
		"is backend.attend; the keys follow the queries at a distance of part, and so do the values the keys.")
	a := &singleAttention{attentionMemory{isa: s, block: s.scratch("scratch"), keys: s.GP64(), scores: s.GP64()}}
	s.LEAQ(Mem{Base: a.block, Disp: 2048}, a.keys)
	s.Load(s.Param("n"), a.scores)
	s.ADDQ(Imm(keyGroup-1), a.scores)
	s.SHLQ(Imm(7), a.scores)
	s.ADDQ(a.keys, a.scores)
	a.packKeys()
	a.eachBlock(func(q, out, left GPVirtual) {
		a.packQueries(q, left)
		a.weighBy(a.products, a.exponentials(a.score()), left, out)
	})
	s.end()
}

// keyGroup is how many keys are multiplied at a time.
const keyGroup = 14

// singleAttention has, in the memory: 2 KB of queries [32][16], then what the queries' sums are multiplied with; float32 keys
// [n][32], the last one keyGroup times, so that all groups are whole; and as many scores [n][16], which become probabilities.
type singleAttention struct{ attentionMemory }

func (a *singleAttention) packKeys() {
	n, ld, k, to := a.integer("n"), a.stride("ld"), a.part(1), a.copied(a.keys)[0]
	key := a.vecs(2)
	a.rows(n, []GPVirtual{k}, []GPVirtual{ld}, func() {
		for half, v := range key {
			a.VMOVUPS(Mem{Base: k, Disp: 64 * half}, v)
			a.VMOVUPS(v, Mem{Base: to, Disp: 64 * half})
		}
		a.ADDQ(U32(128), to)
	})
	for again := range keyGroup - 1 {
		for half, v := range key {
			a.VMOVUPS(v, Mem{Base: to, Disp: 128*again + 64*half})
		}
	}
}

// packQueries packs 16 rows of q, or those that are left, times scale.
func (a *singleAttention) packQueries(q, left GPVirtual) {
	ld, scale := a.stride("ld"), a.broadcast("scale")
	for half := range 2 {
		at, rows := a.copied(q)[0], a.vecs(16)
		for i, r := range rows {
			a.VMULPS(Mem{Base: at, Disp: 64 * half}, scale, r)
			a.nextRow(at, ld, left, i)
		}
		for i, r := range transposed16(a.isa, rows) {
			a.VMOVUPS(r, Mem{Base: a.block, Disp: 1024*half + 64*i})
		}
	}
}

// score returns the highest score of each query.
func (a *singleAttention) score() (top VecVirtual) {
	left, at, sums, query := a.integer("n"), a.copied(a.keys, a.scores), a.vecs(keyGroup), a.vec()
	top = a.constant(a.f(math.Inf(-1)))
	a.Label("score")
	for _, s := range sums {
		a.VXORPS(s, s, s)
	}
	const unroll = 4
	from, steps := a.copied(at[0], a.block), a.GP64()
	a.MOVQ(U32(32/unroll), steps)
	a.Label("dimensions")
	for d := range unroll {
		a.VMOVUPS(Mem{Base: from[1], Disp: 64 * d}, query)
		for k, s := range sums {
			a.VFMADD231PS_BCST(Mem{Base: from[0], Disp: 128*k + 4*d}, query, s)
		}
	}
	a.ADDQ(Imm(4*unroll), from[0])
	a.ADDQ(U32(64*unroll), from[1])
	a.DECQ(steps)
	a.JNZ(LabelRef("dimensions"))
	for k, s := range sums {
		a.VMOVUPS(s, Mem{Base: at[1], Disp: 64 * k})
		a.VMAXPS(top, s, top) // NaN stays in s
	}
	a.ADDQ(U32(128*keyGroup), at[0])
	a.ADDQ(U32(64*keyGroup), at[1])
	a.SUBQ(Imm(keyGroup), left)
	a.JG(LabelRef("score"))
	return top
}

// exponentials turns scores into probabilities times their sums, which it returns.
func (a *singleAttention) exponentials(top VecVirtual) (sum VecVirtual) {
	left, at := a.integer("n"), a.copied(a.scores)[0]
	sum = a.zero()
	a.Label("exponentials")
	x := a.load(Mem{Base: at}, nil)
	a.VSUBPS(top, x, x)
	e := exp2(a.isa, x)
	a.VADDPS(e, sum, sum)
	a.VMOVUPS(e, Mem{Base: at})
	a.ADDQ(Imm(64), at)
	a.DECQ(left)
	a.JNZ(LabelRef("exponentials"))
	return sum
}

// products returns the values summed by the probabilities of some queries.
func (a *singleAttention) products(first, queries int) [][2]VecVirtual {
	sums := make([][2]VecVirtual, queries)
	for i := range sums {
		sums[i] = [2]VecVirtual{a.zero(), a.zero()}
	}
	left, ld, v, at := a.integer("n"), a.stride("ld"), a.part(2), a.copied(a.scores)[0]
	value, weights := a.vecs(2), a.vecs(2)
	a.rows(left, []GPVirtual{v}, []GPVirtual{ld}, func() {
		for half := range value {
			a.VMOVUPS(Mem{Base: v, Disp: 64 * half}, value[half])
		}
		for i, s := range sums {
			a.VBROADCASTSS(Mem{Base: at, Disp: 4 * (first + i)}, weights[i%2])
			for half := range value {
				a.VFMADD231PS(weights[i%2], value[half], s[half])
			}
		}
		a.ADDQ(Imm(64), at)
	})
	return sums
}
