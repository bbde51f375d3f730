package encoder

import (
	"context"
	"math"
	"slices"
	"testing"
)

func TestNearest(t *testing.T) {
	e := newEmbeddings(4, 2)
	copy(e.data, []float32{3, 4, 0, 2, 0, 0, -6, -8})
	n := e.Normalized()
	if want := []float32{0.6, 0.8, 0, 1, 0, 0, -0.6, -0.8}; !slices.Equal(n.data, want) {
		t.Errorf("rows of length 1 are %v, want %v", n.data, want)
	}
	if e.RawRow(0)[0] != 3 {
		t.Error("Normalized changed what it copies")
	}
	for _, k := range []int{0, 1, 4, 9, -1} {
		got := e.Nearest([]float32{6, 8}, k)
		want := []Neighbor{{0, 1}, {1, 0.8}, {2, 0}, {3, -1}}[:max(0, min(k, 4))]
		if len(got) != len(want) {
			t.Fatalf("%d neighbors of %d asked for", len(got), k)
		}
		for i, w := range want {
			if got[i].Row != w.Row || math.Abs(got[i].Cosine-w.Cosine) > 1e-7 {
				t.Errorf("neighbor %d is %v, want %v", i, got[i], w)
			}
		}
	}
	if c := Cosine([]float32{1}, []float32{1, 2}); !math.IsNaN(c) {
		t.Errorf("cosine of vectors of different lengths is %v", c)
	}
	s := e.Select([]int{3, 0})
	if r, c := s.Dims(); r != 2 || c != 2 || s.At(0, 1) != -8 || s.At(1, 0) != 3 {
		t.Errorf("rows 3 and 0 are %v", s.data)
	}
}

// The blocks of joined poolings equal the blocks of each alone, and segments that repeat are run once.
func TestBlocks(t *testing.T) {
	m := small(t, "max-dense")
	docs := [][]string{{"hello there", "the price", "hello there"}, {"the price", "the price"}}
	joined, err := m.EncodeDocuments(t.Context(), docs, &Options{Pooling: Join(Mean, Last(2), Trend)})
	if err != nil {
		t.Fatal(err)
	}
	if joined.Segments != 5 || joined.Tokens != 4+4 {
		t.Errorf("%d segments of %d tokens, want 5 and 8", joined.Segments, joined.Tokens)
	}
	for i, p := range []Pooling{Mean, Last(2), Trend} {
		alone, err := m.EncodeDocuments(t.Context(), docs, &Options{Pooling: p, Cache: NewCache(0)})
		if err != nil {
			t.Fatal(err)
		}
		block := joined.Block(i)
		for d := range docs {
			if !slices.Equal(block.RawRow(d), alone.RawRow(d)) || block.At(d, 3) != alone.At(d, 3) {
				t.Errorf("block %d of document %d differs", i, d)
			}
		}
		if again := block.Select([]int{1}); !slices.Equal(again.RawRow(0), alone.RawRow(1)) {
			t.Errorf("a row of block %d differs", i)
		}
	}
	turns, err := m.EncodeSegments(t.Context(), docs[0], nil)
	if err != nil || !slices.Equal(turns.RawRow(0), turns.RawRow(2)) || turns.Tokens != 8 {
		t.Errorf("segments that repeat: %d tokens, error %v", turns.Tokens, err)
	}
	weights, err := Pooling(LengthWeighted).Weights(turns, nil)
	if err != nil || math.Abs(weights[0][2]-1./3) > 1e-12 {
		t.Errorf("weights %v, error %v", weights, err)
	}
	if _, err := Pooling(Mean).Weights(turns, []int{1}); err == nil {
		t.Error("too few roles gave no error")
	}
}

func TestClone(t *testing.T) {
	m := small(t, "max-dense")
	if err := m.SetHeads(&Heads{Query: make([]float32, 20), Label: &Task{Classes: []string{"0"}, Matrix: [][]float32{make([]float32, 20)}, Bias: []float32{1}}}); err != nil {
		t.Fatal(err)
	}
	c := m.Clone()
	text := []string{"the price is too high"}
	want, err := m.Encode(t.Context(), text, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Encode(t.Context(), text, nil)
	if err != nil || !slices.Equal(got.data, want.data) {
		t.Errorf("a clone gives another row, error %v", err)
	}
	for _, p := range c.Parameters() {
		clear(p.Value.Data().([]float32))
	}
	c.InvalidateWeights()
	c.Heads().Query[0], c.Heads().Label.Bias[0], c.Heads().Label.Matrix[0][0] = 5, 5, 5
	if got, err = m.Encode(t.Context(), text, nil); err != nil || !slices.Equal(got.data, want.data) {
		t.Errorf("changing a clone changes the model, error %v", err)
	}
	if h := m.Heads(); h.Query[0] != 0 || h.Label.Bias[0] != 1 || h.Label.Matrix[0][0] != 0 {
		t.Error("changing the heads of a clone changes the model's")
	}
}

func TestNil(t *testing.T) {
	var m *Model
	if _, err := m.Encode(t.Context(), []string{"a"}, nil); err == nil {
		t.Error("a nil model encodes")
	}
	if _, err := m.EncodeDocuments(t.Context(), [][]string{{"a"}}, nil); err == nil {
		t.Error("a nil model encodes documents")
	}
	if _, err := m.Graph(nil); err == nil {
		t.Error("a nil model has a graph")
	}
	if err := m.Save(t.TempDir()); err == nil {
		t.Error("a nil model is saved")
	}
	if _, err := Load(nil); err == nil {
		t.Error("no file system gives a model")
	}
	ok := small(t, "mean12")
	var none context.Context
	if _, err := ok.Encode(none, []string{"a"}, nil); err == nil {
		t.Error("a nil context encodes")
	}
	for _, n := range []int{-1, 100000} {
		if _, err := ok.Encode(t.Context(), nil, &Options{Threads: n}); err == nil {
			t.Errorf("%d threads encode", n)
		}
	}
}
