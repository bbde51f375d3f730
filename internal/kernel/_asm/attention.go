package main

import (
	"math"

	"github.com/mmcloughlin/avo/attr"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// attention writes one head's attention in bfloat16 on tiles. Scores are computed transposed, a row of 16 queries for each key, so
// that limits and sums of the softmax need nothing across lanes:
//
//	Sᵀ = K·(scale·Q)ᵀ,  Pᵀ = 2^(Sᵀ - top),  Oᵀ = Vᵀ·Pᵀ / sum
//
// The right operand of a product has pairs of its rows side by side, so the rows of Qᵀ are pairs of dimensions, those of
// Pᵀ pairs of keys. Keys are filled up to a multiple of 32 by columns of Vᵀ and rows of Pᵀ that come to 0.
func attention(s *isa) {
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
	s.tileBegin()
	a.packKeys()
	a.packValues()
	a.clearProbabilities()

	left, q, out := s.integer("n"), s.integer("q"), s.integer("out")
	s.Label("queries")
	a.packQueries(q, left)
	a.score()
	sum := a.exponentials()
	a.weigh()
	a.finish(out, left, sum)
	ld, ldo := s.stride("ld"), s.stride("ldo")
	s.SHLQ(Imm(4), ld)
	s.ADDQ(ld, q)
	s.SHLQ(Imm(4), ldo)
	s.ADDQ(ldo, out)
	s.SUBQ(Imm(16), left)
	s.JG(LabelRef("queries"))
	s.tileEnd()
}

// attentionMemory is where things lie in the scratch memory: bfloat16 keys [n][32] and, of each 32 keys, values [32][32]; float32
// scores [n][16]; bfloat16 probabilities [n/2][16][2]; and 2 KB for queries [16][16][2] and then float32 sums [32][16].
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

// line is a register with the distance of rows of all that is in the scratch memory.
func (a *attentionMemory) line() GPVirtual {
	r := a.GP64()
	a.MOVQ(U32(64), r)
	return r
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

func (a *attentionMemory) packValues() {
	left, ld, v, to := a.integer("n"), a.stride("ld"), a.part(2), a.copied(a.values)[0]
	a.Label("values")
	for half := range 2 {
		at, pairs, order := a.copied(v)[0], make([]VecVirtual, 16), a.pairing()
		for i := range pairs {
			var row [2]VecVirtual
			for j := range row {
				row[j] = a.load(Mem{Base: at, Disp: 64 * half}, nil)
				a.nextRow(at, ld, left, 2*i+j)
			}
			pairs[i] = a.paired(row[0], row[1], order)
		}
		for i, r := range transposed16(a.isa, pairs) {
			a.VMOVUPS(r, Mem{Base: to, Disp: 1024*half + 64*i})
		}
	}
	a.ADDQ(U32(2048), to)
	a.SHLQ(Imm(5), ld)
	a.ADDQ(ld, v)
	a.SHRQ(Imm(5), ld)
	a.SUBQ(Imm(32), left)
	a.JG(LabelRef("values"))
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

func (a *attentionMemory) clearProbabilities() {
	p, bytes, none := a.copied(a.probabilities)[0], a.copied(a.size)[0], a.zero()
	a.Label("clear")
	a.VMOVUPS(none, Mem{Base: p})
	a.ADDQ(Imm(64), p)
	a.SUBQ(U32(128), bytes)
	a.JG(LabelRef("clear"))
}

// packQueries packs 16 rows of q, or the rest, times scale.
func (a *attentionMemory) packQueries(q, left GPVirtual) {
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
	for i, r := range transposed16(a.isa, rows) {
		a.VMOVUPS(r, Mem{Base: a.block, Disp: 64 * i})
	}
}

// groups writes a loop over groups of 32 keys, from one to the next of which the pointers move by steps bytes.
func (a *attentionMemory) groups(name string, pointers []GPVirtual, steps []int, body func()) {
	left := a.copied(a.size)[0]
	a.Label(name)
	body()
	for i, p := range pointers {
		a.ADDQ(U32(uint32(steps[i])), p)
	}
	a.SUBQ(U32(2048), left)
	a.JNZ(LabelRef(name))
}

func (a *attentionMemory) score() {
	line, at := a.line(), a.copied(a.keys, a.scores)
	tile := func(p GPVirtual, disp int) Mem { return Mem{Base: p, Index: line, Scale: 1, Disp: disp} }
	a.tileLoad(tile(a.block, 0), 7)
	a.groups("score", at, []int{2048, 2048}, func() {
		for i := range 2 {
			a.tileLoad(tile(at[0], 1024*i), 4+i)
			a.tileZero(i)
			a.dotBfloat(4+i, 7, i)
			a.tileStore(i, tile(at[1], 1024*i))
		}
	})
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

// weigh sums values by probabilities.
func (a *attentionMemory) weigh() {
	line, at := a.line(), a.copied(a.values, a.probabilities)
	tile := func(p GPVirtual, disp int) Mem { return Mem{Base: p, Index: line, Scale: 1, Disp: disp} }
	a.tileZero(0)
	a.tileZero(1)
	a.groups("weigh", at, []int{2048, 1024}, func() {
		a.tileLoad(tile(at[1], 0), 4)
		for i := range 2 {
			a.tileLoad(tile(at[0], 1024*i), 5+i)
			a.dotBfloat(5+i, 4, i)
		}
	})
	for i := range 2 {
		a.tileStore(i, tile(a.block, 1024*i))
	}
}

// finish writes 16 rows of out, or those that are left.
func (a *attentionMemory) finish(out, left GPVirtual, sum VecVirtual) {
	one, ldo := a.constant(a.f(1)), a.stride("ldo")
	a.VDIVPS(sum, one, sum)
	for half := range 2 {
		at, rows, done := a.copied(out)[0], a.vecs(16), a.label("finished")
		for i, r := range rows {
			a.VMULPS(Mem{Base: a.block, Disp: 1024*half + 64*i}, sum, r)
		}
		for i, r := range transposed16(a.isa, rows) {
			a.VMOVUPS(r, Mem{Base: at, Disp: 64 * half})
			a.ADDQ(ldo, at)
			if i < 15 {
				a.CMPQ(left, Imm(uint64(i+1)))
				a.JLE(LabelRef(done))
			}
		}
		a.Label(done)
	}
}
