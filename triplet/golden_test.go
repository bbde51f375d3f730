package triplet

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
	"unsafe"

	"github.com/nlpodyssey/safetensors"

	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/encoder/minilm"
)

// golden is what the reference gave for the embedded weights.
type golden struct {
	Triplets  [][3]string
	Gradients map[Distance]struct {
		Margin, Loss float64
		Norms        map[string]float64 `json:"grad_l2_norms"`
	}
	AdamW struct {
		Losses []float64
		Norms  []float64 `json:"grad_norms_before_clip"`
	}
	Probes []string

	tensors safetensors.SafeTensors
}

func readGolden(t *testing.T) *golden {
	t.Helper()
	g := new(golden)
	b, err := os.ReadFile("testdata/golden.json")
	if err == nil {
		err = json.Unmarshal(b, g)
	}
	if err != nil {
		t.Fatal(err)
	}
	if b, err = os.ReadFile("testdata/golden.safetensors"); err == nil {
		g.tensors, err = safetensors.Deserialize(b)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// read returns the elements of one tensor.
func read[T float32 | int64](t *testing.T, g *golden, name string) []T {
	t.Helper()
	v, ok := g.tensors.Tensor(name)
	if !ok {
		t.Fatal("no tensor " + name)
	}
	b := v.Data()
	x := make([]T, len(b)/int(unsafe.Sizeof(*new(T))))
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), len(b)), b)
	return x
}

func loadMiniLM(t testing.TB) *encoder.Model {
	t.Helper()
	m, err := encoder.Load(minilm.FS())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// goldenTrainer makes every triplet of the reference's batch a step of its own making: one batch of all.
func goldenTrainer(t *testing.T, m *encoder.Model, g *golden, o Options) (*trainer, *batch) {
	t.Helper()
	var docs [][]string
	var labels []int
	var triplets [][3]int
	for i, texts := range g.Triplets {
		for j, text := range texts {
			docs, labels = append(docs, []string{text}), append(labels, j/2)
		}
		triplets = append(triplets, [3]int{3 * i, 3*i + 1, 3*i + 2})
	}
	o.NoDropout = true
	tr, err := newTrainer(m, tokenized(t, m, docs), labels, &o)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]int, len(docs))
	for i := range all {
		all[i] = i
	}
	return tr, tr.lay(all, given(triplets...))
}

// parts splits a parameter's gradient into the tensors of the checkpoint.
func parts(name string, g []float32) map[string][]float32 {
	before, after, ok := strings.Cut(name, "qkv")
	if !ok {
		return map[string][]float32{name: g}
	}
	n := len(g) / 3
	return map[string][]float32{before + "query" + after: g[:n], before + "key" + after: g[n : 2*n], before + "value" + after: g[2*n:]}
}

func norm(x []float32) float64 {
	s := 0.0
	for _, v := range x {
		s += float64(v) * float64(v)
	}
	return math.Sqrt(s)
}

// Loss and gradients of every parameter are the reference's, for three distances, at once and in parts.
func TestGradientsGolden(t *testing.T) {
	g, m := readGolden(t), loadMiniLM(t)
	for _, memory := range []int64{0, 40 << 20} {
		for d, want := range g.Gradients {
			if memory > 0 && d != Euclidean {
				continue
			}
			tr, b := goldenTrainer(t, m, g, Options{Loss: Loss{Distance: d, Margin: want.Margin}, MemoryLimit: memory})
			if err := tr.network.run(t.Context(), 0, b); err != nil {
				t.Fatal(err)
			}
			if got := tr.network.head.value; !(math.Abs(got-want.Loss) <= 1e-5*want.Loss) {
				t.Errorf("%s: loss %v, want %v", d, got, want.Loss)
			}
			worstNorm, compared, worstKey := 0.0, 0, 0.0
			for _, p := range tr.network.solvable {
				grad, err := gradient(p)
				if err != nil {
					t.Fatal(err)
				}
				for name, part := range parts(name(p), grad) {
					if strings.HasSuffix(name, "key.bias") {
						worstKey = max(worstKey, norm(part))
						continue
					}
					compared++
					worstNorm = max(worstNorm, math.Abs(norm(part)/want.Norms[name]-1))
					if d == Euclidean {
						compareGradient(t, g, name, part)
					}
				}
			}
			t.Logf("%s, %d MB: loss %v; norms of %d gradients within %.2g, key biases %.2g", d, memory>>20, tr.network.head.value, compared, worstNorm, worstKey)
			if !(worstNorm <= 1e-4) || compared != len(want.Norms)-6 || !(worstKey <= 1e-6) {
				t.Errorf("%s: norms of %d gradients within %g, want %d within 1e-4; key biases %g, want 1e-6 at most", d, compared, worstNorm, len(want.Norms)-6, worstKey)
			}
		}
	}
}

