package conversion

import (
	"context"
	"errors"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/transcript"
)

var tiny = os.DirFS("../../encoder/testdata/models/mean12")

// With the seed useless, nothing of the fine-tuning is kept by train; with others, such as helpful, train makes it predict
// its calls out of fold, so that it is used.
const helpful, useless = 1, 9

// train fits a predictor on a small random encoder to 20 calls, and returns 4 others.
func train(t *testing.T, opts Options) (*Predictor, *Report, []transcript.Call) {
	t.Helper()
	calls := transcript.Sample()[:24]
	opts.Model, opts.Folds, opts.Tune.Epochs = tiny, 3, 2
	f, err := newFit(calls[:20], &opts)
	if err != nil {
		t.Fatal(err)
	}
	tune := func(ctx context.Context, heads *classify.Heads) (*tuned, error) {
		t, err := f.tune(ctx, heads)
		if err != nil || opts.Seed == useless {
			return t, errors.Join(err, f.keepGeneric(ctx, t))
		}
		for i, label := range f.labels {
			t.held.margins[i] = float64(label) + 0.1*float64(i%7)
		}
		return t, t.keep(f.generic, 1)
	}
	if err := errors.Join(f.fit(t.Context(), tune), f.judge(t.Context())); err != nil {
		t.Fatal(err)
	}
	return f.Predictor, f.report, calls[20:]
}

// saveAndLoad returns what a saved predictor is read as, and its directory.
func saveAndLoad(t *testing.T, p *Predictor) (*Predictor, string) {
	t.Helper()
	dir := t.TempDir() + "/models"
	if err := p.Save(dir); err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	return loaded, dir
}

