package conversion

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/transcript"
	"github.com/org/salesconv/triplet"
	"gonum.org/v1/gonum/mat"
)

// Out-of-fold embeddings do not come from the encoder that predicts, the stack has the tuned head where that helps, and
// the verdict says so; where fine-tuning does not help, the generic encoder is saved in its place.
func TestTuning(t *testing.T) {
	for _, used := range []bool{true, false} {
		p, r, _ := train(t, Options{Seed: map[bool]uint64{true: helpful, false: useless}[used]})
		if len(r.Tuning.Histories) != 3 || r.Tuning.Used != used || (r.Tuning.Share > 0) != used || (len(r.Tuning.Trials) == 2) != used {
			t.Fatalf("%d histories, share %v, trials %+v, want fine-tuning used: %v", len(r.Tuning.Histories), r.Tuning.Share, r.Tuning.Trials, used)
		}
		if heads := p.Info().Heads; (len(heads) == 5) != used {
			t.Errorf("fine-tuning used: %v, but the heads are %+v", used, heads)
		}
		want := map[bool]string{true: "Fine-tuning is used", false: "Fine-tuning is not used"}[used]
		if v := r.Tuning.Verdict(); !strings.HasPrefix(v, want) {
			t.Errorf("%q, want %q", v, want)
		}
		_, dir := saveAndLoad(t, p)
		saved, err := encoder.Load(os.DirFS(dir + "/" + tunedDir))
		if err != nil {
			t.Fatalf("the tuned encoder was not saved: %v", err)
		}
		if used {
			checkEmbeddings(t, r)
			continue
		}
		if v := r.Tuning.Saved(); !strings.HasPrefix(v, "Fine-tuning did not help") || !strings.HasSuffix(v, "holds the generic weights instead.") {
			t.Errorf("%q, want that fine-tuning did not help", v)
		}
		for i, w := range saved.Parameters() {
			if !slices.Equal(w.Value.Float32s(), p.generic.Parameters()[i].Value.Float32s()) {
				t.Errorf("%s is not generic", w.Name)
			}
		}
		checkGeneric(t, r)
	}
}

// checkGeneric checks that the tuned methods of a report are generic where nothing of the fine-tuning is kept.
func checkGeneric(t *testing.T, r *Report) {
	t.Helper()
	all, err := r.Predict(t.Context(), transcript.Sample()[:20])
	if err != nil {
		t.Fatal(err)
	}
	p := map[string][]float64{}
	for _, m := range all {
		p[m.Method] = m.Probability
	}
	if !slices.Equal(p[TunedStack], p[GenericStack]) || !slices.Equal(p[Best], p[GenericStack]) || len(p[TunedTurns]) != 20 {
		t.Errorf("%+v, want the stacks to be equal", p)
	}
	generic, tuned, err := r.Embeddings(t.Context(), transcript.Sample()[:20])
	if err != nil || !mat.Equal(generic, tuned) || !mat.EqualApprox(generic, r.OutOfFold(), 1e-6) {
		t.Errorf("the embeddings are not generic, error %v", err)
	}
}

