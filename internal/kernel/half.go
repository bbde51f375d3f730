package kernel

import (
	"encoding/binary"
	"math"
)

// HalfToFloat32 converts little-endian IEEE 754 half-precision numbers: len(dst) of them, from src.
func HalfToFloat32(src []byte, dst []float32) { active32.half(src[:2*len(dst)], dst) }

// BFloat16ToFloat32 converts little-endian bfloat16 numbers: len(dst) of them, from src.
func BFloat16ToFloat32(src []byte, dst []float32) { active32.bfloat(src[:2*len(dst)], dst) }

func halfGeneric(src []byte, dst []float32) {
	for i := range dst {
		h := binary.LittleEndian.Uint16(src[2*i:])
		sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10&31), uint32(h&0x3ff)
		bits := (exponent+127-15)<<23 | fraction<<13
		switch exponent {
		case 0: // zero or subnormal: fraction·2⁻²⁴
			bits = math.Float32bits(float32(fraction) * 0x1p-24)
		case 31: // infinity or NaN, which becomes a quiet one
			bits = 0x7f800000 | fraction<<13
			if fraction != 0 {
				bits |= 1 << 22
			}
		}
		dst[i] = math.Float32frombits(sign | bits)
	}
}

func bfloatGeneric(src []byte, dst []float32) {
	for i := range dst {
		dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16)
	}
}
