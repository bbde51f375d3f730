package encoder

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// Documents of a model with a query are pooled by it, before and after it is saved, and the card says so.
func TestHeads(t *testing.T) {
	m := small(t, "mean12")
	docs := [][]string{{"hello there", "the price is too high", "we can sign it today"}, {"a"}}
	mean, err := m.EncodeDocuments(t.Context(), docs, nil)
	if err != nil {
		t.Fatal(err)
	}
	h := &Heads{Query: make([]float32, 16), Tasks: []Task{{Name: "industry", Classes: []string{"retail", "banks"}, Matrix: make([][]float32, 2), Bias: []float32{0, 1}}}}
	for c := range h.Tasks[0].Matrix {
		h.Tasks[0].Matrix[c] = make([]float32, 16)
	}
	if err := m.SetHeads(h); err != nil {
		t.Fatal(err)
	}
	e, err := m.EncodeDocuments(t.Context(), docs, nil)
	if d := worst(e.data, mean.data); err != nil || !(d < 1e-6) {
		t.Errorf("a query of zeros differs from the mean by %g, error %v", d, err)
	}
	for i := range h.Query {
		h.Query[i] = float32(i%3) - 0.7
	}
	if e, err = m.EncodeDocuments(t.Context(), docs, nil); err != nil {
		t.Fatal(err)
	}
	turns, err := m.EncodeSegments(t.Context(), docs[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := m.Pooling().Weights(turns, nil)
	if err != nil {
		t.Fatal(err)
	}
	weights := blocks[0]
	score, sum := make([]float64, 3), 0.0
	for i := range score {
		for j, q := range h.Query {
			score[i] += float64(q) * turns.At(i, j)
		}
		sum += math.Exp(score[i])
	}
	for j := range h.Query {
		want := 0.0
		for i := range score {
			if w := math.Exp(score[i]) / sum; math.Abs(w-weights[i]) > 1e-6 {
				t.Fatalf("segment %d weighs %v, want %v", i, weights[i], w)
			}
			want += weights[i] * turns.At(i, j)
		}
		if math.Abs(e.At(0, j)-want) > 1e-5 || math.Abs(e.At(1, j)-mean.At(1, j)) > 1e-6 {
			t.Fatalf("column %d is %v, want %v; of a single segment %v, want %v", j, e.At(0, j), want, e.At(1, j), mean.At(1, j))
		}
	}

	dir := filepath.Join(t.TempDir(), "saved")
	for range 2 { // the second replaces the first
		if err := m.Save(dir); err != nil {
			t.Fatal(err)
		}
	}
	saved, err := Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	got, err := saved.EncodeDocuments(t.Context(), docs, nil)
	if err != nil || worst(got.data, e.data) != 0 || !reflect.DeepEqual(saved.Heads(), h) {
		t.Errorf("the saved model gives other documents, error %v", err)
	}
	p, err := saved.Heads().Tasks[0].Predict(e.RawRow(0))
	if err != nil || math.Abs(p[0]-1/(1+math.E)) > 1e-9 || math.Abs(p[0]+p[1]-1) > 1e-12 {
		t.Errorf("probabilities %v, error %v", p, err)
	}
	card, err := os.ReadFile(filepath.Join(dir, "README.md"))
	for _, what := range []string{"What sentence-transformers ignores", "attention", "industry, with 2 classes"} {
		if err != nil || !strings.Contains(string(card), what) {
			t.Errorf("the card does not say %q, error %v", what, err)
		}
	}
	if _, err := h.Tasks[0].Predict([]float32{1}); err == nil {
		t.Error("a row of another width is predicted from")
	}
	for bad, want := range map[string]string{
		`[`:                           "heads.json: ",
		`{"attention_query":[1,2,3]}`: "heads.json: attention_query: 3 numbers, want 16",
		`{"tasks":[{"name":"x","classes":["a"],"matrix":[[1]],"bias":[1]}]}`:   `heads.json: task 0, "x": matrix: 1 numbers, want 16`,
		`{"tasks":[{"name":"x","classes":["a"],"matrix":[[1]],"bias":[1,2]}]}`: "2 biases, want the same number of each",
		`{"tasks":[{}]}`: "want the same number of each, 1 or more",
	} {
		if err := os.WriteFile(filepath.Join(dir, headsFile), []byte(bad), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(os.DirFS(dir)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q", bad, err, want)
		}
	}
	if err := m.SetHeads(&Heads{Query: []float32{1}}); err == nil {
		t.Error("a query of another width is taken")
	}
	if err := m.SetHeads(nil); err != nil || m.Heads() != nil {
		t.Errorf("heads are not taken away, error %v", err)
	}
}

// The margin of a task of two classes is the log odds that Predict gives.
func TestTaskMargin(t *testing.T) {
	h := &Heads{Tasks: []Task{
		{Name: "outcome", Classes: []string{"lost", "won"}, Matrix: [][]float32{{1, -2, 0.5}, {0.25, 1, 3}}, Bias: []float32{0.5, -1}},
		{Name: "industry", Classes: []string{"a", "b", "c"}},
	}}
	x := []float32{0.3, -0.2, 0.7}
	p, err := h.Task("outcome").Predict(x)
	if err != nil {
		t.Fatal(err)
	}
	for c, class := range h.Tasks[0].Classes {
		coefficients, margin, err := h.Task("outcome").Margin(class)
		if err != nil {
			t.Fatal(err)
		}
		for j, w := range coefficients {
			margin += w * float64(x[j])
		}
		if want := math.Log(p[c] / p[1-c]); math.Abs(margin-want) > 1e-6 {
			t.Errorf("%s: margin %v, want %v", class, margin, want)
		}
	}
	for want, task := range map[string]*Task{"no task": h.Task("other"), "want two": h.Task("industry"), `and "draw" among them`: h.Task("outcome")} {
		if _, _, err := task.Margin("draw"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
	if (*Heads)(nil).Task("outcome") != nil {
		t.Error("no heads have a task")
	}
}
