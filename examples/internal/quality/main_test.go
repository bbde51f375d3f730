package main

import (
	"strings"
	"testing"

	"github.com/org/salesconv/internal/cli"
)

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
