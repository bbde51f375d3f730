package main

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/org/salesconv/encoder"
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

// TestConvert converts a small model twice, to the same bytes; its weights move by no more than rounding does.
func TestConvert(t *testing.T) {
	const from = "../../testdata/models/cls-cased"
	var files [2][]byte
	var to string
	for i := range files {
		to = filepath.Join(t.TempDir(), "model")
		if err := convert(from, to); err != nil {
			t.Fatal(err)
		}
		var err error
		if files[i], err = os.ReadFile(filepath.Join(to, weights)); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(files[0], files[1]) {
		t.Error("converting twice gives different bytes")
	}
	var models [2]*encoder.Model
	for i, dir := range []string{from, to} {
		var err error
		if models[i], err = encoder.Load(os.DirFS(dir)); err != nil {
			t.Fatal(err)
		}
	}
	rounded := models[1].Parameters()
	for i, p := range models[0].Parameters() {
		for j, x := range p.Value.Data().([]float32) {
			got := rounded[i].Value.Data().([]float32)[j]
			if math.Abs(float64(got-x)) > math.Abs(float64(x))/2048+1.0/(1<<25) {
				t.Fatalf("%s: element %d is %g, want %g rounded", p.Name, j, got, x)
			}
		}
	}
}

func TestConvertErrors(t *testing.T) {
	if err := convert(t.TempDir(), t.TempDir()); err == nil {
		t.Error("an empty directory gave no error")
	}
	if err := convert("../../testdata/models/masked-lm-bf16", t.TempDir()); err == nil {
		t.Error("weights in BF16 gave no error")
	}
}