// The guard keeps an encoder whose head predicts as well as the generic one, and none whose head predicts worse.
func TestGuard(t *testing.T) {
	f, err := newFit(transcript.Sample()[:20], &Options{Model: tiny})
	if err != nil {
		t.Fatal(err)
	}
	folds, err := evaluate.Folds(f.labels, f.Groups, f.Folds, f.Seed)
	if err != nil {
		t.Fatal(err)
	}
	ignorant := func() *encoder.Model { // its head gives every call the same
		m := f.generic.Clone()
		zeros := [][]float32{make([]float32, m.Width()), make([]float32, m.Width())}
		if err := m.SetHeads(&encoder.Heads{Label: &encoder.Task{Classes: []string{"0", "1"}, Matrix: zeros, Bias: make([]float32, 2)}}); err != nil {
			t.Fatal(err)
		}
		return m
	}
	models := []*encoder.Model{ignorant(), ignorant(), ignorant()}
	for _, better := range []bool{true, false} {
		margins := make([]float64, 20)
		for i := range margins {
			if better {
				margins[i] = float64(f.labels[i])
			}
		}
		var blocks []classify.Block
		for _, b := range of(genericTurns) {
			blocks = append(blocks, classify.Block{Name: b.key, Features: mat.NewDense(20, 1, nil), OutOfFoldMargins: margins})
		}
		heads, err := classify.FitHeads(t.Context(), blocks, f.labels, nil, f.stackOptions(len(blocks)))
		if err != nil {
			t.Fatal(err)
		}
		docs, err := f.generic.TokenizeDocuments(t.Context(), f.docs)
		if err != nil {
			t.Fatal(err)
		}
		got := &tuned{soup: models[0]}
		if err := f.guard(t.Context(), got, models, docs, folds, heads); err != nil {
			t.Fatal(err)
		}
		want := 1.0
		if better {
			want = 0
		}
		if s := got.Shares; got.Share != want || len(s) != len(shares) || s[0].B != 0.5 || s[0].A != 1-got.Share/2 || len(got.held.margins) != 20 || (got.head != nil) == better {
			t.Errorf("generic better %v: share %v after %+v", better, got.Share, s)
		}
	}
}

// The share with the highest ROC AUC is kept, of several the largest, if it is as good as the generic one.
func TestBestShare(t *testing.T) {
	for _, c := range []struct {
		auc         []float64 // of shares 1, 0.75 and so on, where the generic encoder has 0.7
		best, saved float64
	}{
		{[]float64{0.8, 0.8, 0.7, 0.7}, 1, 1}, {[]float64{0.6, 0.75, 0.75, 0.7}, 0.75, 0.75}, {[]float64{0.1, 0.2, 0.3, 0.7}, 0.25, 0.25},
		{[]float64{0.1, 0.2, 0.69, 0.3}, 0.5, 0},
	} {
		all := &Tuning{}
		for k, auc := range c.auc {
			d := evaluate.Interval{Estimate: auc - 0.7, Low: auc - 0.74, High: auc - 0.66}
			all.Shares = append(all.Shares, ShareTrial{shares[k], TurnMean, &evaluate.Comparison{A: 0.7, B: auc, Difference: d}})
		}
		best := all.best()
		if best.Share != c.best || best.holds() != (c.saved > 0) {
			t.Errorf("%v: the best share is %v, holds %v", c.auc, best.Share, best.holds())
		}
		all.Share = c.saved
		if says := all.Saved(); c.saved < 1 && !strings.Contains(says, fmt.Sprintf("%.0f%%", 100*c.best)) || !strings.Contains(says, fmt.Sprintf("%.3f", best.B)) {
			t.Errorf("%v: %s", c.auc, says)
		}
	}
}

