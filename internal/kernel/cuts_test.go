package kernel

import (
	"encoding/binary"
	"math"
	"testing"
)

// cutGain is the gain of one cut, after the bins before end, from its definition.
func cutGain(h [][2]int64, end int, start, total [2]int64, least int64, lambda float64) float64 {
	sum := start
	for _, b := range h[:end] {
		sum[0] += b[0]
		sum[1] += b[1]
	}
	if sum[1] < least || total[1]-sum[1] < least {
		return 0
	}
	square := func(g, h int64) float64 { return float64(g) * float64(g) / (float64(h) + lambda) }
	return square(sum[0], sum[1]) + square(total[0]-sum[0], total[1]-sum[1])
}

// FuzzBestCut takes the words of a histogram from data and compares the back ends.
func FuzzBestCut(f *testing.F) {
	f.Add([]byte("some bins of a histogram, sixteen bytes each, and of a packed one eight"), true, uint16(3))
	f.Add([]byte{}, false, uint16(0))
	f.Fuzz(func(t *testing.T, data []byte, packed bool, least uint16) {
		var words []int64
		var total [2]int64
		for ; len(data) >= 16; data = data[16:] {
			g, h := int64(int32(binary.LittleEndian.Uint32(data)))>>12, int64(binary.LittleEndian.Uint32(data[8:]))>>12
			total[0], total[1] = total[0]+g, total[1]+h
			if packed {
				words = append(words, g<<32+h)
			} else {
				words = append(words, g, h)
			}
		}
		want := bestCutGeneric(words, packed, [2]int64{}, total, int64(least), 1)
		for _, be := range backends32 {
			if got := be.bestCut(words, packed, [2]int64{}, total, int64(least), 1); math.Abs(got-want) > 1e-12*want {
				t.Fatalf("%s: %v, want %v", be.name, got, want)
			}
		}
	})
}

func TestBestCut(t *testing.T) {
	eachBackend(t, func(t *testing.T, _ *Pool) {
		rng := newSource[float32]()
		for trial := range 400 {
			n, packed := rng.IntN(40), trial%2 == 0
			scale := int64(1) << (10 + rng.IntN(14)) // packed sums stay below 2³¹ and 2³²
			if !packed {
				scale = int64(1) << (10 + rng.IntN(44))
			}
			draw := func() [2]int64 {
				if rng.IntN(3) == 0 {
					return [2]int64{}
				}
				return [2]int64{rng.Int64N(2*scale) - scale, rng.Int64N(scale)}
			}
			var bins [][2]int64
			start := draw()
			total := start
			for range n {
				bins = append(bins, draw())
			}
			for _, b := range append(bins, draw()) { // the last is of missing values
				total[0], total[1] = total[0]+b[0], total[1]+b[1]
			}
			words := make([]int64, 0, 2*n)
			for _, b := range bins {
				if packed {
					words = append(words, b[0]<<32+b[1])
				} else {
					words = append(words, b[0], b[1])
				}
			}
			least, lambda := rng.Int64N(scale), float64(1+rng.Int64N(scale))
			want := 0.0
			for end := range n {
				want = max(want, cutGain(bins, end+1, start, total, least, lambda))
			}
			got := BestCut(words, packed, start, total, least, lambda)
			if math.Abs(got-want) > 1e-12*want {
				t.Fatalf("%d bins, packed %v: %v, want %v", n, packed, got, want)
			}
		}
	})
}
