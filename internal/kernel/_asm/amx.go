package main

import (
	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// amx writes the kernels on tiles. Tiles are numbered 0 to 7 and hold 16 rows of 64 bytes. Each function begins by setting them up
// and ends by releasing them; goroutines are not switched between, so nobody else ever sees them.
func amx(s *isa) {
	if !s.wide() {
		return
	}
	s.name = "AMX"
	productInt8(s, "productInt8", "is int8Loops.product without GELU.", func(_ *isa, x VecVirtual) VecVirtual { return x })
	productInt8(s, "productInt8GELU", "is int8Loops.product with GELU.", shortGELU)
	attention(s, func(a *attentionMemory) attentionProducts { return tileAttention{a} })
}

// scratch loads a parameter and moves it to a cache line's beginning.
func (s *isa) scratch(name string) GPVirtual {
	p := s.integer(name)
	s.ADDQ(Imm(63), p)
	s.ANDQ(I8(-64), p)
	return p
}

// tileBegin makes all tiles 16 rows of 64 bytes.
func (s *isa) tileBegin() {
	if s.tiles == (Mem{}) {
		s.tiles = s.StaticGlobal("tiles")
		s.DataAttributes(attr.RODATA | attr.NOPTR)
		for _, word := range []uint64{1, 0, 0x0040_0040_0040_0040, 0x0040_0040_0040_0040, 0, 0, 0x1010_1010_1010_1010, 0} {
			s.AppendDatum(U64(word)) // palette, bytes of a row, rows
		}
	}
	p := s.GP64()
	s.LEAQ(s.tiles, p)
	s.unknown("LDTILECFG", Mem{Base: p})
}

// end of a function with tiles.
func (s *isa) tileEnd() {
	s.unknown("TILERELEASE")
	s.end()
}

// unknown writes an instruction of encodings that only reads the given operands.
func (s *isa) unknown(opcode string, o ...Op) {
	s.Instruction(&ir.Instruction{Opcode: opcode, Operands: o, Inputs: o})
}

func (s *isa) tileZero(t int)         { s.unknown("TILEZERO", U8(t)) }
func (s *isa) tileLoad(m Mem, t int)  { s.unknown("TILELOADD", m, U8(t)) }
func (s *isa) tileStore(t int, m Mem) { s.unknown("TILESTORED", U8(t), m) }

// dotInt8 adds to sum(i,j), an int32, the products of unsigned bytes a(i,4p+q) and signed ones b(p,4j+q).
func (s *isa) dotInt8(a, b, sum int) { s.unknown("TDPBUSD", U8(b), U8(a), U8(sum)) }

// dotBfloat adds to sum(i,j), a float32, the products of bfloat16 a(i,2p+q) and b(p,2j+q).
func (s *isa) dotBfloat(a, b, sum int) { s.unknown("TDPBF16PS", U8(b), U8(a), U8(sum)) }

// bfloats rounds two vectors to one of bfloat16: low to its lower half, high to its upper one.
func (s *isa) bfloats(low, high VecVirtual) VecVirtual {
	v := s.vec()
	s.Instruction(&ir.Instruction{Opcode: "VCVTNE2PS2BF16", Operands: []Op{low, high, v}, Inputs: []Op{low, high}, Outputs: []Op{v}})
	return v
}

// productInt8 writes the product of bytes, with GELU after it or without. Blocks of 32 rows and the panel's 32 columns are four tiles
// of sums. Between the tiles' steps of one block the sums of the one before become results, which takes about as long.
func productInt8(s *isa, name, doc string, activation func(s *isa, x VecVirtual) VecVirtual) {
	s.begin(name, "func(m, n, k, share int, a *byte, b *int8, sums *int32, scales *float32, zeros *int32, columnScales *float32, columnSums *int32, c *float32, ldc int, bias *float32)",
		doc+" share is how many rows become results at each of the k/64 steps, and sums is scratch.")
	r := newResults(s, activation)
	m, a := s.integer("m"), s.integer("a")
	s.tileBegin()
	s.Label("block")
	productTiles(s, m, a, r)
	s.MOVQ(U32(32), r.left)
	s.CMPQ(m, r.left)
	s.CMOVQLT(m, r.left)
	s.SUBQ(Imm(32), m)
	s.JG(LabelRef("block"))
	r.rows("rest", nil)
	s.tileEnd()
}

// results are the rows whose sums are complete.
type results struct {
	*isa
	activation                        func(s *isa, x VecVirtual) VecVirtual
	by                                []*mask
	columnSums, columnScales, bias    []VecVirtual
	left, sums, scales, zeros, c, ldc GPVirtual
}

func newResults(s *isa, activation func(s *isa, x VecVirtual) VecVirtual) *results {
	r := &results{isa: s, activation: activation, by: s.masks(s.integer("n"), 2)}
	columns := func(name string) []VecVirtual {
		p := s.integer(name)
		return []VecVirtual{s.load(Mem{Base: p}, r.by[0]), s.load(Mem{Base: p, Disp: 64}, r.by[1])}
	}
	r.columnSums, r.columnScales = columns("columnSums"), columns("columnScales")
	r.bias = []VecVirtual{s.constant(s.word(1 << 31)), s.constant(s.word(1 << 31))} // -0, which changes nothing
	p := s.integer("bias")
	optional(s, p, "bias", func() {
		for j, v := range r.bias {
			s.loadTo(Mem{Base: p, Disp: 64 * j}, r.by[j], v)
		}
	})
	r.scales, r.zeros, r.c, r.ldc = s.integer("scales"), s.integer("zeros"), s.integer("c"), s.stride("ldc")
	r.left, r.sums = s.GP64(), s.GP64()
	s.XORQ(r.left, r.left)
	return r
}

// rows makes results of the next rows while there are any left, as many as count says if that is not nil.
func (r *results) rows(name string, count GPVirtual) {
	r.Label(name)
	r.TESTQ(r.left, r.left)
	r.JZ(LabelRef("no_" + name))
	for j := range r.by {
		v, t := r.vec(), r.vec()
		r.VPBROADCASTD(Mem{Base: r.zeros}, t)
		r.VPMULLD(r.columnSums[j], t, t)
		r.VMOVUPS(Mem{Base: r.sums, Disp: 64 * j}, v)
		r.VPSUBD(t, v, v)
		r.VCVTDQ2PS(v, v)
		r.VMULPS_BCST(Mem{Base: r.scales}, r.columnScales[j], t)
		r.VMULPS(t, v, v)
		r.VADDPS(r.bias[j], v, v)
		r.store(r.activation(r.isa, v), r.by[j], Mem{Base: r.c, Disp: 64 * j})
	}
	r.ADDQ(Imm(4), r.zeros)
	r.ADDQ(Imm(4), r.scales)
	r.ADDQ(Imm(128), r.sums)
	r.ADDQ(r.ldc, r.c)
	r.DECQ(r.left)
	if count != nil {
		r.DECQ(count)
		r.JNZ(LabelRef(name))
	} else {
		r.JMP(LabelRef(name))
	}
	r.Label("no_" + name)
}

// productTiles writes the sums of the next 32 of m rows, or 16 where that is enough, and moves a past them, while the rows before
// become results.
func productTiles(s *isa, m, a GPVirtual, r *results) {
	lda, b, line, steps, count := s.integer("k"), s.integer("b"), s.GP64(), s.GP64(), s.GP64()
	second := s.GP64() // strip of rows
	s.MOVQ(lda, second)
	s.SHLQ(Imm(4), second)
	s.ADDQ(a, second)
	s.MOVQ(U32(128), line) // from a row of a panel or of sums to the next
	s.MOVQ(lda, steps)
	loop := func(name string, strips ...GPVirtual) {
		for t := range 2 * len(strips) {
			s.tileZero(t)
		}
		s.Label(name)
		for i, strip := range strips {
			s.tileLoad(Mem{Base: strip, Index: lda, Scale: 1}, 4+i)
			for j := range 2 {
				if i == 0 {
					s.tileLoad(Mem{Base: b, Index: line, Scale: 1, Disp: 64 * j}, 6+j)
				}
				s.dotInt8(4+i, 6+j, 2*i+j)
			}
			s.ADDQ(Imm(64), strip)
		}
		s.ADDQ(U32(16*128), b)
		s.Load(s.Param("share"), count)
		r.rows(name+"_rows", count)
		s.SUBQ(Imm(64), steps)
		s.JNZ(LabelRef(name))
		r.rows(name+"_rest", nil)
		sums := s.scratch("sums")
		for t := range 2 * len(strips) {
			s.tileStore(t, Mem{Base: sums, Index: line, Scale: 1, Disp: t/2*16*128 + t%2*64})
		}
		s.MOVQ(sums, r.sums)
	}
	s.CMPQ(m, Imm(16))
	s.JLE(LabelRef("half"))
	loop("k32", a, second)
	s.SUBQ(lda, second) // back to the beginning of its rows
	s.SHLQ(Imm(4), lda)
	s.LEAQ(Mem{Base: second, Index: lda, Scale: 1}, a)
	s.JMP(LabelRef("stored"))
	s.Label("half")
	loop("k16", a)
	s.Label("stored")
}

// shortGELU is GELU by x·(1/2 + c·P(c²)), c being x within ±4, and P a minimax fit of degree 6 with which the sum in brackets is 0
// or 1 at the limits. It is in error by 2e-4 at most, a hundredth of a step of the bytes that it becomes.
func shortGELU(s *isa, x VecVirtual) VecVirtual {
	c, square := s.vec(), s.vec()
	s.VMINPS(s.f(4), x, c)
	s.VMAXPS(s.f(-4), c, c)
	s.VMULPS(c, c, square)
	p := horner(s, square, 2.258825482215343e-08, -1.588829491083743e-06, 4.776393325300887e-05, -0.0008121878490783274,
		0.0087636923417449, -0.06455441564321518, 0.397870272397995)
	s.VFMADD213PS(s.f(0.5), c, p)
	s.VMULPS(x, p, p)
	return p
}
