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
	"LDTILECFG":      func(o []Op) []byte { return vex(0, prefixNone, 0x49, memory(0, o[0])) },
	"TILERELEASE":    func([]Op) []byte { return vex(0, prefixNone, 0x49, registers(0, 0)) },
	"TILEZERO":       func(o []Op) []byte { return vex(0, prefixF2, 0x49, registers(number(o[0]), 0)) },
	"TILELOADD":      func(o []Op) []byte { return vex(0, prefixF2, 0x4b, memory(number(o[1]), o[0])) },
	"TILESTORED":     func(o []Op) []byte { return vex(0, prefixF3, 0x4b, memory(number(o[0]), o[1])) },
	"TDPBUSD":        func(o []Op) []byte { return vex(number(o[0]), prefix66, 0x5e, registers(number(o[2]), number(o[1]))) },
	"TDPBF16PS":      func(o []Op) []byte { return vex(number(o[0]), prefixF3, 0x5c, registers(number(o[2]), number(o[1]))) },
	"VCVTNE2PS2BF16": func(o []Op) []byte { return evex(prefixF2, 0x72, number(o[2]), number(o[1]), number(o[0])) },
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
			for _, b := range encodings[i.Opcode](i.Operands) {
				nodes = append(nodes, &ir.Instruction{Opcode: "BYTE", Operands: []Op{U8(b)}})
			}
		}
		fn.Nodes = nodes
	}
}

// number is the number of a register or a tile.
func number(o Op) byte {
	if r, ok := o.(Register); ok {
		return byte(ToPhysical(r).PhysicalIndex())
	}
	return byte(o.(U8))
}

// operands are the ModRM byte and what follows it, and the upper bits of the registers that a memory operand has.
type operands struct {
	bytes       []byte
	base, index byte
}

func registers(reg, rm byte) operands { return operands{bytes: []byte{0xc0 | reg&7<<3 | rm&7}} }

func memory(reg byte, o Op) operands {
	m, index := o.(Mem), byte(4) // none
	base := number(m.Base)
	if m.Index != nil {
		index = number(m.Index)
	}
	code := []byte{0x84 | reg<<3, index&7<<3 | base&7}
	return operands{binary.LittleEndian.AppendUint32(code, uint32(m.Disp)), base >> 3, index >> 3}
}

// vex is an instruction of the map 0F38 on 128 bits or tiles.
func vex(vvvv, prefix, opcode byte, o operands) []byte {
	return append([]byte{0xc4, 0xe2 &^ (o.index<<6 | o.base<<5), ^vvvv&15<<3 | prefix, opcode}, o.bytes...)
}

// evex is an instruction of the map 0F38 on registers of 512 bits.
func evex(prefix, opcode, reg, vvvv, rm byte) []byte {
	upper := reg>>3&1<<7 | rm>>4<<6 | rm>>3&1<<5 | reg>>4<<4
	return []byte{0x62, 0xf2 &^ upper, ^vvvv&15<<3 | 4 | prefix, 0x40 | ^vvvv>>4&1<<3, opcode, 0xc0 | reg&7<<3 | rm&7}
}
