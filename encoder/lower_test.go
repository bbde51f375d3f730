package encoder

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Texts and documents have the same bits by remembered lower layers, also once the upper layers have changed, for any number
// of threads, and nothing is remembered twice.
func TestEncodeLower(t *testing.T) {
	texts := mixed(60)
	docs := [][]string{texts[:20], texts[10:40], {strings.Repeat("more words than one sequence has room for ", 40)}, texts[40:]}
	m := small(t, "mean12")
	layers, lower := m.Config().NumHiddenLayers, map[int]*LowerLayers{}
	for _, layer := range []int{1, layers - 1} {
		lower[layer] = &LowerLayers{Layers: layer}
	}
	for changes := range 2 {
		for layer, l := range lower {
			remembered := l.Tokens()
			for _, threads := range []int{1, 3} {
				want, err := m.EncodeDocuments(t.Context(), docs, nil)
				if err != nil {
					t.Fatal(err)
				}
				got, err := m.EncodeDocuments(t.Context(), docs, &Options{Lower: l, Threads: threads})
				if err != nil || !slices.Equal(got.data, want.data) {
					t.Errorf("%d layers, %d changes, %d threads: other embeddings, error %v", layer, changes, threads, err)
				}
				if want, err = m.Encode(t.Context(), texts, nil); err != nil {
					t.Fatal(err)
				}
				if got, err = m.Encode(t.Context(), texts, &Options{Lower: l, Threads: threads}); err != nil || !slices.Equal(got.data, want.data) {
					t.Errorf("%d layers, %d changes, %d threads: other embeddings of texts, error %v", layer, changes, threads, err)
				}
			}
			if after := l.Tokens(); changes == 1 && after != remembered || after == 0 {
				t.Errorf("%d layers: %d tokens remembered, then %d", layer, remembered, after)
			}
		}
		m = m.Clone()
		for _, p := range m.Parameters() {
			if p.Layer == layers {
				p.Value.Float32s()[0] += 0.5
			}
		}
		m.InvalidateWeights()
	}
}

func TestSharedLayers(t *testing.T) {
	m := small(t, "mean12")
	layers := m.Config().NumHiddenLayers
	if n := m.SharedLayers(m.Clone()); n != layers {
		t.Errorf("%d layers shared with a clone, want %d", n, layers)
	}
	for changed := range layers + 1 {
		o := m.Clone()
		for _, p := range o.Parameters() {
			if p.Layer == changed {
				w := p.Value.Float32s()
				w[len(w)-1]++
				break
			}
		}
		if n, want := m.SharedLayers(o), max(changed-1, 0); n != want || o.SharedLayers(m) != want {
			t.Errorf("layer %d changed: %d and %d layers shared, want %d", changed, n, o.SharedLayers(m), want)
		}
	}
	if n := m.SharedLayers(nil); n != 0 {
		t.Errorf("%d layers shared with no model", n)
	}
}

func TestEncodeLowerErrors(t *testing.T) {
	m := small(t, "mean12")
	layers := m.Config().NumHiddenLayers
	used := &LowerLayers{Layers: 1}
	if _, err := m.Encode(t.Context(), []string{"hello"}, &Options{Lower: used}); err != nil {
		t.Fatal(err)
	}
	other := m.Clone()
	other.Parameters()[0].Value.Float32s()[0]++
	for _, c := range []struct {
		model *Model
		opts  Options
		want  string
	}{
		{m, Options{Lower: new(LowerLayers)}, fmt.Sprintf("Lower has 0 layers, want 1 to %d", layers-1)},
		{m, Options{Lower: &LowerLayers{Layers: layers}}, fmt.Sprintf("Lower has %d layers", layers)},
		{m, Options{Lower: used, Int8: true}, "Lower with Int8"},
		{other, Options{Lower: used}, "other lower layers"},
	} {
		if _, err := c.model.Encode(t.Context(), []string{"hello"}, &c.opts); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
}
