package kernel

import (
	"encoding/binary"
	"math"
	"testing"
)

// halfValue is what a half-precision number means.
func halfValue(h uint16) float64 {
	sign, exponent, fraction := 1-2*float64(h>>15), int(h>>10&31), float64(h&0x3ff)
	switch exponent {
	case 0:
		return sign * math.Ldexp(fraction, -24)
	case 31:
		if fraction != 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}

func TestHalf(t *testing.T) {
	src := make([]byte, 2<<16)
	for i := range 1 << 16 {
		binary.LittleEndian.PutUint16(src[2*i:], uint16(i))
	}
	eachBackend(t, func(t *testing.T, _ *Pool) {
		half, check := guarded[float32](t, 1<<16)
		HalfToFloat32(src, half)
		check()
		for i, v := range half {
			if want := halfValue(uint16(i)); float64(v) != want && (v == v || want == want) {
				t.Fatalf("half %#04x = %v, want %v", i, v, want)
			}
		}
		bfloat, check := guarded[float32](t, 1<<16)
		BFloat16ToFloat32(src, bfloat)
		check()
		for i, v := range bfloat {
			if math.Float32bits(v) != uint32(i)<<16 {
				t.Fatalf("bfloat16 %#04x = %v", i, v)
			}
		}
		for n := range 70 {
			dst, check := guarded[float32](t, n)
			HalfToFloat32(src[2*0x3c00:][:2*n], dst)
			check()
			near(t, "half", dst, half[0x3c00:][:n], 0)
		}
	})
}
