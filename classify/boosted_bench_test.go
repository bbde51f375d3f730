package classify

import (
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"
)

// matrix32 is a matrix over float32 rows, as embeddings are.
type matrix32 struct {
	rows, columns int
	data          []float32
}

func (f *matrix32) Dims() (int, int)       { return f.rows, f.columns }
func (f *matrix32) At(i, j int) float64    { return float64(f.data[i*f.columns+j]) }
func (f *matrix32) RawRow(i int) []float32 { return f.data[i*f.columns : (i+1)*f.columns] }
func (f *matrix32) T() mat.Matrix          { return mat.Transpose{Matrix: f} }

// randomRows draws standard normal values.
func randomRows(rng *rand.Rand, rows, columns int) *matrix32 {
	f := &matrix32{rows, columns, make([]float32, rows*columns)}
	for i := range f.data {
		f.data[i] = float32(rng.NormFloat64())
	}
	return f
}

// randomModel has complete trees.
func randomModel(rng *rand.Rand, trees, depth, columns int) *Boosted {
	b := &Boosted{columns: columns, parallel: 1, baseScore: 0.5, posWeight: 1}
	for range trees {
		t := Tree{Scale: 1, Nodes: make([]Node, 2<<depth-1)}
		for i := range t.Nodes {
			if t.Nodes[i] = (Node{Left: -1, Right: -1, Value: float32(rng.NormFloat64())}); i < 1<<depth-1 {
				t.Nodes[i] = Node{Left: 2*i + 1, Right: 2*i + 2, Feature: rng.IntN(columns), Threshold: float32(rng.NormFloat64()), Gain: 1}
			}
		}
		b.trees = append(b.trees, t)
	}
	b.finish()
	return b
}

func BenchmarkBoostedPredict(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	m, x := randomModel(rng, 100, 6, 384), randomRows(rng, 100_000, 384)
	b.Run("100000 rows", func(b *testing.B) {
		for b.Loop() {
			if _, err := m.Margins(x); err != nil {
				b.Fatal(err)
			}
		}
	})
	one := &matrix32{1, 384, x.data[:384]}
	b.Run("1 row", func(b *testing.B) {
		for b.Loop() {
			if _, err := m.Margins(one); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkFitBoosted is one of the figures that internal/bench compares with XGBoost: 100 rounds of depth 6.
func BenchmarkFitBoosted(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	x := randomRows(rng, 50_000, 384)
	y := make([]int, x.rows)
	for i := range y {
		z := rng.NormFloat64()
		for j, v := range x.RawRow(i) {
			z += float64(v) * 0.1 * float64(j%7-3)
		}
		if z > 0 {
			y[i] = 1
		}
	}
	for b.Loop() {
		if _, err := FitBoosted(b.Context(), x, y, nil); err != nil {
			b.Fatal(err)
		}
	}
}
