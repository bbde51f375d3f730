package main

import (
	"math"
	"testing"
)

// float is the value of a finite half, from its definition.
func float(h uint16) float64 {
	sign, exponent, fraction := 1-2*float64(h>>15), int(h>>10&31), float64(h&1023)
	if exponent == 0 {
		return sign * math.Ldexp(fraction, -24)
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}

// TestHalf takes every pair of neighbours: each rounds to itself, their middle to the even one, and what lies next to
// the middle to its own side.
func TestHalf(t *testing.T) {
	for low := uint16(0); low < 0x7bff; low++ { // 0x7bff is the largest finite half
		a, b := float(low), float(low+1)
		middle := float32((a + b) / 2)
		for _, c := range []struct {
			x    float32
			want uint16
		}{
			{float32(a), low},
			{float32(b), low + 1},
			{middle, low + low&1},
			{math.Nextafter32(middle, -1), low},
			{math.Nextafter32(middle, 1e6), low + 1},
		} {
			if got := half(c.x); got != c.want {
				t.Fatalf("half(%g) = %#x, want %#x", c.x, got, c.want)
			}
			if got := half(-c.x); got != c.want|0x8000 {
				t.Fatalf("half(%g) = %#x, want %#x", -c.x, got, c.want|0x8000)
			}
		}
	}
}
