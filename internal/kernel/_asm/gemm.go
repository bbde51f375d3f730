package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// gemm writes the tiles of the matrix product, two vectors wide and up to as high as the registers allow, and
// the rearrangement of operands.
func gemm(s *isa) {
	highest := 6
	if s.wide() {
		highest = 14
	}
	for m := 1; m <= highest; m++ {
		tile(s, m)
	}
	if s.wide() {
		transpose16(s)
	} else {
		transpose8(s)
	}
	pack(s)
	fetch(s)
	peak(s)
}

// rowAddress reaches up to 18 rows, a stride apart, by few registers.
type rowAddress struct {
	bases                 []GPVirtual // of row 0 and row 9
	stride, by3, by5, by7 GPVirtual
}

func newRowAddress(s *isa, base, stride GPVirtual, rows int) *rowAddress {
	r := &rowAddress{bases: []GPVirtual{base}, stride: stride}
	if rows > 3 {
		r.by3 = s.GP64()
		s.LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, r.by3)
	}
	if rows > 5 {
		r.by5 = s.GP64()
		s.LEAQ(Mem{Base: stride, Index: stride, Scale: 4}, r.by5)
	}
	if rows > 7 {
		r.by7 = s.GP64()
		s.LEAQ(Mem{Base: r.by3, Index: stride, Scale: 4}, r.by7)
	}
	if rows > 9 {
		b := s.GP64()
		s.LEAQ(Mem{Base: base, Index: stride, Scale: 8}, b)
		s.ADDQ(stride, b)
		r.bases = append(r.bases, b)
	}
	return r
}

func (r *rowAddress) row(i int) Mem {
	m := Mem{Base: r.bases[i/9]}
	switch i % 9 {
	case 1, 2, 4, 8:
		m.Index, m.Scale = r.stride, uint8(i%9)
	case 3:
		m.Index, m.Scale = r.by3, 1
	case 5:
		m.Index, m.Scale = r.by5, 1
	case 6:
		m.Index, m.Scale = r.by3, 2
	case 7:
		m.Index, m.Scale = r.by7, 1
	}
	return m
}

// ahead is how many bytes before its use a panel is asked for, so that weights stream from memory.
const ahead = 2048

// tile writes the product of m rows and one panel. Its accumulators, the two vectors of B and the broadcast
// elements of A fill the registers.
func tile(s *isa, m int) {
	s.begin(fmt.Sprintf("tile%d", m), "func(n, k int, a *float32, rs, ks int, b, c *float32, ldc int, bias, residual *float32, ldr int)",
		fmt.Sprintf("is a tile of %d rows; bias and residual may be nil.", m))
	k, a, rs, ks, b := s.integer("k"), s.integer("a"), s.stride("rs"), s.stride("ks"), s.integer("b")
	rows := newRowAddress(s, a, rs, m)
	acc := make([][2]VecVirtual, m)
	for i := range acc {
		acc[i] = [2]VecVirtual{s.zero(), s.zero()}
	}
	bv, av := s.vecs(2), s.vecs(2)
	step := func(at int) {
		for line := 0; line < 2*s.bytes(); line += 64 {
			s.PREFETCHT0(Mem{Base: b, Disp: ahead + 2*at*s.bytes() + line})
		}
		for j, v := range bv {
			s.VMOVUPS(Mem{Base: b, Disp: (2*at + j) * s.bytes()}, v)
		}
		for i := range acc {
			s.VBROADCASTSS(rows.row(i), av[i%2])
			for j, v := range bv {
				s.VFMADD231PS(av[i%2], v, acc[i][j])
			}
		}
		for _, base := range rows.bases {
			s.ADDQ(ks, base)
		}
	}
	unrolled(s, k, 2, func(steps int) {
		for i := range steps {
			step(i)
		}
		s.ADDQ(U32(uint32(steps*2*s.bytes())), b)
	})

	finishTile(s, acc, s.masks(s.integer("n"), 2))
}

// finishTile adds bias and residual to the accumulators, stores them and returns.
func finishTile(s *isa, acc [][2]VecVirtual, by []*mask) {
	addBias(s, acc, by)
	v, residual := s.vec(), s.integer("residual")
	optional(s, residual, "residual", func() {
		ldr := s.stride("ldr")
		for i := range acc {
			for j := range by {
				s.loadTo(Mem{Base: residual, Disp: j * s.bytes()}, by[j], v)
				s.VADDPS(v, acc[i][j], acc[i][j])
			}
			s.ADDQ(ldr, residual)
		}
	})
	storeTile(s, acc, by)
}

