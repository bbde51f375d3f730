package triplet

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/org/salesconv/encoder"
)

func TestCrossEntropyGradient(t *testing.T) {
	task := &task{targets: []int{2, -1, 0, 1}, Task: Task{Weight: 0.7}}
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

// A task is trained alongside the labels; attention weights the informative segments most; both are saved with the
// model.
func TestHeads(t *testing.T) {
	docs, labels := calls(1, 80)
	held, theirs := calls(2, 40)
	greet := [2]string{"hello hello", "call call"}
	target := func(docs [][]string) (targets []string) {
		for i := range docs {
			docs[i][0] = greet[i/2%2]
			targets = append(targets, docs[i][0])
		}
		return targets
	}
	targets, want := target(docs), target(held)
	targets[5] = ""
	m := loadTiny(t)
	// The last evaluation counts, since a score of the labels alone would keep weights from before the task is fitted.
	steps := 0.0
	o := &Options{Epochs: 60, LearningRate: 1e-2, Attention: true, Tasks: []Task{{Name: "greeting", Targets: targets, Weight: 0.5}}, Validation: &Validation{}}
	o.Validation.Score = func(_ context.Context, m *encoder.Model) (float64, error) {
		if steps++; m.Heads() == nil {
			t.Error("the model has no heads to be scored with")
		}
		return steps, nil
	}
	if _, err := Train(t.Context(), m, docs, labels, o); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "model")
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	m, err := encoder.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := m.EncodeDocuments(t.Context(), held, nil)
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	var x []float64
	task := m.Heads().Tasks[0]
	for i := range held {
		p, err := task.Predict(rows.RawRow(i))
		if err != nil || len(p) != 2 {
			t.Fatalf("probabilities %v, error %v", p, err)
		}
		if task.Classes[slices.Index(p, max(p[0], p[1]))] == want[i] {
			right++
		}
		x = append(x, wide(rows.RawRow(i))...)
	}
	segments, err := m.EncodeSegments(t.Context(), held[0], nil)
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := m.Pooling().Weights(segments, nil)
	if err != nil {
		t.Fatal(err)
	}
	weights := blocks[0]
	score, err := ordered(t.Context(), Loss{Distance: Cosine}, theirs, m.Width(), x)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("task right on %d of %d, labels in order %.3f, weights %.2f", right, len(held), score, weights)
	if right < 36 || score < 0.9 || slices.Max(weights) < 0.4 {
		t.Errorf("task right on %d of %d, labels in order %v, weights %.2f", right, len(held), score, weights)
	}

	// Another run without heads takes them away.
	if _, err := Train(t.Context(), m, docs, labels, nil); err != nil || m.Heads() != nil {
		t.Errorf("heads %v, error %v", m.Heads(), err)
	}
}

// The classifier of the labels is trained alongside and separates held-out documents.
func TestLabelWeight(t *testing.T) {
	docs, labels := calls(1, 80)
	held, want := calls(2, 40)
	m := loadTiny(t)
	if _, err := Train(t.Context(), m, docs, labels, &Options{Epochs: 30, LearningRate: 1e-2, LabelWeight: 1}); err != nil {
		t.Fatal(err)
	}
	coefficients, intercept, err := m.Heads().Label.Margin("1")
	if err != nil {
		t.Fatal(err)
	}
	e, err := m.EncodeDocuments(t.Context(), held, nil)
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i := range held {
		if margin := intercept + dot(coefficients, wide(e.RawRow(i))); (margin > 0) == (want[i] == 1) {
			right++
		}
	}
	if right < 38 {
		t.Errorf("the classifier of the labels is right on %d of %d held-out documents, want 38", right, len(held))
	}
	if _, err := Train(t.Context(), m, docs, labels, &Options{LabelWeight: -1}); err == nil || !strings.Contains(err.Error(), "LabelWeight -1") {
		t.Errorf("error %v", err)
	}
}

