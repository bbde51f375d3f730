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

// TestMain makes the test's own program a peer that thinks calls the likelier won the earlier they are in the alphabet.
func TestMain(m *testing.M) {
	switch os.Getenv("PEER") {
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
	if os.Getenv("PEER") == "short" {
		a.Probability = a.Probability[1:]
	}
	json.NewEncoder(os.Stdout).Encode([]answer{a})
}

func TestPeer(t *testing.T) {
	calls := []transcript.Call{{Text: "a"}, {Text: "b"}, {Text: "c"}, {Text: "d"}}
	split := evaluate.Fold{Train: []int{0, 3}, Test: []int{2, 1}}
	for mode, want := range map[string]string{"sound": "", "broken": "exit status 3", "short": "1 probabilities for 2 calls"} {
		t.Setenv("PEER", mode)
		tried := &trial{Data: &study.Data{Calls: calls, Labels: []int{1, 0, 0, 1}}, options: &options{peer: os.Args[0]}}
		r := round{Seed: 1, Seconds: map[string]float64{}}
		err := tried.askPeer(t.Context(), &r, split)
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

// TestGoesOn measures in two runs and joins what they found.
func TestGoesOn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kept.json")
	measure := func(args ...string) (string, string, error) {
		var out, notes strings.Builder
		err := run(t.Context(), &cli.Env{Args: args, Stdout: &out, Stderr: &notes})
		return out.String(), notes.String(), err
	}
	flags := []string{"-generate", "48", "-folds", "2", "-tune", `{"Epochs": 1, "TrainLayers": 1, "DropSegments": 0.9}`, "-keep", file}
	once, _, err := measure(append(flags, "-seeds", "1")...)
	if err != nil {
		t.Fatal(err)
	}
	first, err := load(file)
	if err != nil || len(first.Rounds) != 2 || len(first.Rounds[1].Tuning.Trials) != 2 {
		t.Fatalf("%+v, error %v", first, err)
	}
	again, notes, err := measure(append(flags, "-seeds", "1")...)
	if err != nil || again != once || !strings.Contains(notes, "holds 2 predictors") {
		t.Errorf("%s instead of %s, notes %s, error %v", again, once, notes, err)
	}
	if _, _, err := measure("-generate", "48", "-folds", "3", "-keep", file); err == nil || !strings.Contains(err.Error(), "other flags") {
		t.Errorf("error %v", err)
	}
	for want, content := range map[string]string{
		"nothing measured": "{}",
		"fold 9 of 2":      `{"folds": 2, "labels": [0, 1, 0, 1], "rounds": [{"fold": 9, "predictions": [{}]}]}`,
		"0 probabilities":  `{"folds": 2, "labels": [0, 1, 0, 1], "rounds": [{"predictions": [{}]}]}`,
	} {
		broken := filepath.Join(t.TempDir(), "broken.json")
		if err := os.WriteFile(broken, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, _, err := measure("-mean", broken); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), broken) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	one, _, err := measure("-mean", file)
	if err != nil {
		t.Fatal(err)
	}
	two, _, err := measure("-mean", file+","+file)
	if err != nil || strings.Count(two, "\n") != 2+len(compared) {
		t.Errorf("%s, error %v", two, err)
	}
	if of := func(s string) string { return strings.Fields(s[strings.Index(s, "ROC AUC "):])[2] }; of(one) != of(two) {
		t.Errorf("the mean of a source and itself is %s, of it alone %s", of(two), of(one))
	}
}

func TestFlags(t *testing.T) {
	for want, args := range map[string][]string{
		"-tune": {"-tune", `{"LearningRat": 1}`}, "want one of -data and -generate": {"-data", "a", "-generate", "3"}, "-folds 1": {"-folds", "1"},
	} {
		if _, err := parse(&cli.Env{Args: args}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want %s", args, err, want)
		}
	}
	o, err := parse(&cli.Env{Args: []string{"-generate", "50", "-tune", `{"LearningRate": 1e-4, "TrainLayers": 3}`}})
	if err != nil || o.tune.LearningRate != 1e-4 || o.tune.TrainLayers != 3 || o.seeds != 3 {
		t.Errorf("%+v, error %v", o, err)
	}
	d, err := read(t.Context(), &cli.Env{Stdout: new(strings.Builder)}, &o)
	if err != nil || len(d.Calls) != 50 {
		t.Errorf("%d calls, error %v", len(d.Calls), err)
	}
}
