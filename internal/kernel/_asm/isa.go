package main

import (
	"fmt"
	"math"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// isa writes functions for one of two instruction sets: AVX-512 (F, BW, DQ, VL) with 16 lanes of float32, AVX2 with
// FMA and F16C with 8. Most instructions have the same name in both; methods hide where they differ.
type isa struct {
	*constants
	name  string // of the back end, at the end of the names of functions
	lanes int

	labels int
}

func (s *isa) wide() bool { return s.lanes == 16 }

// bytes is the size of a vector.
func (s *isa) bytes() int { return 4 * s.lanes }

// begin starts a function, its name completed by the instruction set.
func (s *isa) begin(name, signature, doc string) {
	s.Function(name + s.name)
	s.Attributes(attr.NOSPLIT)
	s.Pragma("noescape")
	s.SignatureExpr(signature)
	s.Doc(name + s.name + " " + doc)
	s.labels = 0
}

func (s *isa) end() {
	s.VZEROUPPER()
	s.RET()
}

// label returns a name that is new in the function.
func (s *isa) label(name string) string {
	s.labels++
	return fmt.Sprintf("%s%d", name, s.labels)
}

func (s *isa) vec() VecVirtual {
	if s.wide() {
		return s.ZMM()
	}
	return s.YMM()
}

func (s *isa) vecs(n int) []VecVirtual {
	v := make([]VecVirtual, n)
	for i := range v {
		v[i] = s.vec()
	}
	return v
}

func (s *isa) zero() VecVirtual {
	v := s.vec()
	s.VXORPS(v, v, v)
	return v
}

// narrow is v as the register of half its width.
func (s *isa) narrow(v VecVirtual) Register {
	if s.wide() {
		return v.AsY()
	}
	return v.AsX()
}

// integer and pointer load a parameter; of a slice, its base.
func (s *isa) integer(name string) GPVirtual {
	r := s.GP64()
	s.Load(s.Param(name), r)
	return r
}

func (s *isa) pointer(name string) GPVirtual {
	r := s.GP64()
	s.Load(s.Param(name).Base(), r)
	return r
}

func (s *isa) length(name string) GPVirtual {
	r := s.GP64()
	s.Load(s.Param(name).Len(), r)
	return r
}

// stride loads a distance in elements as one in bytes.
func (s *isa) stride(name string) GPVirtual {
	r := s.integer(name)
	s.SHLQ(Imm(2), r)
	return r
}

// broadcast loads a float32 parameter into all lanes.
func (s *isa) broadcast(name string) VecVirtual {
	x, v := s.XMM(), s.vec()
	s.Load(s.Param(name), x)
	s.VBROADCASTSS(x, v)
	return v
}

// broadcastInteger loads a uint32 parameter into all lanes.
func (s *isa) broadcastInteger(name string) VecVirtual {
	r, x, v := s.GP32(), s.XMM(), s.vec()
	s.Load(s.Param(name), r)
	s.VMOVD(r, x)
	s.VPBROADCASTD(x, v)
	return v
}

// broadcast64 loads a float64 parameter into all lanes.
func (s *isa) broadcast64(name string) VecVirtual {
	x, v := s.XMM(), s.vec()
	s.Load(s.Param(name), x)
	s.VBROADCASTSD(x, v)
	return v
}

// mask selects the first lanes of a vector; nil selects all.
type mask struct {
	k Register   // AVX-512
	v VecVirtual // AVX2
}

// masks returns the masks of consecutive vectors that hold n elements together, at most 2 of them.
func (s *isa) masks(n GPVirtual, vectors int) []*mask {
	all := make([]*mask, vectors)
	if s.wide() {
		bits := s.GP64()
		s.MOVQ(I64(-1), bits)
		s.BZHIQ(n, bits, bits)
		for i := range all {
			k := s.K()
			s.KMOVW(bits.As32(), k)
			all[i] = &mask{k: k}
			if i < vectors-1 {
				s.SHRQ(Imm(16), bits)
			}
		}
		return all
	}
	// A window on 16 words of ones and 16 of zeros, n before the border.
	table, at := s.GP64(), s.GP64()
	s.LEAQ(s.lanesTable(), table)
	s.MOVQ(I32(16), at)
	s.SUBQ(n, at)
	for i := range all {
		v := s.vec()
		s.VMOVUPS(Mem{Base: table, Index: at, Scale: 4, Disp: i * 32}, v)
		all[i] = &mask{v: v}
	}
	return all
}

// load reads what the mask selects, and zeros.
func (s *isa) load(m Mem, by *mask) VecVirtual {
	v := s.vec()
	s.loadTo(m, by, v)
	return v
}

func (s *isa) loadTo(m Mem, by *mask, v VecVirtual) {
	switch {
	case by == nil:
		s.VMOVUPS(m, v)
	case s.wide():
		s.VMOVUPS_Z(m, by.k, v)
	default:
		s.VMASKMOVPS(m, by.v, v)
	}
}

func (s *isa) store(v VecVirtual, by *mask, m Mem) {
	switch {
	case by == nil:
		s.VMOVUPS(v, m)
	case s.wide():
		s.VMOVUPS(v, by.k, m)
	default:
		s.VMASKMOVPS(v, by.v, m)
	}
}

// blank sets the lanes that the mask does not select to zero, or to the lanes of other.
func (s *isa) blank(v VecVirtual, by *mask) {
	switch {
	case by == nil:
	case s.wide():
		s.VMOVAPS_Z(v, by.k, v)
	default:
		s.VANDPS(by.v, v, v)
	}
}

func (s *isa) blend(v VecVirtual, by *mask, other VecVirtual) {
	switch {
	case by == nil:
	case s.wide():
		s.VBLENDMPS(v, other, by.k, v)
	default:
		s.VBLENDVPS(by.v, v, other, v)
	}
}

// each writes a loop over n elements from the pointers on, a vector at a time and then the rest under a mask. It
// uses n and the pointers up: the pointers end after the last whole vector.
func (s *isa) each(n GPVirtual, pointers []GPVirtual, body func(by *mask)) {
	loop, tail, done := s.label("loop"), s.label("tail"), s.label("done")
	s.SUBQ(Imm(uint64(s.lanes)), n)
	s.JLT(LabelRef(tail))
	s.Label(loop)
	body(nil)
	for _, p := range pointers {
		s.ADDQ(Imm(uint64(s.bytes())), p)
	}
	s.SUBQ(Imm(uint64(s.lanes)), n)
	s.JGE(LabelRef(loop))
	s.Label(tail)
	s.ADDQ(Imm(uint64(s.lanes)), n)
	s.JZ(LabelRef(done))
	body(s.masks(n, 1)[0])
	s.Label(done)
}

// chains is the number of partial sums of overChains: each addition to one waits for the addition before.
const chains = 4

// overChains is over for partial sums, a vector for each of them at a time: sum c takes what is disp bytes after at. What is left
// goes to sum 0.
func (s *isa) overChains(n GPVirtual, pointers []GPVirtual, body func(at []GPVirtual, c, disp int, by *mask)) {
	loop, few := s.label("chains"), s.label("few")
	left, at := s.GP64(), make([]GPVirtual, len(pointers))
	s.MOVQ(n, left)
	for i, p := range pointers {
		at[i] = s.GP64()
		s.MOVQ(p, at[i])
	}
	s.SUBQ(Imm(uint64(chains*s.lanes)), left)
	s.JLT(LabelRef(few))
	s.Label(loop)
	for c := range chains {
		body(at, c, c*s.bytes(), nil)
	}
	for _, p := range at {
		s.ADDQ(U32(uint32(chains*s.bytes())), p)
	}
	s.SUBQ(Imm(uint64(chains*s.lanes)), left)
	s.JGE(LabelRef(loop))
	s.Label(few)
	s.ADDQ(Imm(uint64(chains*s.lanes)), left)
	s.each(left, at, func(by *mask) { body(at, 0, 0, by) })
}

// total combines partial sums and their lanes by op and returns the result in all lanes.
func (s *isa) total(v []VecVirtual, op func(...Op)) VecVirtual {
	for n := len(v) / 2; n > 0; n /= 2 {
		for i := range n {
			op(v[i+n], v[i], v[i])
		}
	}
	s.reduce(v[0], op)
	return v[0]
}

// zeros returns a register of zeros for each partial sum of overChains.
func (s *isa) zeros() []VecVirtual {
	v := make([]VecVirtual, chains)
	for i := range v {
		v[i] = s.zero()
	}
	return v
}

// over is each on copies of n and of the pointers.
func (s *isa) over(n GPVirtual, pointers []GPVirtual, body func(at []GPVirtual, by *mask)) {
	left, at := s.GP64(), make([]GPVirtual, len(pointers))
	s.MOVQ(n, left)
	for i, p := range pointers {
		at[i] = s.GP64()
		s.MOVQ(p, at[i])
	}
	s.each(left, at, func(by *mask) { body(at, by) })
}

// rows writes a loop over rows, from one to the next of which the pointers move by their strides.
func (s *isa) rows(rows GPVirtual, pointers, strides []GPVirtual, body func()) {
	row := s.label("row")
	s.Label(row)
	body()
	for i, p := range pointers {
		s.ADDQ(strides[i], p)
	}
	s.DECQ(rows)
	s.JNZ(LabelRef(row))
}

// reduce combines all lanes of v by op, in a fixed order, and leaves the result in all of them.
func (s *isa) reduce(v VecVirtual, op func(...Op)) {
	t := s.vec()
	if s.wide() {
		s.VSHUFF32X4(Imm(0x4e), v, v, t)
		op(t, v, v)
		s.VSHUFF32X4(Imm(0xb1), v, v, t)
		op(t, v, v)
	} else {
		s.VPERM2F128(Imm(1), v, v, t)
		op(t, v, v)
	}
	s.VPERMILPS(Imm(0x4e), v, t)
	op(t, v, v)
	s.VPERMILPS(Imm(0xb1), v, t)
	op(t, v, v)
}

// fold64 combines the float64 lanes of v by op, in a fixed order, and returns the result in the lowest lane of a register. It
// overwrites v.
func (s *isa) fold64(v VecVirtual, op func(...Op)) Register {
	low, high := v.AsX(), s.XMM()
	if s.wide() {
		upper := s.vec()
		s.VSHUFF64X2(Imm(0x4e), v, v, upper)
		op(upper, v, v)
		s.VEXTRACTF64X2(Imm(1), v, high)
	} else {
		s.VEXTRACTF128(Imm(1), v, high)
	}
	op(high, low, low)
	s.VPERMILPD(Imm(1), low, high)
	op(high, low, low)
	return low
}

// constants are the vectors of one repeated word that a file uses.
type constants struct {
	*build.Context
	words          map[uint64]Mem
	table, numbers Mem
	tiles, pairs   Mem // of the kernels on tiles, and of attention in bfloat16
	tails          Mem // of GELU
}

// f returns a constant in all lanes.
func (c *constants) f(x float64) Mem { return c.word(math.Float32bits(float32(x))) }

func (c *constants) word(w uint32) Mem {
	return c.repeated(fmt.Sprintf("word%08x", w), uint64(w)<<32|uint64(w))
}

// double returns a float64 in all lanes, long a word of 64 bits.
func (c *constants) double(x float64) Mem { return c.long(math.Float64bits(x)) }
func (c *constants) long(w uint64) Mem    { return c.repeated(fmt.Sprintf("long%016x", w), w) }

func (c *constants) repeated(name string, w uint64) Mem {
	if m, ok := c.words[w]; ok {
		return m
	}
	if c.words == nil {
		c.words = map[uint64]Mem{}
	}
	m := c.StaticGlobal(name)
	c.DataAttributes(attr.RODATA | attr.NOPTR)
	for range 8 {
		c.AppendDatum(U64(w))
	}
	c.words[w] = m
	return m
}

// lanesTable returns 16 words of ones followed by 16 of zeros.
func (c *constants) lanesTable() Mem {
	if c.table == (Mem{}) {
		c.table = c.StaticGlobal("lanes")
		c.DataAttributes(attr.RODATA | attr.NOPTR)
		for i := range 32 {
			c.AppendDatum(U32(0xffffffff * uint32((31-i)/16)))
		}
	}
	return c.table
}

// iota returns the vector 0, 1, 2, …
func (s *isa) iota() VecVirtual {
	if s.numbers == (Mem{}) {
		s.numbers = s.StaticGlobal("numbers")
		s.DataAttributes(attr.RODATA | attr.NOPTR)
		for i := range 16 {
			s.AppendDatum(U32(i))
		}
	}
	v := s.vec()
	s.VMOVUPS(s.numbers, v)
	return v
}

// constant returns a register that holds a constant.
func (s *isa) constant(m Mem) VecVirtual {
	v := s.vec()
	s.VMOVUPS(m, v)
	return v
}

// upper moves the upper half of v to its lower half.
func (s *isa) upper(v VecVirtual) {
	if s.wide() {
		s.VSHUFF32X4(Imm(0x4e), v, v, v)
	} else {
		s.VPERM2F128(Imm(1), v, v, v)
	}
}