// Training pools as the model does afterwards, including segments that take several sequences.
func TestAttentionAsEncoded(t *testing.T) {
	docs, labels := calls(1, 8)
	for i := range docs {
		docs[i][i%3] = strings.Repeat("one two three ", 15+i)
	}
	m := loadTiny(t)
	query := make([]float32, m.Width())
	for i := range query {
		query[i] = float32(i%5) - 2.1
	}
	if err := m.SetHeads(&encoder.Heads{Query: query}); err != nil {
		t.Fatal(err)
	}
	want, err := m.EncodeDocuments(t.Context(), docs, nil)
	if err != nil {
		t.Fatal(err)
	}
	tr, err := newTrainer(m, tokenized(t, m, docs), labels, &Options{Attention: true, NoDropout: true})
	if err != nil {
		t.Fatal(err)
	}
	b := tr.lay(tr.sampler.draw(0))
	if err := tr.network.run(t.Context(), 0, b); err != nil {
		t.Fatal(err)
	}
	for i, d := range b.documents {
		row := tr.network.head.documents[i*m.Width():][:m.Width()]
		if d := worst(row, wide(want.RawRow(d))); !(d < 1e-5) {
			t.Errorf("document %d differs by %g", i, d)
		}
	}
	if tr.history.Splits == 0 {
		t.Error("no segment takes several sequences")
	}
}

func TestTaskErrors(t *testing.T) {
	docs, labels := calls(1, 6)
	good := Task{Name: "a", Targets: strings.Fields("x y x y x y")}
	for want, tasks := range map[string][]Task{
		`two tasks are named "a"`:      {good, good},
		"2 targets for 6 documents":    {{Name: "a", Targets: []string{"x", "y"}}},
		"1 classes among 6 documents":  {{Name: "a", Targets: []string{"x", "", "x", "x", "x", "x"}}},
		"has weight -1, want above 0":  {{Name: "a", Targets: good.Targets, Weight: -1}},
		"0 classes among 6 documents,": {{Name: "a", Targets: make([]string, 6)}},
	} {
		if _, err := Train(t.Context(), loadTiny(t), docs, labels, &Options{Tasks: tasks}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// Where the labels are decided by the last segment alone, which the mean hides, the classifier reads it from its own
// block; the model keeps what its heads read when it is saved.
func TestLastAndTrend(t *testing.T) {
	documents := func(seed uint64, n int) (docs [][]string, labels []int) {
		r := rand.New(rand.NewPCG(seed, 3))
		for i := range n {
			words := []string{"no thanks", "yes please"}
			doc := []string{words[r.IntN(2)], words[r.IntN(2)], words[r.IntN(2)], words[r.IntN(2)], words[r.IntN(2)], words[i%2]}
			docs, labels = append(docs, doc), append(labels, i%2)
		}
		return docs, labels
	}
	docs, labels := documents(1, 60)
	held, theirs := documents(2, 60)
	m := loadTiny(t)
	o := &Options{Epochs: 30, LearningRate: 1e-2, LabelWeight: 1, Last: 1, Trend: true, DropSegments: 0.5, Tasks: []Task{{Name: "same", Targets: strings.Split(strings.Repeat("ab", 30), "")}}}
	if _, err := Train(t.Context(), m, docs, labels, o); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "model")
	if err := m.Save(dir); err != nil {
		t.Fatal(err)
	}
	m, err := encoder.Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	h := m.Heads()
	if h.Last != 1 || !h.Trend || len(h.Label.Matrix[0]) != 3*m.Width() || len(h.Tasks[0].Matrix[0]) != 3*m.Width() {
		t.Fatalf("heads read %d last segments, trend %v, rows of %d", h.Last, h.Trend, len(h.Label.Matrix[0]))
	}
	x, err := m.EncodeDocuments(t.Context(), held, &encoder.Options{Pooling: h.Pooling()})
	if err != nil {
		t.Fatal(err)
	}
	right := 0
	for i, label := range theirs {
		p, err := h.Label.Predict(x.RawRow(i))
		if err != nil {
			t.Fatal(err)
		}
		if (p[1] > 0.5) == (label == 1) {
			right++
		}
	}
	if right < 55 {
		t.Errorf("%d of 60 right", right)
	}
	if err := (&Options{Attention: true, Trend: true}).Check(); err == nil {
		t.Error("attention with a trend is no error")
	}
}
