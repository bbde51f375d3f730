package transcript

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestGenerate(t *testing.T) {
	const n = 3000
	s, err := Generate(n, &GenerateOptions{Seed: 3, WonShare: 0.4})
	if err != nil {
		t.Fatal(err)
	}
	industries, courses := make(map[string]int), make(map[string]int)
	texts := make(map[string]bool)
	won, expected := 0.0, 0.0
	for i, c := range s.Calls {
		truth := s.Truth[i]
		industries[c.Metadata.Industry]++
		courses[truth.Pattern]++
		if texts[c.Text] {
			t.Errorf("call %s is there twice", c.ID)
		}
		texts[c.Text] = true
		expected += truth.Probability
		won += float64(c.Outcome - Lost)
		if strings.ContainsAny(c.Text, "{}") {
			t.Errorf("call %s has an open slot: %s", c.ID, c.Text)
		}
		if turns := len(c.Turns()); turns < 6 || turns > 30 {
			t.Errorf("call %s has %d turns", c.ID, turns)
		}
		if c.Metadata.Value("source") != "synthetic" || !strings.HasPrefix(c.ID, "synthetic-") {
			t.Errorf("call %s does not say that it is synthetic", c.ID)
		}
		for _, e := range truth.Entities {
			if text := c.Text[e.Start:e.End]; strings.TrimSpace(text) != text || text == "" {
				t.Errorf("call %s: %s is %q", c.ID, e.Kind, text)
			}
		}
	}
	if len(industries) != 12 || len(courses) != 8 {
		t.Errorf("%d industries and %d courses, want 12 and 8", len(industries), len(courses))
	}
	if math.Abs(expected/n-0.4) > 1e-9 {
		t.Errorf("expected share won is %v, want 0.4", expected/n)
	}
	if deviation := math.Sqrt(0.4 * 0.6 / n); math.Abs(won/n-0.4) > 4*deviation {
		t.Errorf("share won is %v, want 0.4 ± %v", won/n, 4*deviation)
	}
}

// Evidence is a whole passage of one turn, said of what the truth says of its driver; no passage speaks both for and against.
func TestGenerateEvidence(t *testing.T) {
	s, err := Generate(400, &GenerateOptions{Seed: 5})
	if err != nil {
		t.Fatal(err)
	}
	shown, said := map[int]int{}, map[string]Evidence{}
	for i, c := range s.Calls {
		truth := s.Truth[i]
		for _, e := range truth.Evidence {
			passage := c.Text[e.Start:e.End]
			if passage == "" || strings.TrimSpace(passage) != passage {
				t.Fatalf("call %s: evidence %+v is %q, want a passage without white space around it", c.ID, e, passage)
			}
			if e.Holds != truth.Drivers[e.Driver] {
				t.Errorf("call %s: evidence %+v of drivers %v", c.ID, e, truth.Drivers)
			}
			within := func(turn Turn) bool { return turn.Start <= e.Start && e.End <= turn.End }
			if !slices.ContainsFunc(c.Turns(), within) {
				t.Errorf("call %s: %q lies in no turn", c.ID, passage)
			}
			if before, ok := said[passage]; ok && before.Driver == e.Driver && before.Holds != e.Holds {
				t.Errorf("%q is evidence for and against %s", passage, Drivers()[e.Driver].Name)
			}
			said[passage] = e
			shown[e.Driver]++
		}
	}
	for d, driver := range Drivers() {
		if shown[d] == 0 {
			t.Errorf("%s shows in none of %d calls", driver.Name, len(s.Calls))
		}
	}
}

