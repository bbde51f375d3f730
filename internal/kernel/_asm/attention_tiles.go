package main

import (
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// tileAttention computes the products of attention on tiles, the last one transposed: Oᵀ = Vᵀ·Pᵀ. Values are, of each 32 keys,
// [32][32]; the 2 KB hold queries [16][16][2] and then float32 sums [32][16]. Keys are filled up to a multiple of 32 by columns of Vᵀ
// and rows of Pᵀ that come to 0.
type tileAttention struct{ *attentionMemory }

func (a tileAttention) prepare() {
	a.tileBegin()
	a.packValues()
	a.clearProbabilities()
}

func (a tileAttention) release() { a.tileEnd() }

// line is a register with the distance of rows of all that is in the scratch memory.
func (a tileAttention) line() GPVirtual {
	r := a.GP64()
	a.MOVQ(U32(64), r)
	return r
}

func (a tileAttention) packValues() {
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

func (a tileAttention) clearProbabilities() {
	p, bytes, none := a.copied(a.probabilities)[0], a.copied(a.size)[0], a.zero()
	a.Label("clear")
	a.VMOVUPS(none, Mem{Base: p})
	a.ADDQ(Imm(64), p)
	a.SUBQ(U32(128), bytes)
	a.JG(LabelRef("clear"))
}

// groups writes a loop over groups of 32 keys, from one to the next of which the pointers move by steps bytes.
func (a tileAttention) groups(name string, pointers []GPVirtual, steps []int, body func()) {
	left := a.copied(a.size)[0]
	a.Label(name)
	body()
	for i, p := range pointers {
		a.ADDQ(U32(uint32(steps[i])), p)
	}
	a.SUBQ(U32(2048), left)
	a.JNZ(LabelRef(name))
}

func (a tileAttention) score(queries []VecVirtual) {
	for i, v := range queries {
		a.VMOVUPS(v, Mem{Base: a.block, Disp: 64 * i})
	}
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

func (a tileAttention) weigh(sum VecVirtual, left, out GPVirtual) {
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
	a.finish(out, left, sum)
}

// finish writes 16 rows of out, or those that are left.
func (a tileAttention) finish(out, left GPVirtual, sum VecVirtual) {
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
