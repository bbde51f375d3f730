package pipeline

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/salesconv/encoder"
)

// The rows of training documents are those of the encoder that has not seen them, those of others and of Features are
// by the mean of the encoders, and the verdict says what was done.
func TestTuning(t *testing.T) {
	for _, used := range []bool{true, false} {
		fit, docs := train(t, Options{Seed: map[bool]uint64{true: helpful, false: helpful + 2}[used]})
		tuning := fit.Tuning
		if len(tuning.Histories) != 2 || len(tuning.Trials) != 1+len(shares) || tuning.Used != used {
			t.Fatalf("%d histories, trials %+v, want tuning used: %v", len(tuning.Histories), tuning.Trials, used)
		}
		checkTuning(t, fit, docs)
	}
}

func checkTuning(t *testing.T, fit *Fit, docs [][]string) {
	x, err := fit.Tuning.Model.EncodeDocuments(t.Context(), docs, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range docs {
		same := true
		for j := range x.RawRow(i) {
			_, columns := fit.aloneRows.Dims()
			if columns != len(x.RawRow(i)) {
				t.Fatalf("%d columns, want %d", columns, len(x.RawRow(i)))
			}
			same = same && math.Abs(fit.aloneRows.At(i, j)-x.At(i, j)) < 1e-6
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

// Half the way and again as far from there is the whole way.
func TestMove(t *testing.T) {
	load := func() *encoder.Model {
		m, err := encoder.Load(os.DirFS("../../../encoder/testdata/models/mean12"))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	start, to, m := load(), load(), load()
	for _, p := range to.Parameters() {
		for i, w := range p.Value.Data().([]float32) {
			p.Value.Data().([]float32)[i] = 2*w + 1
		}
	}
	move(m, start, start, to, 0.5)
	for i, p := range m.Parameters() {
		a, b := start.Parameters()[i].Value.Data().([]float32), to.Parameters()[i].Value.Data().([]float32)
		for j, w := range p.Value.Data().([]float32) {
			if math.Abs(float64(w-(a[j]+b[j])/2)) > 1e-6 {
				t.Fatalf("%s[%d] is %v, want half way from %v to %v", p.Name, j, w, a[j], b[j])
			}
		}
	}
	move(m, m, start, to, 0.5)
	for i, p := range m.Parameters() {
		b := to.Parameters()[i].Value.Data().([]float32)
		for j, w := range p.Value.Data().([]float32) {
			if math.Abs(float64(w-b[j])) > 1e-5 {
				t.Fatalf("%s[%d] is %v, want %v", p.Name, j, w, b[j])
			}
		}
	}
}
