package conversion

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/org/salesconv/transcript"
)

var tiny = os.DirFS("../../encoder/testdata/models/mean12")

// helpful is a seed with which tuning is used on these documents.
const helpful = 2

// train fits a pipeline on a small random encoder, to the first 20 of 24 documents.
func train(t *testing.T, opts Options) (*Fit, [][]string) {
	t.Helper()
	calls := transcript.Sample()[:24]
	labels, err := transcript.Labels(calls)
	if err != nil {
		t.Fatal(err)
	}
	docs := Documents(calls)
	opts.Model, opts.Folds, opts.Tune.Epochs = tiny, 2, 2
	places := make([]int, 20)
	for i := range places {
		places[i] = i
	}
	fit, err := Train(t.Context(), docs, labels, places, &opts)
	if err != nil {
		t.Fatal(err)
	}
	return fit, docs
}

func TestSaveAndLoadPredictTheSame(t *testing.T) {
	for _, frozen := range []bool{false, true} {
		fit, docs := train(t, Options{Frozen: frozen, Seed: helpful})
		dir := t.TempDir()
		if err := fit.Save(dir); err != nil {
			t.Fatal(err)
		}
		loaded, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		want, err := fit.Predict(t.Context(), docs, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := loaded.Predict(t.Context(), docs, nil)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("frozen %v: loaded %v, %v, want %v", frozen, got, err, want)
		}
		all, err := fit.Predictions([]int{20, 21, 22, 23})
		if err != nil || !slices.Equal(all[len(all)-1].Probability, want[20:]) {
			t.Errorf("frozen %v: predictions %v, %v, want %v", frozen, all, err, want[20:])
		}
	}
}

// Shares of turns add up to the log-odds.
func TestExplainAddsUp(t *testing.T) {
	fit, docs := train(t, Options{Seed: helpful})
	x, err := fit.Features(t.Context(), docs, nil)
	if err != nil {
		t.Fatal(err)
	}
	margins, err := fit.Stack.Margins(x)
	if err != nil {
		t.Fatal(err)
	}
	for i, doc := range docs {
		e, err := fit.Explain(t.Context(), doc, 1)
		if err != nil {
			t.Fatal(err)
		}
		if d := math.Abs(e.Output() - margins[i]); len(e.Values) != len(doc) || !(d < 1e-5) { // rows are float32
			t.Errorf("document %d: %d shares of %d turns, off by %g", i, len(e.Values), len(doc), d)
		}
	}
}

func TestByTurnEndsWithTheCall(t *testing.T) {
	fit, docs := train(t, Options{Frozen: true})
	whole, err := fit.Predict(t.Context(), docs[22:23], nil)
	if err != nil {
		t.Fatal(err)
	}
	p, err := fit.PredictByTurn(t.Context(), docs[22])
	if err != nil || len(p) != len(docs[22]) || p[len(p)-1] != whole[0] {
		t.Errorf("by turn %v, %v; the whole call %v", p, err, whole)
	}
}

func TestLoadRefusesFilesOfDifferentTrainings(t *testing.T) {
	tuned, _ := train(t, Options{Seed: helpful})
	frozen, _ := train(t, Options{Frozen: true})
	dir, other := t.TempDir(), t.TempDir()
	if err := tuned.Save(dir); err != nil {
		t.Fatal(err)
	}
	if err := frozen.Save(other); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(other, classifierFile), filepath.Join(dir, classifierFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "different trainings") {
		t.Errorf("error %v", err)
	}
}