// The refit trains on all calls and keeps what was decided, whether it was to fine-tune or not.
func TestRefit(t *testing.T) {
	for _, seed := range []uint64{useless, helpful} {
		calls := transcript.Sample()[:24]
		before, report, _ := train(t, Options{Seed: seed, HeldOut: calls[20:]})
		p, again, err := report.Refit(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		a, b := before.Info(), p.Info()
		if a.Refitted || !b.Refitted || a.Data.Calls != 20 || b.Data.Calls != 24 || !reflect.DeepEqual(a.HeldOut, b.HeldOut) {
			t.Errorf("info %+v, before %+v", b, a)
		}
		x, y := report.Tuning, again.Tuning
		if runs := map[uint64]int{useless: 3, helpful: 4}[seed]; x.Share != y.Share || x.Used != y.Used || len(x.Histories) != 3 || len(y.Histories) != runs {
			t.Errorf("seed %d: shares %v and %v; used %v and %v; %d and %d runs", seed, x.Share, y.Share, x.Used, y.Used, len(x.Histories), len(y.Histories))
		}
		if n, _ := again.OutOfFold().Dims(); n != 24 {
			t.Errorf("%d embeddings out of fold, want 24", n)
		}
		loaded, _ := saveAndLoad(t, p)
		if !reflect.DeepEqual(predict(t, loaded, calls[:2]), predict(t, p, calls[:2])) || reflect.DeepEqual(predict(t, before, calls[:2]), predict(t, p, calls[:2])) {
			t.Errorf("seed %d: the refit predicts %+v", seed, predict(t, p, calls[:2]))
		}
	}
}

// By default the run on all calls has about as many steps as those before, whose epochs are shorter.
func TestRefitSteps(t *testing.T) {
	if testing.Short() {
		t.Skip("fine-tunes twice")
	}
	calls := transcript.Sample()[:60]
	f, err := newFit(calls[:30], &Options{Model: tiny, HeldOut: calls[30:]})
	if err != nil {
		t.Fatal(err)
	}
	err = f.fit(t.Context(), func(ctx context.Context, heads *classify.Heads) (*tuned, error) {
		tuned, err := f.tune(ctx, heads)
		if err != nil {
			return nil, err
		}
		return tuned, tuned.keep(f.generic, 1)
	})
	if err != nil {
		t.Fatal(err)
	}
	_, again, err := f.report.Refit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h := again.Tuning.Histories
	if before, last := h[0], h[len(h)-1]; len(h) != 4 || last.Documents != 60 || 5*last.Total < 4*before.Total || 5*last.Total > 6*before.Total {
		t.Errorf("%d steps on %d calls, then %d on %d", before.Total, before.Documents, last.Total, last.Documents)
	}
}

func TestRefitNeedsColumns(t *testing.T) {
	calls := transcript.Sample()[:24]
	for want, o := range map[string]Options{"no calls were held out": {}, "20 entries, want 24": {HeldOut: calls[20:], Groups: each(20)}} {
		o.Model, o.Frozen = tiny, true
		_, report, err := Fit(t.Context(), calls[:20], &o)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := report.Refit(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
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

// What is saved has the mean of all weights and heads, or lies between the generic encoder and that, without the
// classifier of the outcome; with no share of it, it is the generic encoder.
func TestKeep(t *testing.T) {
	generic, err := encoder.Load(tiny)
	if err != nil {
		t.Fatal(err)
	}
	generic.Parameters()[0].Value.Data().([]float32)[0] = 2
	var models []*encoder.Model
	for k := range 2 {
		m := generic.Clone()
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
	soup, err := triplet.Average(models...)
	if err != nil {
		t.Fatal(err)
	}
	kept := &tuned{soup: soup, held: &held{weights: []float64{3}, intercept: 5}}
	for share, want := range map[float64]float32{1: 4, 0.5: 3} {
		if err := kept.keep(generic, share); err != nil {
			t.Fatal(err)
		}
		heads := kept.model.Heads()
		if v := kept.model.Parameters()[0].Value.Data().([]float32)[0]; v != want || heads.Query[1] != 3 || heads.Label != nil || len(heads.Tasks) != 1 || heads.Tasks[0].Matrix[1][0] != 1 || heads.Tasks[0].Bias[1] != 3 {
			t.Errorf("share %v: weight %v, heads %+v", share, v, heads)
		}
		if kept.head.Coefficients[0] != 3 || kept.head.Intercept != 5 || kept.Share != share {
			t.Errorf("share %v: head %+v", share, kept.head)
		}
	}
	if err := kept.keep(generic, 0); err != nil || kept.model.Heads() != nil || kept.model.Parameters()[0].Value.Data().([]float32)[0] != 2 || kept.head != nil {
		t.Errorf("share 0: heads %+v, error %v", kept.model.Heads(), err)
	}
}
