package encoder

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
)

// squared is an output that is not linear in the embedding: a weighted sum of it and of its squares.
func squared(segment int, x, grad []float32) float64 {
	sum := 0.0
	for j, v := range x {
		a, b := float64((j+segment)%7)-3, float64(j%3)-1
		sum += a*float64(v) + b*float64(v)*float64(v)
		grad[j] = float32(a + 2*b*float64(v))
	}
	return sum
}

// alongPath returns the output where the tokens of a text are so far on their paths, by the model's own way of reading them:
// with a vocabulary in which each token of the text has an id of its own.
func alongPath(t *testing.T, m *Model, text string) func(far func(token int) float64) float64 {
	t.Helper()
	p, err := m.newPaths([]string{text}, squared, 1)
	if err != nil {
		t.Fatal(err)
	}
	c := m.Clone()
	words := c.parameters[slices.IndexFunc(c.parameters, func(p Parameter) bool { return p.Name == leafName })].Value.Float32s()
	g, err := c.Graph(nil)
	if err != nil {
		t.Fatal(err)
	}
	vm, err := g.Compile()
	if err != nil {
		t.Fatal(err)
	}
	const fresh = 10 // ids from here on, past those of [CLS] and [SEP]
	a, width := p.attributions[0], m.config.HiddenSize
	return func(far func(token int) float64) float64 {
		ids := slices.Clone(a.IDs)
		for k, id := range a.IDs[1 : len(ids)-1] {
			ids[k+1] = fresh + k
			for j := range width {
				own, mask := p.word[id*width+j], p.word[p.masked*width+j]
				words[ids[k+1]*width+j] = mask + float32(far(k+1))*(own-mask)
			}
		}
		g.SetSequences([][]int{ids})
		if err := g.Run(t.Context(), vm); err != nil {
			t.Fatal(err)
		}
		x := g.Sequences.Value().Data().([]float32)
		return squared(0, x, make([]float32, len(x)))
	}
}

// The definition: the slope of the output by how far each token is, by differences, integrated over the way of all.
func TestIntegratedGradients(t *testing.T) {
	for _, name := range []string{"mean12", "cls-cased", "max-dense"} {
		m := small(t, name)
		const text, points, h = "the price is too high", 16, 1.0 / 16
		all, err := m.IntegratedGradients(t.Context(), []string{text}, squared, nil)
		if err != nil {
			t.Fatal(err)
		}
		a := all[0]
		if ids := m.Tokenize(text).IDs; !slices.Equal(a.IDs, ids) || len(a.Values) != len(ids) {
			t.Fatalf("%s: values %v of tokens %v, want %v", name, a.Values, a.IDs, ids)
		}
		output := alongPath(t, m, text)
		for far, got := range []float64{a.Base, a.Output} {
			if want := output(func(int) float64 { return float64(far) }); math.Abs(got-want) > 1e-4 {
				t.Errorf("%s: output at %d is %v, want %v", name, far, got, want)
			}
		}
		if !a.complete() {
			t.Errorf("%s: values %v add up to %v - %v but for %v", name, a.Values, a.Output, a.Base, a.Residual())
		}
		largest := max(slices.Max(a.Values), -slices.Min(a.Values))
		for k, got := range a.Values {
			want := 0.0
			for i := range points {
				at := (float64(i) + 0.5) / points
				moved := func(by float64) float64 {
					return output(func(token int) float64 {
						if token == k {
							return at + by
						}
						return at
					})
				}
				want += (moved(h) - moved(-h)) / (2 * h) / points
			}
			if math.Abs(got-want) > 0.03*largest {
				t.Errorf("%s: token %d has %v, want %v", name, k, got, want)
			}
		}
	}
}