// compareGradient checks the rows of a gradient that the reference's file has.
func compareGradient(t *testing.T, g *golden, name string, grad []float32) {
	t.Helper()
	width := 384
	if strings.HasSuffix(name, "output.dense.weight") && !strings.Contains(name, "attention") {
		width = 1536
	}
	var got, want []float32
	if strings.Contains(name, "word_embeddings") {
		want = read[float32](t, g, name+".values")
		// Of the touched rows every 32nd was kept, of these every 32nd value row.
		for _, row := range wordRows(grad, len(want)/width) {
			got = append(got, row...)
		}
	} else if _, ok := g.tensors.Tensor(name); !ok {
		return
	} else if want = read[float32](t, g, name); len(want) == len(grad) {
		got = grad
	} else {
		for at := 0; at < len(grad); at += 32 * width {
			got = append(got, grad[at:at+width]...)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("%s: %d elements, want %d", name, len(got), len(want))
	}
	diff := make([]float32, len(got))
	for i := range got {
		diff[i] = got[i] - want[i]
	}
	if d := norm(diff) / norm(want); !(d <= 1e-4) {
		t.Errorf("gradient of %s differs by %g of its norm, want 1e-4 at most", name, d)
	}
}

// wordRows returns every 32nd row that is not zero, n of them.
func wordRows(grad []float32, n int) (rows [][]float32) {
	touched := 0
	for at := 0; at < len(grad); at += 384 {
		row := grad[at : at+384]
		if norm(row) == 0 {
			continue
		}
		if touched%32 == 0 && len(rows) < n {
			rows = append(rows, row)
		}
		touched++
	}
	return rows
}

// Ten steps give the reference's losses, norms and, in the end, embeddings.
func TestAdamWGolden(t *testing.T) {
	if testing.Short() {
		t.Skip("ten steps of the whole encoder take half a minute")
	}
	g, m := readGolden(t), loadMiniLM(t)
	tr, b := goldenTrainer(t, m, g, Options{Loss: Loss{Distance: Euclidean, Margin: 5}, DecayAll: true})
	tr.solver.LearningRate = 2e-5
	var worstLoss float64
	for i, want := range g.AdamW.Losses {
		if err := tr.network.run(t.Context(), i, b); err != nil {
			t.Fatal(err)
		}
		if err := tr.solver.Step(tr.network.solvable); err != nil {
			t.Fatal(err)
		}
		m.InvalidateWeights()
		worstLoss = max(worstLoss, math.Abs(tr.network.head.value-want))
		if n := tr.solver.GradNorm(); !(math.Abs(n/g.AdamW.Norms[i]-1) <= 1e-3) {
			t.Errorf("step %d: norm of the gradient %v, want %v", i, n, g.AdamW.Norms[i])
		}
	}
	if !(worstLoss <= 1e-4) {
		t.Errorf("losses within %g, want 1e-4", worstLoss)
	}
	e, err := m.Encode(t.Context(), g.Probes, nil)
	if err != nil {
		t.Fatal(err)
	}
	var d float64
	for i, want := range read[float32](t, g, "probe_embeddings") {
		d = max(d, math.Abs(e.At(i/384, i%384)-float64(want)))
	}
	if !(d <= 1e-4) {
		t.Errorf("embeddings within %g, want 1e-4", d)
	}
	t.Logf("losses within %.2g, embeddings of the probes within %.2g", worstLoss, d)
}
