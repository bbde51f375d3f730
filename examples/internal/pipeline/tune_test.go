package pipeline

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/salesconv/encoder"
)

// Rows and margins of training documents are by encoders that have not seen them, those of others by the encoder that was
// trained on all, and the verdict says what was done.
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
