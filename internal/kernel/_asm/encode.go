package main

import (
	"encoding/binary"

	"github.com/mmcloughlin/avo/ir"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// Neither avo nor Go's assembler knows the instructions on tiles (AMX) and on bfloat16. avo takes them as any others and fills in
// registers; encode then replaces them by their bytes, with what they mean in a comment.

// Prefixes that choose among the instructions of an opcode.
const (
	prefixNone = iota
	prefix66
	prefixF3
	prefixF2
)

// encodings give the bytes of instructions by their operands in Go's order, the destination last. Tiles are numbers.
var encodings = map[string]func(o []Op) []byte{
	"LDTILECFG":   func(o []Op) []byte { return vex(0, prefixNone, 0x49, memory(0, o[0])) },
	"TILERELEASE": func([]Op) []byte { return vex(0, prefixNone, 0x49, registers(0, 0)) },
	"TILEZERO":    func(o []Op) []byte { return vex(0, prefixF2, 0x49, registers(number(o[0]), 0)) },
	"TILELOADD":   func(o []Op) []byte { return vex(0, prefixF2, 0x4b, memory(number(o[1]), o[0])) },
	"TILESTORED":  func(o []Op) []byte { return vex(0, prefixF3, 0x4b, memory(number(o[0]), o[1])) },
	"TDPBUSD":     func(o []Op) []byte { return vex(number(o[0]), prefix66, 0x5e, registers(number(o[2]), number(o[1]))) },
	"TDPBF16PS":   func(o []Op) []byte { return vex(number(o[0]), prefixF3, 0x5c, registers(number(o[2]), number(o[1]))) },
	"VCVTNE2PS2BF16": func(o []Op) []byte {
		return evex(number(o[1]), prefixF2, 0x72, registers(number(o[2]), number(o[0])), 0)
	},
	"VDPBF16PS_BCST": func(o []Op) []byte { return evex(number(o[1]), prefixF3, 0x52, memory(number(o[2]), o[0]), 1) },
}

// encode replaces the instructions of encodings in a compiled file.
func encode(f *ir.File) {
	for _, fn := range f.Functions() {
		var nodes []ir.Node
		for _, n := range fn.Nodes {
			i, ok := n.(*ir.Instruction)
			if !ok || encodings[i.Opcode] == nil {
				nodes = append(nodes, n)
				continue
			}
			meaning := i.Opcode
			for j, o := range i.Operands {
				meaning += [2]string{" ", ", "}[min(j, 1)] + o.Asm()
			}
			nodes = append(nodes, ir.NewComment(meaning))
			nodes = append(nodes, data(encodings[i.Opcode](i.Operands))...)
		}
		fn.Nodes = nodes
	}
}

// data writes bytes by as few directives as it takes.
func data(code []byte) []ir.Node {
	var nodes []ir.Node
	for len(code) > 0 {
		d := &ir.Instruction{Opcode: "BYTE", Operands: []Op{U8(code[0])}}
		n := 1
		switch {
		case len(code) >= 8:
			d, n = &ir.Instruction{Opcode: "QUAD", Operands: []Op{U64(binary.LittleEndian.Uint64(code))}}, 8
		case len(code) >= 4:
			d, n = &ir.Instruction{Opcode: "LONG", Operands: []Op{U32(binary.LittleEndian.Uint32(code))}}, 4
		}
		nodes, code = append(nodes, d), code[n:]
	}
	return nodes
}

// number is the number of a register or a tile.
func number(o Op) byte {
	if r, ok := o.(Register); ok {
		return byte(ToPhysical(r).PhysicalIndex())
	}
	return byte(o.(U8))
}

// operands are the ModRM byte and what follows it, and the upper bits of the registers in them: of the first operand, and of the
// second or of the registers of its address.
type operands struct {
	bytes            []byte
	reg, base, index byte
}

func registers(reg, rm byte) operands {
	return operands{[]byte{0xc0 | reg&7<<3 | rm&7}, reg >> 3, rm >> 3 & 1, rm >> 4}
}

func memory(reg byte, o Op) operands {
	m, index := o.(Mem), byte(4) // none
	base := number(m.Base)
	if m.Index != nil {
		index = number(m.Index)
	}
	code := []byte{0x84 | reg&7<<3, index&7<<3 | base&7}
	return operands{binary.LittleEndian.AppendUint32(code, uint32(m.Disp)), reg >> 3, base >> 3, index >> 3}
}

// vex is an instruction of the map 0F38 on 128 bits or tiles.
func vex(vvvv, prefix, opcode byte, o operands) []byte {
	return append([]byte{0xc4, 0xe2 &^ (o.index<<6 | o.base<<5), ^vvvv&15<<3 | prefix, opcode}, o.bytes...)
}

// evex is an instruction of the map 0F38 on 512 bits; broadcast is 1 if its operand in memory is a word for all lanes.
func evex(vvvv, prefix, opcode byte, o operands, broadcast byte) []byte {
	upper := o.reg&1<<7 | o.index<<6 | o.base<<5 | o.reg>>1<<4
	return append([]byte{0x62, 0xf2 &^ upper, ^vvvv&15<<3 | 4 | prefix, 0x40 | broadcast<<4 | ^vvvv>>4&1<<3, opcode}, o.bytes...)
}
