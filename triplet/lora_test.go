package triplet

import (
	"bytes"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/org/salesconv/encoder"
)

// Gradients and merged weight against their definitions.
func TestAdapter(t *testing.T) {
	const n, k, rank = 5, 7, 2
	r := rand.New(rand.NewPCG(1, 1))
	random := func(size int) []float32 {
		x := make([]float32, size)
		for i := range x {
			x[i] = float32(r.NormFloat64())
		}
		return x
	}
	g := G.NewGraph()
	start := random(n * k)
	w := G.NewMatrix(g, tensor.Float32, G.WithShape(n, k), G.WithName("w.weight"), G.WithValue(tensor.New(tensor.WithShape(n, k), tensor.WithBacking(append([]float32(nil), start...)))))
	a := newAdapter(w, rank, r)
	a.merge(nil)
	if got := elements(w.Value()); !bytes.Equal(asBytes(got), asBytes(start)) {
		t.Fatal("an adapter changes the initial weight")
	}
	copy(elements(a.b.value), random(n*rank))
	dw := random(n * k)
	d := G.NewMatrix(g, tensor.Float32, G.WithShape(n, k), G.WithName("dw"), G.WithValue(tensor.New(tensor.WithShape(n, k), tensor.WithBacking(dw))))
	G.SetDerivOf(d, w)
	if err := a.gradients(nil); err != nil {
		t.Fatal(err)
	}
	a.merge(nil)
	A, B, da, db, merged := elements(a.a.value), elements(a.b.value), elements(a.a.grad), elements(a.b.grad), elements(w.Value())
	near := func(what string, got float32, want float64) {
		if math.Abs(float64(got)-want) > 1e-5 {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	for i := range n {
		for j := range k {
			sum := float64(start[i*k+j])
			for q := range rank {
				sum += 2 * float64(B[i*rank+q]) * float64(A[q*k+j])
			}
			near("W", merged[i*k+j], sum)
		}
	}
	for q := range rank {
		for j := range k {
			sum := 0.0
			for i := range n {
				sum += 2 * float64(B[i*rank+q]) * float64(dw[i*k+j])
			}
			near("dA", da[q*k+j], sum)
		}
		for i := range n {
			sum := 0.0
			for j := range k {
				sum += 2 * float64(dw[i*k+j]) * float64(A[q*k+j])
			}
			near("dB", db[i*rank+q], sum)
		}
	}
}

// Only the matrices of layers change, the model learns, and a checkpoint resumes where it stopped.
func TestLoRA(t *testing.T) {
	docs, labels := calls(1, 80)
	held, theirs := calls(2, 60)
	m, base := loadTiny(t), loadTiny(t)
	o := &Options{LoRA: 4, Epochs: 40, LearningRate: 2e-2, Validation: &Validation{Docs: held, Labels: theirs, Patience: -1, Interpolate: true}}
	h, err := Train(t.Context(), m, docs, labels, o)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range m.Parameters() {
		same := bytes.Equal(bytesOf(p), bytesOf(base.Parameters()[i]))
		if adapted := strings.HasPrefix(p.Name, "encoder.layer.") && strings.HasSuffix(p.Name, ".weight") && !strings.Contains(p.Name, "LayerNorm"); same == adapted {
			t.Errorf("%s: unchanged is %v", p.Name, same)
		}
	}
	if first, last := h.Evaluations[0].Score, h.Evaluations[len(h.Evaluations)-1].Score; last < first+0.05 {
		t.Errorf("score %v, then %v", first, last)
	}
	t.Logf("score %v to %v, interpolation %v", h.Evaluations[0].Score, h.Evaluations[len(h.Evaluations)-1].Score, h.Interpolation)
}

// A strong L2SP holds the weights where they were; with dropped segments and a weak L2SP the model still learns.
func TestL2SP(t *testing.T) {
	docs, labels := calls(1, 20)
	away := func(pull float64) float64 {
		m, base := loadTiny(t), loadTiny(t)
		if _, err := Train(t.Context(), m, docs, labels, &Options{Epochs: 20, LearningRate: 1e-3, L2SP: pull, DropSegments: 0.3}); err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		for i, p := range m.Parameters() {
			for j, v := range p.Value.Float32s() {
				d := float64(v - base.Parameters()[i].Value.Float32s()[j])
				sum += d * d
			}
		}
		return math.Sqrt(sum)
	}
	if free, held := away(0), away(300); !(held < 0.5*free) || held == 0 {
		t.Errorf("weights move by %v, by %v when pulled", free, held)
	}
}

// The last segments stay.
func TestDropSegmentsKeepsTheLast(t *testing.T) {
	d := make([]encoder.Segment, 8)
	for i := range d {
		d[i].Shares = []float64{float64(i)}
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 100 {
		kept := without(d, 0.9, 3, r)
		for i, s := range kept[len(kept)-3:] {
			if s.Shares[0] != float64(5+i) {
				t.Fatalf("%v are left", kept)
			}
		}
	}
}

func TestDropSegments(t *testing.T) {
	d := []encoder.Segment{{Shares: []float64{0}}, {Shares: []float64{1}}, {Shares: []float64{2}}, {Shares: []float64{3}}}
	r := rand.New(rand.NewPCG(1, 1))
	counts := 0
	for range 1000 {
		kept := without(d, 0.5, 0, r)
		for i := range kept {
			if i > 0 && kept[i].Shares[0] <= kept[i-1].Shares[0] {
				t.Fatal("order lost")
			}
		}
		if len(kept) == 0 {
			t.Fatal("none left")
		}
		counts += len(kept)
	}
	if counts < 2300 || counts > 2700 { // 1 + 3/2 of 4 on average
		t.Errorf("%d of 4000 segments kept", counts)
	}
}
