package encoder

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"sync"
	"testing"

	"github.com/org/salesconv/encoder/minilm"
	"github.com/org/salesconv/internal/kernel"
)

// miniLM is the embedded model, loaded once for all tests.
var miniLM = sync.OnceValues(func() (*Model, error) { return Load(minilm.FS()) })

func loadMiniLM(t testing.TB) *Model {
	t.Helper()
	m, err := miniLM()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func readTexts(t testing.TB) (texts []string) {
	t.Helper()
	b, err := os.ReadFile("testdata/texts.json")
	if err == nil {
		err = json.Unmarshal(b, &texts)
	}
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// golden returns a tensor of the reference's, as rows of 384.
func golden(t testing.TB, name string) []float32 {
	t.Helper()
	c, err := openCheckpoint(os.DirFS("testdata"), "golden.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	x := make([]float32, c.tensors[name].Shape[0]*384)
	if err := c.read(name, x); err != nil {
		t.Fatal(err)
	}
	return x
}

func worst(got, want []float32) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	var d float64
	for i := range got {
		d = max(d, math.Abs(float64(got[i]-want[i])))
	}
	return d
}

// TestGoldenEmbeddings runs all texts, or every sixteenth with -short, for processors without vector kernels.
func TestGoldenEmbeddings(t *testing.T) {
	step := 1
	if testing.Short() {
		step = 16
	}
	var texts []string
	var want []float32
	all := golden(t, "embeddings")
	for i, text := range readTexts(t) {
		if i%step == 0 {
			texts, want = append(texts, text), append(want, all[i*384:(i+1)*384]...)
		}
	}
	e, err := loadMiniLM(t).Encode(t.Context(), texts, nil)
	if err != nil {
		t.Fatal(err)
	}
	d := worst(e.data, want)
	t.Logf("%d texts, %d tokens, %d texts cut by %d tokens: embeddings within %.2g", e.rows, e.Tokens, e.Truncated, e.Cut, d)
	if !(d <= 1e-5) {
		t.Errorf("embeddings differ by %g, want 1e-5 at most", d)
	}
}

// TestGoldenInt8 holds 8-bit arithmetic to what it promises: the cosine with the reference, at least and on average. With
// -short it runs the first texts, which are the odd ones, and leaves the average out.
func TestGoldenInt8(t *testing.T) {
	texts := readTexts(t)
	if testing.Short() {
		texts = texts[:12]
	}
	e, err := loadMiniLM(t).Encode(t.Context(), texts, &Options{Int8: true})
	if err != nil {
		t.Fatal(err)
	}
	all, least, mean := golden(t, "embeddings"), 1.0, 0.0
	for i := range texts {
		cosine := kernel.Dot(e.RawRow(i), all[i*384:(i+1)*384]) // of unit vectors
		least = min(least, cosine)
		mean += cosine / float64(len(texts))
	}
	t.Logf("cosine with the reference: %.5f on average, %.5f at least", mean, least)
	if !(least >= 0.99 && (testing.Short() || mean >= 0.998)) {
		t.Errorf("cosine %v at least and %v on average, want 0.99 and 0.998", least, mean)
	}
}

func TestGoldenHidden(t *testing.T) {
	g, err := loadMiniLM(t).Graph(&GraphOptions{Gradients: true})
	if err != nil {
		t.Fatal(err)
	}
	vm, err := g.Compile()
	if err != nil {
		t.Fatal(err)
	}
	texts := readTexts(t)
	for _, i := range []int{8, 192} {
		g.SetTexts(texts[i : i+1])
		if err := g.Run(t.Context(), vm); err != nil {
			t.Fatal(err)
		}
		for layer, n := range g.Hidden {
			h := n.Value().Data().([]float32)
			var eighth []float32
			for at := 0; at < len(h); at += 8 * 384 {
				eighth = append(eighth, h[at:at+384]...)
			}
			d := worst(eighth, golden(t, fmt.Sprintf("text%d.hidden%d", i, layer)))
			if !(d <= 1e-4) {
				t.Errorf("text %d, layer %d: hidden states differ by %g, want 1e-4 at most", i, layer, d)
			}
			t.Logf("text %d, layer %d: %.2g", i, layer, d)
		}
	}
}

// models are the models of testdata.
func models(t testing.TB) (names []string) {
	t.Helper()
	dirs, err := os.ReadDir("testdata/models")
	if err != nil || len(dirs) == 0 {
		t.Fatal("no models in testdata: ", err)
	}
	for _, d := range dirs {
		names = append(names, d.Name())
	}
	return names
}

// TestModels runs the small models that sentence-transformers wrote: several widths, heads and depths, each pooling and
// activation, Dense modules, cased and uncased, F32 and BF16, names with and without "bert.", prompts, truncation, and
// tokenizers that differ from their tokenizer.json.
func TestModels(t *testing.T) {
	for _, name := range models(t) {
		t.Run(name, func(t *testing.T) {
			m, err := Load(modelFiles(t, name))
			if err != nil {
				t.Fatal(err)
			}
			var want struct {
				Texts      []string
				Embeddings [][]float32
			}
			if err := readJSON(os.DirFS("testdata/models/"+name), "expected.json", &want); err != nil {
				t.Fatal(err)
			}
			e, err := m.Encode(t.Context(), want.Texts, nil)
			if err != nil {
				t.Fatal(err)
			}
			for i, row := range want.Embeddings {
				if d := worst(e.RawRow(i), row); !(d <= 1e-5) {
					t.Errorf("text %q: row differs by %g, want 1e-5 at most", want.Texts[i], d)
				}
			}
		})
	}
}
