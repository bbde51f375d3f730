package triplet

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/org/salesconv/encoder"
)

func TestCrossEntropyGradient(t *testing.T) {
	task := &Task{Targets: []int{2, -1, 0, 1}, Weight: 0.7}
	documents := []int{3, 1, 0, 2}
	r := rand.New(rand.NewPCG(1, 1))
	x, grad, none := make([]float32, 12), make([]float32, 12), make([]float32, 12)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	task.crossEntropy(documents, 3, x, grad)
	for i, v := range x {
		const h = 1.0 / 256
		x[i] = v + h
		up := task.crossEntropy(documents, 3, x, none)
		x[i] = v - h
		want := (up - task.crossEntropy(documents, 3, x, none)) / (2 * h)
		x[i] = v
		if math.Abs(float64(grad[i])-want) > 1e-5 {
			t.Errorf("gradient %d is %v, want %v", i, grad[i], want)
		}
	}
}

// A task is learnt beside the labels; attention comes to look at the segments that tell.
func TestHeads(t *testing.T) {
	docs, labels := calls(1, 80)
	unseen, theirs := calls(2, 40)
	greet := [2]string{"hello hello", "call call"}
	target := func(docs [][]string) (targets []int) {
		for i := range docs {
			targets = append(targets, i/2%2)
			docs[i][0] = greet[i/2%2]
		}
		return targets
	}
	targets := target(docs)
	targets[5] = -1
	want := target(unseen)
	m := loadTiny(t)
	h := &Heads{Attention: new(Attention), Tasks: []*Task{{Name: "greeting", Targets: targets, Weight: 0.5}}}
	// The last evaluation counts, since a score of the labels alone would keep weights from before the task is learnt.
	steps := 0.0
	o := &Options{Epochs: 60, LearningRate: 1e-2, Heads: h, Validation: &Validation{Docs: unseen, Labels: theirs}}
	o.Validation.Score = func(context.Context, *encoder.Model) (float64, error) { steps++; return steps, nil }
	if _, err := Train(t.Context(), m, docs, labels, o); err != nil {
		t.Fatal(err)
	}
	rows, weights, err := h.Attention.EncodeDocuments(t.Context(), m, unseen, nil)
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i, row := range rows {
		p, err := h.Tasks[0].Predict(row)
		if err != nil {
			t.Fatal(err)
		}
		if (p[1] > p[0]) == (want[i] == 1) {
			right++
		}
		sum := 0.0
		for _, w := range weights[i] {
			sum += float64(w)
		}
		if len(p) != 2 || math.Abs(p[0]+p[1]-1) > 1e-9 || len(weights[i]) != 3 || math.Abs(sum-1) > 1e-6 {
			t.Fatalf("probabilities %v, weights %v", p, weights[i])
		}
	}
	var x []float64
	for _, row := range rows {
		x = append(x, wide(row)...)
	}
	score := ordered(Loss{Distance: Cosine}, theirs, m.Width(), x)
	t.Logf("task right on %d of %d, labels in order %.3f, weights %.2f", right, len(rows), score, weights[0])
	if right < 36 || score < 0.9 {
		t.Errorf("task right on %d of %d, labels in order %v", right, len(rows), score)
	}

	dir := t.TempDir()
	if err := h.Save(dir); err != nil {
		t.Fatal(err)
	}
	got, err := LoadHeads(dir)
	if err != nil || !reflect.DeepEqual(got.Attention, h.Attention) || !reflect.DeepEqual(got.Tasks[0].Matrix, h.Tasks[0].Matrix) {
		t.Errorf("loaded %+v, error %v", got, err)
	}
	if _, err := LoadHeads(t.TempDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v of a folder without heads", err)
	}
	if _, err := h.Tasks[0].Predict([]float32{1}); err == nil {
		t.Error("a row of another width is predicted from")
	}
	for _, bad := range []string{`{"tasks":[{"name":"x","matrix":[[1]],"bias":[1,2]}]}`, `{"tasks":[null]}`, `{"tasks":[{"matrix":[[1],[]],"bias":[1,2]}]}`, `[`} {
		if err := os.WriteFile(dir+"/heads.json", []byte(bad), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadHeads(dir); err == nil || !strings.Contains(err.Error(), "heads.json: ") {
			t.Errorf("%s: error %v", bad, err)
		}
	}
}

func TestHeadsErrors(t *testing.T) {
	docs, labels := calls(1, 6)
	twice := &Task{Name: "a", Targets: []int{0, 1, 0, 1, 0, 1}}
	if _, err := Train(t.Context(), loadTiny(t), docs, labels, &Options{Heads: &Heads{Tasks: []*Task{twice, twice}}}); err == nil || !strings.Contains(err.Error(), `two tasks are named "a"`) {
		t.Errorf("error %v", err)
	}
	for want, task := range map[string]*Task{
		"2 targets for 6 documents": {Name: "a", Targets: []int{1, 0}},
		"has 1 classes":             {Name: "a", Targets: make([]int, 6)},
		"has weight -1":             {Name: "a", Targets: []int{0, 1, 0, 1, 0, 1}, Weight: -1},
	} {
		_, err := Train(t.Context(), loadTiny(t), docs, labels, &Options{Heads: &Heads{Tasks: []*Task{task}}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
