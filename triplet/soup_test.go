package triplet

import (
	"bytes"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/org/salesconv/encoder"
)

// trained returns a model with heads of every kind after a few steps.
func trained(t *testing.T, seed uint64) *encoder.Model {
	t.Helper()
	docs, labels := calls(seed, 12)
	m := loadTiny(t)
	o := &Options{Seed: seed, LearningRate: 1e-2, Attention: true, LabelWeight: 1, Tasks: []Task{{Name: "half", Targets: strings.Fields("a a a a a a b b b b b b")}}}
	if _, err := Train(t.Context(), m, docs, labels, o); err != nil {
		t.Fatal(err)
	}
	return m
}

// numbers are all that a model's embeddings, pooling and heads are made of.
func numbers(m *encoder.Model) (all [][]float32) {
	for _, p := range m.Parameters() {
		all = append(all, elements(p.Value))
	}
	h := m.Heads()
	all = append(all, h.Query)
	for _, task := range append([]encoder.Task{*h.Label}, h.Tasks...) {
		all = append(append(all, task.Bias), task.Matrix...)
	}
	return all
}

// Weights and heads are means in a model of its own: neither is its memory the others', nor do they change.
func TestAverage(t *testing.T) {
	models := []*encoder.Model{trained(t, 1), trained(t, 2), trained(t, 3)}
	var before [][][]float32
	for _, m := range models {
		before = append(before, numbers(m.Clone()))
	}
	soup, err := Average(models...)
	if err != nil {
		t.Fatal(err)
	}
	for i, got := range numbers(soup) {
		for j, x := range got {
			want := float32((float64(before[0][i][j]) + float64(before[1][i][j]) + float64(before[2][i][j])) / 3)
			if x != want {
				t.Fatalf("number %d of vector %d is %v, want %v", j, i, x, want)
			}
		}
	}
	e, err := soup.EncodeDocuments(t.Context(), [][]string{{"the price", "is too high"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir() + "/soup"
	if err := soup.Save(dir); err != nil {
		t.Fatal(err)
	}
	loaded, err := encoder.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	again, err := loaded.EncodeDocuments(t.Context(), [][]string{{"the price", "is too high"}}, nil)
	if err != nil || !reflect.DeepEqual(again.RawRow(0), e.RawRow(0)) {
		t.Errorf("a saved average encodes otherwise, error %v", err)
	}
	for _, vector := range numbers(soup) {
		clear(vector)
	}
	for k, m := range models {
		if !reflect.DeepEqual(numbers(m), before[k]) {
			t.Errorf("model %d changed", k)
		}
	}
}

// The average of one is the same again, with heads or without.
func TestAverageOfOne(t *testing.T) {
	for _, m := range []*encoder.Model{trained(t, 1), loadTiny(t)} {
		soup, err := Average(m)
		if err != nil || soup == m || !bytes.Equal(weights(soup), weights(m)) || !reflect.DeepEqual(soup.Heads(), m.Heads()) {
			t.Errorf("error %v", err)
		}
	}
}

func TestAverageErrors(t *testing.T) {
	with := func(change func(h *encoder.Heads)) *encoder.Model {
		m := trained(t, 1).Clone()
		change(m.Heads())
		return m
	}
	other, err := encoder.Load(os.DirFS("../encoder/testdata/models/mean12"))
	if err != nil {
		t.Fatal(err)
	}
	first := trained(t, 1)
	for want, models := range map[string][]*encoder.Model{
		"0 models":            {},
		"none of them nil":    {first, nil},
		"parameters, want":    {first, first, other},
		"only one":            {first, loadTiny(t)},
		"kinds or numbers":    {first, with(func(h *encoder.Heads) { h.Query = nil })},
		`task 0 is "quarter"`: {first, with(func(h *encoder.Heads) { h.Tasks[0].Name = "quarter" })},
		`classes ["b" "a"]`:   {first, with(func(h *encoder.Heads) { h.Tasks[0].Classes = []string{"b", "a"} })},
	} {
		if _, err := Average(models...); err == nil || !strings.HasPrefix(err.Error(), "triplet: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// Between two models lies a share of the way from the first to the second; heads that only the second has are its own.
func TestInterpolate(t *testing.T) {
	generic, tuned := loadTiny(t), trained(t, 1)
	for _, share := range []float64{0, 0.25, 1} {
		m, err := Interpolate(generic, tuned, share)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(m.Heads(), tuned.Heads()) {
			t.Errorf("share %v: heads %+v, want the heads of the second model", share, m.Heads())
		}
		for i, p := range m.Parameters() {
			a, b := elements(generic.Parameters()[i].Value), elements(tuned.Parameters()[i].Value)
			for j, x := range elements(p.Value) {
				if want := float32((1-share)*float64(a[j]) + share*float64(b[j])); x != want {
					t.Fatalf("share %v: number %d of %s is %v, want %v", share, j, p.Name, x, want)
				}
			}
		}
	}
	other := trained(t, 2)
	m, err := Interpolate(tuned, other, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	if x, a, b := m.Heads().Query[0], tuned.Heads().Query[0], other.Heads().Query[0]; x != float32((float64(a)+float64(b))/2) {
		t.Errorf("the query between %v and %v is %v", a, b, x)
	}
	for name, err := range map[string]error{"a share of 1.5": errorOf(Interpolate(generic, tuned, 1.5)), "no model": errorOf(Interpolate(nil, tuned, 0.5)),
		"heads in the first alone": errorOf(Interpolate(tuned, generic, 0.5))} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func errorOf(_ *encoder.Model, err error) error { return err }

// Frozen layers keep their bits, negative zeros among them, in any share: encoder.LowerLayers goes by these.
func TestCombinedModelsKeepFrozenLayers(t *testing.T) {
	docs, labels := calls(1, 12)
	generic := loadTiny(t)
	w := elements(generic.Parameters()[1].Value)
	w[0], w[1] = float32(math.Copysign(0, -1)), 0x1p-149
	lower := new(encoder.LowerLayers)
	var models []*encoder.Model
	for seed := range uint64(3) {
		m := generic.Clone()
		if _, err := Train(t.Context(), m, docs, labels, &Options{Seed: seed, TrainLayers: 1, Lower: lower}); err != nil {
			t.Fatal(err)
		}
		models = append(models, m)
	}
	soup, err := Average(models...)
	if err != nil {
		t.Fatal(err)
	}
	for _, share := range []float64{0, 0.1, 0.25, 1. / 3, 0.5, 0.9, 1} {
		m, err := Interpolate(generic, soup, share)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.EncodeDocuments(t.Context(), docs, &encoder.Options{Lower: lower}); err != nil {
			t.Errorf("share %v: %v", share, err)
		}
	}
}