// The calls of a set do not depend on how many are drawn, and the same options give the same calls.
func TestGenerateSeed(t *testing.T) {
	draw := func(n int, seed uint64) []Call {
		s, err := Generate(n, &GenerateOptions{Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		return s.Calls
	}
	a := draw(20, 5)
	if !reflect.DeepEqual(a, draw(20, 5)) {
		t.Error("the same seed gave other calls")
	}
	if b := draw(30, 5); b[7].Text != a[7].Text {
		t.Error("call 7 depends on how many calls are drawn")
	}
	if b := draw(20, 6); b[0].Text == a[0].Text {
		t.Error("another seed gave the same call")
	}
	if !reflect.DeepEqual(Sample(), Sample()) || len(Sample()) != 240 {
		t.Error("the sample is not 240 calls, always the same")
	}
}

// The labels follow the model that Drivers states: a logistic regression on the true drivers finds the weights.
func TestGenerateModel(t *testing.T) {
	s, err := Generate(8000, nil)
	if err != nil {
		t.Fatal(err)
	}
	drivers := Drivers()
	weights := make([]float64, len(drivers)+1) // the last one is the constant
	for range 250 {                            // steps of gradient ascent, plenty for these few columns
		gradient := make([]float64, len(weights))
		for i, c := range s.Calls {
			z := weights[len(drivers)]
			for d, holds := range s.Truth[i].Drivers {
				if holds {
					z += weights[d]
				}
			}
			miss := float64(c.Outcome-Lost) - 1/(1+math.Exp(-z))
			for d, holds := range s.Truth[i].Drivers {
				if holds {
					gradient[d] += miss
				}
			}
			gradient[len(drivers)] += miss
		}
		for d := range weights {
			weights[d] += 4 * gradient[d] / float64(len(s.Calls))
		}
	}
	for d, driver := range drivers {
		if off := weights[d] - driver.Weight; math.Abs(off) > 0.35 { // about four standard errors of the rarest
			t.Errorf("%s: fitted weight %.2f, stated %.2f", driver.Name, weights[d], driver.Weight)
		}
	}
}

func TestBayesAUC(t *testing.T) {
	s, err := Generate(10000, nil)
	if err != nil {
		t.Fatal(err)
	}
	right, pairs := 0.0, 0.0
	random := rand.New(rand.NewPCG(1, 2))
	for range 1_000_000 { // pairs: a standard error of 0.0006 alongside the labels', 0.003
		i, j := random.IntN(len(s.Calls)), random.IntN(len(s.Calls))
		if s.Calls[i].Outcome != Won || s.Calls[j].Outcome != Lost {
			continue
		}
		pairs++
		switch p, q := s.Truth[i].Probability, s.Truth[j].Probability; {
		case p > q:
			right++
		case p == q:
			right += 0.5
		}
	}
	if auc := right / pairs; math.Abs(auc-s.BayesAUC) > 0.01 || s.BayesAUC < 0.85 || s.BayesAUC > 0.93 {
		t.Errorf("AUC of the true probabilities is %.4f, stated %.4f", auc, s.BayesAUC)
	}
}

func TestGenerateNoise(t *testing.T) {
	for _, o := range []GenerateOptions{{Noise: 0.5}, {Signal: 0.3}} {
		s, err := Generate(2000, &o)
		if err != nil {
			t.Fatal(err)
		}
		if s.BayesAUC > 0.75 || s.BayesAUC < 0.55 {
			t.Errorf("%+v: AUC %v", o, s.BayesAUC)
		}
	}
	for want, o := range map[string]GenerateOptions{
		"WonShare is 1": {WonShare: 1}, "Noise is 1": {Noise: 1}, "Signal is NaN": {Signal: math.NaN()},
	} {
		if _, err := Generate(5, &o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	if _, err := Generate(0, nil); err == nil {
		t.Error("no calls are drawn without an error")
	}
}

// Of each kind, the outcome goes with what the kind names and with nothing else, and the best possible AUC is known.
func TestGenerateKinds(t *testing.T) {
	const n = 2000
	in := func(list string) func(text string) float64 {
		phrases := map[string][]string{"on": {"work well for us", "like where this", "sounds right", "is what I hoped", "fits what we", "no reason against", "a fair way", "glad that we"},
			"off": {"hardly work", "doubt where", "sounds wrong", "is not what I hoped", "misses what", "some reasons against", "an odd way", "wonder why we"}}[list]
		return func(text string) float64 {
			for _, p := range phrases {
				if strings.Contains(text, p) {
					return 1
				}
			}
			return 0
		}
	}
	on, off := in("on"), in("off")
	half := func(turns []Turn, last bool) (text string) {
		for i, turn := range turns {
			if (i >= len(turns)/2) == last {
				text += turn.Text + "\n"
			}
		}
		return text
	}
	said := func(turns []Turn, speaker string) (text string) {
		for _, turn := range turns {
			if turn.Speaker == speaker {
				text += turn.Text + "\n"
			}
		}
		return text
	}
	scores := map[string]func(c Call) float64{
		"cues":     func(c Call) float64 { return on(c.Text) - off(c.Text) },
		"last":     func(c Call) float64 { return on(half(c.Turns(), true)) },
		"first":    func(c Call) float64 { return on(half(c.Turns(), false)) },
		"customer": func(c Call) float64 { return on(said(c.Turns(), "Customer")) },
		"size":     func(c Call) float64 { return map[string]float64{"201-1000": 1, "1000+": 1}[c.Metadata.CompanySize] },
		"length":   func(c Call) float64 { return float64(len(c.Text)) },
	}
	for kind, predicts := range map[SignalKind]map[string]bool{
		ByLast: {"last": true, "cues": true, "customer": true}, ByFirst: {"first": true, "cues": true, "customer": true}, ByOrder: {"last": true, "first": true},
		BySpeaker: {"customer": true}, ByMetadata: {"size": true}, ByNothing: {},
	} {
		s, err := Generate(n, &GenerateOptions{Seed: 1, Kind: kind})
		if err != nil {
			t.Fatal(err)
		}
		if want := map[bool]float64{true: 0.5, false: 0.88}[kind == ByNothing]; math.Abs(s.BayesAUC-want) > 0.03 {
			t.Errorf("%s: the best possible AUC is %v, want about %v", kind, s.BayesAUC, want)
		}
		for name, score := range scores {
			var sum, count [2]float64
			for _, c := range s.Calls {
				sum[c.Outcome-Lost] += score(c)
				count[c.Outcome-Lost]++
			}
			a, b := sum[0]/count[0], sum[1]/count[1]
			if differs := math.Abs(a-b) > 0.1*max(1, a/3); differs != predicts[name] {
				t.Errorf("%s: %s is %.3f in lost and %.3f in won calls, want a difference: %v", kind, name, a, b, predicts[name])
			}
		}
	}
	if _, err := Generate(2, &GenerateOptions{Kind: "luck"}); err == nil || !strings.Contains(err.Error(), "luck") {
		t.Errorf("error %v", err)
	}
}