func predict(t *testing.T, p *Predictor, calls []transcript.Call) []Prediction {
	t.Helper()
	all, err := p.Predict(t.Context(), calls, nil)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// The lower layers that both encoders have are run once, and no bit of a prediction depends on that.
func TestSharedLayers(t *testing.T) {
	opts := Options{Seed: helpful}
	opts.Tune.TrainLayers = 1
	p, _, calls := train(t, opts)
	if p.shared == 0 {
		t.Fatal("the encoders have no layers in common")
	}
	got := predict(t, p, calls)
	p.remember(0) // and forget
	p.shared = 0
	if want := predict(t, p, calls); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// A loaded predictor has the same predictions and Info, and the report agrees with it.
func TestSaveAndLoadPredictTheSame(t *testing.T) {
	for _, frozen := range []bool{false, true} {
		p, r, calls := train(t, Options{Frozen: frozen, Seed: helpful})
		loaded, _ := saveAndLoad(t, p)
		want := predict(t, p, calls)
		if got := predict(t, loaded, calls); !reflect.DeepEqual(got, want) {
			t.Errorf("frozen %v: loaded %+v, want %+v", frozen, got, want)
		}
		if !reflect.DeepEqual(loaded.Info(), p.Info()) || loaded.Version() != p.Version() || len(p.Version()) != 64 {
			t.Errorf("frozen %v: loaded as %+v of version %s, want %+v of %s", frozen, loaded.Info(), loaded.Version(), p.Info(), p.Version())
		}
		all, err := r.Predict(t.Context(), calls)
		if err != nil {
			t.Fatal(err)
		}
		for i, probability := range all[len(all)-1].Probability {
			if probability != want[i].Probability {
				t.Errorf("frozen %v, call %d: the report predicts %v, the predictor %v", frozen, i, probability, want[i])
			}
		}
	}
}

// Contributions of turns add up to the log-odds, and the words of a turn are spans of the call.
func TestExplain(t *testing.T) {
	p, _, calls := train(t, Options{Seed: helpful})
	want := predict(t, p, calls)
	for i, call := range calls {
		e, err := p.Explain(t.Context(), call, &ExplainOptions{Words: 1, Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		sum, explained := e.Base, 0
		for _, u := range e.Turns {
			sum += u.Contribution
			if got := call.Text[u.Start:u.End]; got != u.Text {
				t.Errorf("call %d: a turn spans %q, its text is %q", i, got, u.Text)
			}
			said := ""
			for _, w := range u.Words {
				said += w.Text
				if got := call.Text[w.Start:w.End]; got != w.Text {
					t.Errorf("call %d: a word spans %q, its text is %q", i, got, w.Text)
				}
			}
			if said != "" {
				explained++
				if said != u.Text {
					t.Errorf("call %d: the words are %q, want %q", i, said, u.Text)
				}
			}
		}
		if !(math.Abs(sum-want[i].LogOdds) < 1e-4) || explained != 1 || e.ID != call.ID { // embeddings are float32, and this encoder hardly tells calls apart, so weights are large
			t.Errorf("call %s: contributions add up to %v, want %v; words of %d turns, want 1", e.ID, sum, want[i].LogOdds, explained)
		}
	}
	without, err := p.Explain(t.Context(), calls[0], &ExplainOptions{Words: -1})
	if err != nil || slices.ContainsFunc(without.Turns, func(u TurnShare) bool { return u.Words != nil }) {
		t.Errorf("%v: words are explained that nobody asked for", err)
	}
}

// Where all turns say the same, none contributes to the trend: what they share does not speak for one end of the call.
func TestExplainTrend(t *testing.T) {
	p, _, _ := train(t, Options{Seed: helpful})
	doc := slices.Repeat([]string{"Yes."}, 8)
	vectors, err := p.vectors(t.Context(), doc)
	if err != nil {
		t.Fatal(err)
	}
	b := find(Trend)
	coefficients := make([]float64, p.generic.Width())
	for j := range coefficients {
		coefficients[j] = math.Sin(float64(j))
	}
	e, err := p.explainParts(&classify.Logistic{Coefficients: coefficients, Intercept: 0.3}, *b, vectors[b.source])
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range e.Values {
		if math.Abs(v) > 1e-6 {
			t.Errorf("turn %d contributes %v to the trend, want 0", i, v)
		}
	}
	if e.Base != 0.3 {
		t.Errorf("the base is %v, want the intercept", e.Base)
	}
}

// After each turn, a live call has the prediction of the model of calls in progress for the turns so far, and at its end the
// prediction of Predict.
func TestLive(t *testing.T) {
	for _, attention := range []bool{false, true} {
		o := Options{Seed: helpful}
		o.Tune.Attention = attention
		p, _, calls := train(t, o)
		p.info.DuringCall.Stages = []Stage{{From: 1, Slope: 0.5}, {From: 6, Slope: 1.2}}
		p.info.DuringCall.Alarm.Threshold = 0.5
		live, call := p.Live(), calls[2]
		all, err := p.Predict(t.Context(), calls, &PredictOptions{ByTurn: true})
		if err != nil {
			t.Fatal(err)
		}
		var turns []string
		for i, turn := range call.Turns() {
			now, err := live.Add(t.Context(), turn)
			if err != nil {
				t.Fatal(err)
			}
			turns = append(turns, turn.Text)
			want, want2 := inProgress(t, p, turns), predict(t, p, []transcript.Call{{Text: call.Text[:turn.End]}})[0]
			byTurn := all[2].ByTurn[i]
			if i+1 == len(all[2].ByTurn) {
				byTurn = now.Probability
			}
			if !(math.Abs(now.LogOdds-want) < 1e-4) || !(math.Abs(now.Probability-byTurn) < 1e-5) || !slices.Equal(now.Warnings, want2.Warnings) || now.Slipping != (now.Probability < 0.5) {
				t.Errorf("attention %v, turn %d: %+v, want log-odds %v; by turn %v", attention, i, now, want, byTurn)
			}
			end, err := live.End(t.Context())
			if err != nil || !(math.Abs(end.LogOdds-want2.LogOdds) < 1e-4) || !slices.Equal(end.Warnings, want2.Warnings) {
				t.Errorf("attention %v, ended after turn %d: %+v, %v, want %+v", attention, i, end, err, want2)
			}
		}
		if n := len(turns); all[2].ByTurn[n-1] != all[2].Probability {
			t.Errorf("after the last turn %v, want %v", all[2].ByTurn[n-1], all[2].Probability)
		}
	}
}

// inProgress is the log-odds of a call in progress, by its features as of a whole document.
func inProgress(t *testing.T, p *Predictor, turns []string) float64 {
	t.Helper()
	parts, err := p.features(t.Context(), [][]string{turns}, p.genericOnes(), nil)
	if err != nil {
		t.Fatal(err)
	}
	z, err := marginsOf(p.during, slices.Concat(parts, parts))
	if err != nil {
		t.Fatal(err)
	}
	return p.info.duringCall(z[0], len(turns))
}

// An empty turn is an error and leaves a live call as it was, as does a context that has ended.
func TestLiveStaysWholeAfterErrors(t *testing.T) {
	p, _, calls := train(t, Options{Frozen: true})
	whole, broken := p.Live(), p.Live()
	done, cancel := context.WithCancel(t.Context())
	cancel()
	for _, turn := range calls[0].Turns() {
		want, err := whole.Add(t.Context(), turn)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := broken.Add(t.Context(), transcript.Turn{Text: " \n"}); err == nil || !strings.Contains(err.Error(), "empty") {
			t.Errorf("an empty turn: error %v", err)
		}
		if _, err := broken.Add(done, transcript.Turn{Text: turn.Text + " once more"}); err == nil {
			t.Error("no error for a context that has ended")
		}
		if got, err := broken.Add(t.Context(), turn); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
	}
}

// Calls in which nobody says a word get the share of the training calls that were won, and a warning.
func TestNoWords(t *testing.T) {
	p, _, calls := train(t, Options{Frozen: true})
	won := 0.0
	for _, c := range transcript.Sample()[:20] {
		if c.Outcome == transcript.Won {
			won++
		}
	}
	silent := []transcript.Call{{ID: "a", Text: "Agent:"}, {ID: "b"}, {ID: "c", Text: "Agent: …\nCustomer: ?"}, {ID: "d", Text: "Agent:\nCustomer:\n"}}
	all := predict(t, p, slices.Concat(silent, calls))
	for i, c := range silent {
		if got := all[i]; got.ID != c.ID || !slices.Contains(got.Warnings, NoWords) || math.Abs(got.Probability-won/20) > 1e-12 {
			t.Errorf("%q: %+v, want the probability %v and a warning", c.Text, got, won/20)
		}
		if e, err := p.Explain(t.Context(), c, nil); err != nil || len(e.Turns) > 0 || e.Base != all[i].LogOdds {
			t.Errorf("%q: explained as %+v, %v", c.Text, e, err)
		}
	}
	if got, want := all[len(silent):], predict(t, p, calls); !reflect.DeepEqual(got, want) {
		t.Errorf("with silent calls %+v, alone %+v", got, want)
	}
	if now, err := p.Live().Add(t.Context(), transcript.Turn{Text: "…"}); err != nil || !slices.Contains(now.Warnings, NoWords) {
		t.Errorf("a live call without words: %+v, %v", now, err)
	}
}

func TestFitRefuses(t *testing.T) {
	calls := transcript.Sample()[:20]
	with := func(change func([]transcript.Call)) []transcript.Call {
		c := slices.Clone(calls)
		change(c)
		return c
	}
	for name, c := range map[string]struct {
		calls []transcript.Call
		want  string
	}{
		"no calls":         {nil, "no calls"},
		"without a label":  {with(func(c []transcript.Call) { c[3].Outcome = transcript.Unknown }), "number 4"},
		"without words":    {with(func(c []transcript.Call) { c[3].Text = "Agent:" }), "number 4"},
		"of one class":     {slices.DeleteFunc(slices.Clone(calls), func(c transcript.Call) bool { return c.Outcome == transcript.Won }), "won calls: 0,"},
		"of too few calls": {calls[:1], ""},
	} {
		if _, _, err := Fit(t.Context(), c.calls, &Options{Model: tiny}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("calls %s: error %v, want one with %q", name, err, c.want)
		}
	}
}

// A predictor is shared by goroutines that predict, explain, follow calls and save, while others are trained.
func TestConcurrentUse(t *testing.T) {
	p, r, calls := train(t, Options{Seed: helpful})
	want := predict(t, p, calls)
	dir := t.TempDir()
	var all sync.WaitGroup
	for k := range 3 {
		all.Go(func() {
			if got, err := p.Predict(t.Context(), calls, nil); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%+v, %v, want %+v", got, err, want)
			}
			if _, err := p.Explain(t.Context(), calls[k], nil); err != nil {
				t.Error(err)
			}
			if _, err := p.Live().Add(t.Context(), calls[k].Turns()[0]); err != nil {
				t.Error(err)
			}
			if _, err := r.Predict(t.Context(), calls); err != nil {
				t.Error(err)
			}
			if err := p.Save(dir + "/" + string(rune('a'+k))); err != nil {
				t.Error(err)
			}
			if _, _, err := Fit(t.Context(), transcript.Sample()[:20], &Options{Model: tiny, Frozen: true, Folds: 2}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// Warnings name the reason to distrust a probability, in a batch and live; calls like the training calls have none.
func TestWarnings(t *testing.T) {
	p, _, calls := train(t, Options{Frozen: true})
	for _, now := range predict(t, p, transcript.Sample()[20:60]) {
		if len(now.Warnings) > 0 {
			t.Errorf("call %s is like the others, and has the warnings %v", now.ID, now.Warnings)
		}
	}
	const english = "Agent: Good morning, I am calling about your account.\nCustomer: Thanks, but we do not need it.\n"
	for name, c := range map[string]struct {
		text string
		want []Warning
	}{
		"a beginning": {calls[0].Text[:calls[0].Turns()[1].End], []Warning{TooShort}},
		"a word":      {"Agent: Ok.", []Warning{TooShort}},
		"a refusal in Spanish": {"Agent: Hola, le llamo por nuestra oferta.\nCustomer: No, gracias. No me interesa para nada, no me llame más por favor.",
			[]Warning{TooShort, NotEnglish}},
		"a call in German": {strings.Repeat("Agent: Guten Tag, ich rufe wegen unseres neuen Angebots an, das Ihnen viel Geld sparen wird.\nKunde: Wir haben schon einen Anbieter und sind damit sehr zufrieden.\n", 8),
			[]Warning{NotEnglish, Unlike}},
		"a call in Chinese": {"Agent: 您好，我打电话是想介绍我们的新产品。\nCustomer: 多少钱？我们已经有供应商了。谢谢，再见。不用了。", []Warning{TooShort, NotEnglish}},
		"something else":    {strings.Repeat("Preheat the oven to 350 degrees, then mix the flour with melted butter until it is smooth. Pour the batter into a greased pan and bake it for forty minutes.\n\n", 8), []Warning{Unlike}},
		"a short call":      {english, []Warning{TooShort}},
	} {
		call := transcript.Call{Text: c.text}
		if got := predict(t, p, []transcript.Call{call})[0].Warnings; !slices.Equal(got, c.want) {
			t.Errorf("%s: warnings %v, want %v", name, got, c.want)
		}
		live := p.Live()
		var now Prediction
		for _, turn := range call.Turns() {
			var err error
			if now, err = live.Add(t.Context(), turn); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(now.Warnings, c.want) {
			t.Errorf("%s, live: warnings %v, want %v", name, now.Warnings, c.want)
		}
	}
}