func addBias(s *isa, acc [][2]VecVirtual, by []*mask) {
	v, bias := s.vec(), s.integer("bias")
	optional(s, bias, "bias", func() {
		for j := range by {
			s.loadTo(Mem{Base: bias, Disp: j * s.bytes()}, by[j], v)
			for i := range acc {
				s.VADDPS(v, acc[i][j], acc[i][j])
			}
		}
	})
}

// storeTile stores the accumulators and returns.
func storeTile(s *isa, acc [][2]VecVirtual, by []*mask) {
	c, ldc := s.integer("c"), s.stride("ldc")
	storeRows := func(by []*mask) {
		for i := range acc {
			for j := range by {
				s.store(acc[i][j], by[j], Mem{Base: c, Disp: j * s.bytes()})
			}
			s.ADDQ(ldc, c)
		}
		s.end()
	}
	if s.wide() { // masks cost AVX-512 nothing
		storeRows(by)
		return
	}
	n := s.integer("n")
	s.CMPQ(n, Imm(uint64(2*s.lanes)))
	s.JNE(LabelRef("edge"))
	storeRows([]*mask{nil, nil})
	s.Label("edge")
	storeRows(by)
}

// unrolled writes a loop of n iterations, several at a time.
func unrolled(s *isa, n GPVirtual, factor int, body func(steps int)) {
	s.SUBQ(Imm(uint64(factor)), n)
	s.JLT(LabelRef("few"))
	s.Label("many")
	body(factor)
	s.SUBQ(Imm(uint64(factor)), n)
	s.JGE(LabelRef("many"))
	s.Label("few")
	s.ADDQ(Imm(uint64(factor)), n)
	s.JZ(LabelRef("none"))
	s.Label("single")
	body(1)
	s.DECQ(n)
	s.JNZ(LabelRef("single"))
	s.Label("none")
}

// optional writes code that is passed over if p is nil.
func optional(s *isa, p GPVirtual, name string, body func()) {
	s.TESTQ(p, p)
	s.JZ(LabelRef("no_" + name))
	body()
	s.Label("no_" + name)
}

const transposeSignature = "func(rows, cols int, src *float32, lds int, dst *float32, ldd int)"

// transposeRows loads as many rows as a vector has lanes, the last of the rows there are again for the missing ones.
func transposeRows(s *isa, rows, src, lds GPVirtual) []VecVirtual {
	v, at, next := s.vecs(s.lanes), s.GP64(), s.GP64()
	s.MOVQ(src, at)
	for i := range v {
		s.VMOVUPS(Mem{Base: at}, v[i])
		if i < len(v)-1 {
			s.LEAQ(Mem{Base: at, Index: lds, Scale: 1}, next)
			s.CMPQ(rows, Imm(uint64(i+1)))
			s.CMOVQGT(next, at)
		}
	}
	return v
}

// transposeLoop writes the loop over blocks of columns; block turns rows into columns.
func transposeLoop(s *isa, block func(v []VecVirtual) []VecVirtual) {
	s.begin("transpose", transposeSignature,
		fmt.Sprintf("is backend.transpose for at most %d rows and a multiple of %d columns; it writes %d elements to each row of dst.", s.lanes, s.lanes, s.lanes))
	rows, cols, src, lds, dst, ldd := s.integer("rows"), s.integer("cols"), s.integer("src"), s.stride("lds"), s.integer("dst"), s.stride("ldd")
	s.Label("loop")
	for _, v := range block(transposeRows(s, rows, src, lds)) {
		s.VMOVUPS(v, Mem{Base: dst})
		s.ADDQ(ldd, dst)
	}
	s.ADDQ(Imm(uint64(s.bytes())), src)
	s.SUBQ(Imm(uint64(s.lanes)), cols)
	s.JG(LabelRef("loop"))
	s.end()
}

