package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/internal/cli"
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
	split := classify.Fold{Train: []int{0, 3}, Test: []int{2, 1}}
	for mode, want := range map[string]string{"sound": "", "broken": "exit status 3", "short": "1 probabilities for 2 calls"} {
		t.Setenv("PEER", mode)
		tried := &trial{Data: &study.Data{Calls: calls, Labels: []int{1, 0, 0, 1}}, options: &options{peer: os.Args[0], folds: 2},
			ways: map[string]*classify.OutOfFold{}, seconds: map[string]float64{}}
		err := tried.askPeer(t.Context(), 1, 1, split)
		if want != "" {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v, want %s", mode, err, want)
			}
			continue
		}
		out := tried.ways["alphabet"]
		if err != nil || out == nil || len(out.P) != 2 || out.Row[0] != 6 || out.Fold[0] != 3 || out.P[0] != 1-99./128 || out.Y[1] != 0 || tried.seconds["alphabet"] != 2 {
			t.Errorf("%+v, error %v", out, err)
		}
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
	d, groups, err := read(&cli.Env{Stdout: new(strings.Builder)}, &o)
	if err != nil || len(d.Calls) != 50 || len(groups) != 50 {
		t.Errorf("%d calls, error %v", len(d.Calls), err)
	}
}
