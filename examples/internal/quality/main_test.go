package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/transcript"
)

// TestMain makes the test's own program a reference that gives calls a higher probability the earlier they are in the
// alphabet.
func TestMain(m *testing.M) {
	switch os.Getenv("REFERENCE") {
	case "":
		os.Exit(m.Run())
	case "broken":
		os.Exit(3)
	}
	var q question
	if err := json.NewDecoder(os.Stdin).Decode(&q); err != nil || len(q.Train) != len(q.Labels) {
		os.Exit(1)
	}
	a := answer{Name: "alphabet", Seconds: 2}
	for _, text := range q.Test {
		a.Probability = append(a.Probability, 1-float64(text[0])/128)
	}
	if os.Getenv("REFERENCE") == "short" {
		a.Probability = a.Probability[1:]
	}
	json.NewEncoder(os.Stdout).Encode([]answer{a})
}

func TestPeer(t *testing.T) {
	calls := []transcript.Call{{Text: "a"}, {Text: "b"}, {Text: "c"}, {Text: "d"}}
	split := evaluate.Fold{Train: []int{0, 3}, Test: []int{2, 1}}
	for mode, want := range map[string]string{"sound": "", "broken": "exit status 3", "short": "1 probabilities for 2 calls"} {
		t.Setenv("REFERENCE", mode)
		tried := &trial{Data: &study.Data{Calls: calls, Labels: []int{1, 0, 0, 1}}, options: &options{reference: os.Args[0]}}
		r := round{Seed: 1, Seconds: map[string]float64{}}
		err := tried.askReference(t.Context(), &r, split)
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want %s", mode, err, want)
			}
			continue
		}
		if err != nil || len(r.Predictions) != 1 || len(r.Predictions[0].Probability) != 2 || r.Predictions[0].Probability[0] != 1-99./128 || r.Seconds["alphabet"] != 2 {
			t.Errorf("%+v, error %v", r, err)
		}
	}
}

// A measurement is resumed, and sources are shown in one table.
func TestResumes(t *testing.T) {
	dir := t.TempDir()
	measure := func(args ...string) (string, string, error) {
		var out, notes strings.Builder
		err := run(t.Context(), &cli.Env{Args: args, Stdout: &out, Stderr: &notes})
		return out.String(), notes.String(), err
	}
	flags := []string{"-generate", "32", "-folds", "2", "-seeds", "1", "-tune", `{"Epochs": 1, "TrainLayers": 1, "DropSegments": 0.9}`, "-keep", dir}
	once, _, err := measure(append(flags, "-kinds", "last turns")...)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "last_turns-32.json")
	first, err := load(file)
	if err != nil || len(first.Rounds) != 2 || len(first.Rounds[1].Tuning.Shares) == 0 || first.Best < 0.7 {
		t.Fatalf("%+v, error %v", first, err)
	}
	if strings.Contains(once, "best possible") || !strings.Contains(once, "Who knew the true probabilities") {
		t.Errorf("one source: %s", once)
	}
	both, notes, err := measure(append(flags, "-kinds", "last turns,none")...)
	if err != nil || !strings.HasPrefix(both, once) || !strings.Contains(notes, "holds 2 predictors") {
		t.Errorf("%s instead of %s, notes %s, error %v", both, once, notes, err)
	}
	if !strings.Contains(both, "32 generated calls, none        0.500") || strings.Count(both, " instead of ") != len(compared) {
		t.Errorf("no table of both sources in %s", both)
	}
	if _, _, err := measure("-generate", "32", "-kinds", "last turns", "-folds", "3", "-keep", dir); err == nil || !strings.Contains(err.Error(), "other flags") {
		t.Errorf("error %v", err)
	}
	for _, content := range []string{"{}", "{", `{"folds": 2, "labels": [0, 1, 0, 1], "rounds": [{"fold": 9, "predictions": [{}]}]}`} {
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, _, err := measure(append(flags, "-kinds", "last turns")...); err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: error %v", content, err)
		}
	}
}

func TestFlags(t *testing.T) {
	for want, args := range map[string][]string{
		"-tune": {"-tune", `{"LearningRat": 1}`}, "unexpected argument": {"calls.json"}, "-folds 1": {"-folds", "1"},
	} {
		if _, err := parse(&cli.Env{Args: args}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want %s", args, err, want)
		}
	}
	o, err := parse(&cli.Env{Args: []string{"-data", "a,b", "-generate", "50", "-tune", `{"LearningRate": 1e-4, "TrainLayers": 3}`}})
	if err != nil || o.tune.LearningRate != 1e-4 || o.tune.TrainLayers != 3 || o.seeds != 3 || len(o.sources()) != 9 {
		t.Errorf("%+v, error %v", o, err)
	}
	d, _, err := read(t.Context(), &cli.Env{Stdout: new(strings.Builder)}, &o, source{kind: transcript.ByOrder})
	if err != nil || len(d.Calls) != 50 {
		t.Errorf("%d calls, error %v", len(d.Calls), err)
	}
}
