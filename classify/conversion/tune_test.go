package conversion

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/salesconv/encoder"
)

// Rows and margins of training documents are by encoders that have not seen them, those of others by the encoder that
// predicts, and the verdict says what was done.
func TestTuning(t *testing.T) {
	for _, used := range []bool{true, false} {
		fit, docs := train(t, Options{Seed: map[bool]uint64{true: helpful, false: helpful + 2}[used]})
		tuning := fit.Tuning
		if len(tuning.Histories) != 3 || len(tuning.Trials) != 2 || tuning.Used != used {
			t.Fatalf("%d histories, trials %+v, want tuning used: %v", len(tuning.Histories), tuning.Trials, used)
		}
		checkTuning(t, fit, docs)
	}
}

// The encoder that predicts has the mean of all weights and heads, of which the outcome's is taken off.
func TestJoin(t *testing.T) {
	var models []*encoder.Model
	for k := range 2 {
		m, err := encoder.Load(tiny)
		if err != nil {
			t.Fatal(err)
		}
		task := func(name string, classes ...string) encoder.Task {
			matrix := [][]float32{make([]float32, m.Width()), make([]float32, m.Width())}
			matrix[1][0] = float32(2 * k)
			return encoder.Task{Name: name, Classes: classes, Matrix: matrix, Bias: []float32{1, float32(1 + 4*k)}}
		}
		query := make([]float32, m.Width())
		query[1] = float32(6 * k)
		label := task("", "0", "1")
		if err := m.SetHeads(&encoder.Heads{Query: query, Label: &label, Tasks: []encoder.Task{task("industry", "a", "b")}}); err != nil {
			t.Fatal(err)
		}
		m.Parameters()[0].Value.Data().([]float32)[0] = float32(8 * k)
		models = append(models, m)
	}
	var joined Tuning
	if err := joined.join(models); err != nil {
		t.Fatal(err)
	}
	heads := joined.Model.Heads()
	if v := joined.Model.Parameters()[0].Value.Data().([]float32)[0]; v != 4 || heads.Query[1] != 3 || heads.Label != nil || len(heads.Tasks) != 1 || heads.Tasks[0].Matrix[1][0] != 1 || heads.Tasks[0].Bias[1] != 3 {
		t.Errorf("weight %v, heads %+v", v, heads)
	}
	if joined.head.Coefficients[0] != 1 || joined.head.Intercept != 2 {
		t.Errorf("head %+v", joined.head)
	}
}

func checkTuning(t *testing.T, fit *Fit, docs [][]string) {
	x, err := fit.Tuning.Model.EncodeDocuments(t.Context(), docs, nil)
	if err != nil {
		t.Fatal(err)
	}
	margins, err := fit.Tuning.head.Margins(x)
	if err != nil {
		t.Fatal(err)
	}
	for i := range docs {
		if i < 20 && math.Abs(fit.Tuning.margins[i]-margins[i]) < 1e-5 {
			t.Errorf("document %d: margin %v of the head that was trained on it", i, margins[i])
		}
		same := true
		for j := range x.RawRow(i) {
			_, columns := fit.Tuning.unseen.Dims()
			if columns != len(x.RawRow(i)) {
				t.Fatalf("%d columns, want %d", columns, len(x.RawRow(i)))
			}
			same = same && math.Abs(fit.Tuning.unseen.At(i, j)-x.At(i, j)) < 1e-6
		}
		if held := i >= 20; same != held {
			t.Errorf("document %d: by the encoder that predicts: %v, want that of documents not trained on alone", i, same)
		}
	}
	dir := t.TempDir()
	if err := fit.Save(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := encoder.Load(os.DirFS(filepath.Join(dir, tunedFolder))); err != nil {
		t.Errorf("the tuned encoder was not saved: %v", err)
	}
	p, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if (p.Tuned != nil) != fit.Tuning.Used || (len(p.Stack.Heads) == 5) != fit.Tuning.Used {
		t.Errorf("tuning used: %v, but %d heads are loaded", fit.Tuning.Used, len(p.Stack.Heads))
	}
	want := map[bool]string{true: "Fine-tuning is used", false: "Fine-tuning is not used"}[fit.Tuning.Used]
	if v := fit.Tuning.Verdict(); !strings.HasPrefix(v, want) {
		t.Errorf("%q, want %q", v, want)
	}
}
