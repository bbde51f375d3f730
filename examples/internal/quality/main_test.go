package main

import (
	"encoding/json"
	"fmt"
	"math"
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

// A measurement is resumed, and joined with others.
func TestResumes(t *testing.T) {
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
	if err != nil || len(first.Rounds) != 2 || len(first.Rounds[1].Tuning.Shares) == 0 {
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
	a, b := means(t, one), means(t, two)
	for i := range a { // two sources that know nothing of each other leave the mean uncertain by 1/√2
		if d, width := math.Abs(a[i][0]-b[i][0]), (b[i][2]-b[i][1])*math.Sqrt2-(a[i][2]-a[i][1]); d > 1e-9 || math.Abs(width) > 4e-4 {
			t.Errorf("%q alone has %v, with itself %v", strings.Split(one, "\n")[1+i], a[i], b[i])
		}
	}
	if a[0][2] == a[0][1] && a[1][2] == a[1][1] && a[2][2] == a[2][1] {
		t.Errorf("no interval in\n%s", one)
	}
}

// means are the differences that -mean prints, each with its interval.
func means(t *testing.T, printed string) (all [][3]float64) {
	t.Helper()
	for line := range strings.Lines(printed) {
		if _, numbers, ok := strings.Cut(line, ": ROC AUC "); ok {
			var m [3]float64
			if _, err := fmt.Sscanf(numbers, "%f [%f, %f]", &m[0], &m[1], &m[2]); err != nil || !(m[1] <= m[0] && m[0] <= m[2]) {
				t.Fatalf("%q: %v", line, err)
			}
			all = append(all, m)
		}
	}
	if len(all) != len(compared) {
		t.Fatalf("%d differences in\n%s", len(all), printed)
	}
	return all
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