// The quadrature is exact for polynomials, and each grid has the points of the one before.
func TestClenshawCurtis(t *testing.T) {
	for n := 1; n <= 33; n++ {
		for degree := range n + 1 {
			got := 0.0
			for k, w := range clenshawCurtis(n) {
				got += w * math.Pow(chebyshev(k, n), float64(degree))
			}
			if want := 1 / float64(degree+1); math.Abs(got-want) > 1e-14 {
				t.Errorf("%d intervals: the integral of x^%d is %v, want %v", n, degree, got, want)
			}
		}
		for k := range n + 1 {
			if a, b := chebyshev(k, n), chebyshev(2*k, 2*n); a != b {
				t.Errorf("%d intervals: point %d is %v, and %v of twice as many", n, k, a, b)
			}
		}
	}
}

// Segments do not depend on each other, nor on the threads; long ones are read in several sequences, nothing cut.
func TestIntegratedGradientsOfSegments(t *testing.T) {
	m := small(t, "mean12")
	long := strings.Repeat("the price is high and we can sign it now ", 12)
	texts := []string{"hello there", "", long, "   ", "price", long[:90]}
	reported := 0
	all, err := m.IntegratedGradients(t.Context(), texts, squared, &IntegratedOptions{Progress: func(done, total int) {
		if reported = done; total != len(texts) {
			t.Errorf("progress of %d, want %d", total, len(texts))
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	if reported != len(texts) {
		t.Errorf("%d segments reported, want %d", reported, len(texts))
	}
	rows, err := m.EncodeSegments(t.Context(), texts, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range all {
		alone, err := m.IntegratedGradients(t.Context(), texts[i:i+1], func(_ int, x, grad []float32) float64 { return squared(i, x, grad) }, &IntegratedOptions{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(alone[0].Values, a.Values) || alone[0].Output != a.Output {
			t.Errorf("segment %d alone: %v, among others %v", i, alone[0].Values, a.Values)
		}
		x := rows.RawRow(i)
		if want := squared(i, x, make([]float32, len(x))); math.Abs(a.Output-want) > 1e-4 {
			t.Errorf("segment %d: output %v, want %v", i, a.Output, want)
		}
		if !a.complete() || a.Values[0] != 0 || a.Values[len(a.Values)-1] != 0 {
			t.Errorf("segment %d: values %v, residual %v", i, a.Values, a.Residual())
		}
	}
	if n := len(all[2].IDs); n < 100 {
		t.Errorf("the long segment has %d tokens, want all of them", n)
	}
}

func TestIntegratedGradientsRefused(t *testing.T) {
	m := small(t, "mean12")
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.IntegratedGradients(done, []string{"hello"}, squared, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
	nan := func(int, []float32, []float32) float64 { return math.NaN() }
	var none context.Context
	for want, run := range map[string]func() error{
		"it is nil": func() error { _, err := m.IntegratedGradients(t.Context(), nil, nil, nil); return err },
		"segment 1 is NaN": func() error {
			_, err := m.IntegratedGradients(t.Context(), []string{"a", "b"}, func(i int, x, g []float32) float64 { return []float64{0, math.NaN()}[i] }, nil)
			return err
		},
		"segment 0 is NaN": func() error { _, err := m.IntegratedGradients(t.Context(), []string{""}, nan, nil); return err },
		"segment 0 has the derivative +Inf by element 3": func() error {
			_, err := m.IntegratedGradients(t.Context(), []string{"a"}, func(_ int, x, g []float32) float64 { g[3] = float32(math.Inf(1)); return 0 }, nil)
			return err
		},
		"Steps is -1": func() error {
			_, err := m.IntegratedGradients(t.Context(), nil, squared, &IntegratedOptions{Steps: -1})
			return err
		},
		"Threads is -1": func() error {
			_, err := m.IntegratedGradients(t.Context(), nil, squared, &IntegratedOptions{Threads: -1})
			return err
		},
		"no model":    func() error { _, err := (*Model)(nil).IntegratedGradients(t.Context(), nil, squared, nil); return err },
		"nil context": func() error { _, err := m.IntegratedGradients(none, nil, squared, nil); return err },
	} {
		if err := run(); err == nil || !strings.HasPrefix(err.Error(), "encoder: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want encoder: … %s", err, want)
		}
	}
	if all, err := m.IntegratedGradients(t.Context(), nil, squared, nil); err != nil || len(all) != 0 {
		t.Errorf("no segments: %v, error %v", all, err)
	}
}