// interleave4 transposes each group of four rows within 128-bit lanes: u[4g+c] has column 4L+c of rows 4g to 4g+3 in lane L.
func interleave4(s *isa, v []VecVirtual) []VecVirtual {
	t, u := s.vecs(len(v)), s.vecs(len(v))
	for i := 0; i < len(v); i += 2 {
		s.VUNPCKLPS(v[i+1], v[i], t[i])
		s.VUNPCKHPS(v[i+1], v[i], t[i+1])
	}
	for i := 0; i < len(v); i += 4 {
		s.VUNPCKLPD(t[i+2], t[i], u[i])
		s.VUNPCKHPD(t[i+2], t[i], u[i+1])
		s.VUNPCKLPD(t[i+3], t[i+1], u[i+2])
		s.VUNPCKHPD(t[i+3], t[i+1], u[i+3])
	}
	return u
}

func transpose16(s *isa) {
	transposeLoop(s, func(v []VecVirtual) []VecVirtual { return transposed16(s, v) })
}

// transposed16 turns 16 rows of 16 words into columns.
func transposed16(s *isa, v []VecVirtual) []VecVirtual {
	u, w := interleave4(s, v), s.vecs(16)
	for c := range 4 {
		x := s.vecs(4)
		s.VSHUFF32X4(Imm(0x88), u[4+c], u[c], x[0])    // lanes 0 and 2 of rows 0 to 7
		s.VSHUFF32X4(Imm(0xdd), u[4+c], u[c], x[1])    // lanes 1 and 3
		s.VSHUFF32X4(Imm(0x88), u[12+c], u[8+c], x[2]) // the same of rows 8 to 15
		s.VSHUFF32X4(Imm(0xdd), u[12+c], u[8+c], x[3])
		s.VSHUFF32X4(Imm(0x88), x[2], x[0], w[c])
		s.VSHUFF32X4(Imm(0x88), x[3], x[1], w[4+c])
		s.VSHUFF32X4(Imm(0xdd), x[2], x[0], w[8+c])
		s.VSHUFF32X4(Imm(0xdd), x[3], x[1], w[12+c])
	}
	return w
}

func transpose8(s *isa) {
	transposeLoop(s, func(v []VecVirtual) []VecVirtual {
		u, w := interleave4(s, v), s.vecs(8)
		for c := range 4 {
			s.VPERM2F128(Imm(0x20), u[4+c], u[c], w[c])
			s.VPERM2F128(Imm(0x31), u[4+c], u[c], w[4+c])
		}
		return w
	})
}

// pack writes the copy of a strip of at most two vectors' width.
func pack(s *isa) {
	s.begin("pack", "func(rows, cols int, src *float32, lds int, dst *float32, ldd int)",
		"is backend.pack for at most two vectors of columns; rows of dst are filled up to whole vectors with zeros.")
	rows, cols, src, lds, dst, ldd := s.integer("rows"), s.integer("cols"), s.integer("src"), s.stride("lds"), s.integer("dst"), s.stride("ldd")
	by := s.masks(cols, 2)
	loop := func(name string, vectors int) {
		s.Label(name)
		for j := range vectors {
			v := s.load(Mem{Base: src, Disp: j * s.bytes()}, by[j])
			s.VMOVUPS(v, Mem{Base: dst, Disp: j * s.bytes()})
		}
		s.ADDQ(lds, src)
		s.ADDQ(ldd, dst)
		s.DECQ(rows)
		s.JNZ(LabelRef(name))
		s.end()
	}
	s.CMPQ(cols, Imm(uint64(s.lanes)))
	s.JGT(LabelRef("two"))
	loop("one", 1)
	loop("two", 2)
}

// fetch writes loads of the panel's columns of some rows. Zen 4 drops most prefetch instructions when many come at
// once.
func fetch(s *isa) {
	s.begin("fetch", "func(rows int, x *float32, ldx int)", "is backend.fetch.")
	rows, x, ldx, v := s.integer("rows"), s.integer("x"), s.stride("ldx"), s.vec()
	s.rows(rows, []GPVirtual{x}, []GPVirtual{ldx}, func() {
		for j := range 2 {
			s.VMOVUPS(Mem{Base: x, Disp: j * s.bytes()}, v)
		}
	})
	s.end()
}

// peak writes what benchmarks compare with: independent multiply-adds and nothing else.
func peak(s *isa) {
	s.begin("peak", "func(n int)", "does n times 12 multiply-adds of vectors.")
	n, x, acc := s.integer("n"), s.zero(), s.vecs(12)
	for _, a := range acc {
		s.VXORPS(a, a, a)
	}
	s.Label("loop")
	for _, a := range acc {
		s.VFMADD231PS(x, x, a)
	}
	s.DECQ(n)
	s.JNZ(LabelRef("loop"))
	s.end()
}
