package conversion

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/transcript"
	"gonum.org/v1/gonum/mat"
)

// Out-of-fold embeddings do not come from the encoder that predicts, the stack has the tuned head where that helps, and
// the verdict says so; the tuned encoder is saved in any case.
func TestTuning(t *testing.T) {
	for _, used := range []bool{true, false} {
		p, r, _ := train(t, Options{Seed: map[bool]uint64{true: helpful, false: useless}[used]})
		if len(r.Tuning.Histories) != 4 || len(r.Tuning.Trials) != 2 || r.Tuning.Used != used {
			t.Fatalf("%d histories, trials %+v, want fine-tuning used: %v", len(r.Tuning.Histories), r.Tuning.Trials, used)
		}
		if heads := p.Info().Heads; (len(heads) == 5) != used {
			t.Errorf("fine-tuning used: %v, but the heads are %+v", used, heads)
		}
		want := map[bool]string{true: "Fine-tuning is used", false: "Fine-tuning is not used"}[used]
		if v := r.Tuning.Verdict(); !strings.HasPrefix(v, want) {
			t.Errorf("%q, want %q", v, want)
		}
		checkEmbeddings(t, r)
		_, dir := saveAndLoad(t, p)
		if _, err := encoder.Load(os.DirFS(dir + "/" + tunedDir)); err != nil {
			t.Errorf("the tuned encoder was not saved: %v", err)
		}
	}
}

func checkEmbeddings(t *testing.T, r *Report) {
	generic, tuned, err := r.Embeddings(t.Context(), transcript.Sample()[:20])
	if err != nil {
		t.Fatal(err)
	}
	for name, other := range map[string]mat.Matrix{"generic": generic, "out of fold": r.OutOfFold()} {
		var d mat.Dense
		d.Sub(tuned, other)
		for i := range 20 {
			if row := d.RowView(i); !(mat.Norm(row, 2) > 1e-5) {
				t.Errorf("call %d: the %s embedding comes from the tuned encoder", i, name)
			}
		}
	}
}

// The encoder that predicts has the mean of all weights and heads, without the classifier of the outcome.
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
	var joined tuned
	if err := joined.join(models); err != nil {
		t.Fatal(err)
	}
	heads := joined.model.Heads()
	if v := joined.model.Parameters()[0].Value.Data().([]float32)[0]; v != 4 || heads.Query[1] != 3 || heads.Label != nil || len(heads.Tasks) != 1 || heads.Tasks[0].Matrix[1][0] != 1 || heads.Tasks[0].Bias[1] != 3 {
		t.Errorf("weight %v, heads %+v", v, heads)
	}
	if math.Abs(joined.head.Coefficients[0]-1) > 0 || joined.head.Intercept != 2 {
		t.Errorf("head %+v", joined.head)
	}
}
