package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/examples/internal/study"
)

// question is what a reference program reads from standard input, for one fold.
type question struct {
	Train  []string `json:"train"` // calls as texts
	Labels []int    `json:"labels"`
	Test   []string `json:"test"`
	Seed   int      `json:"seed"`
}

// answer is one of the methods of predicting in the JSON array that a reference program writes to standard output.
type answer struct {
	Name        string    `json:"name"`
	Probability []float64 `json:"probability"` // of winning, for each text of test
	Seconds     float64   `json:"seconds"`
}

// askReference has another program predict a fold, if one is named.
func (t *trial) askReference(ctx context.Context, r *round, fold evaluate.Fold) error {
	if t.reference == "" {
		return nil
	}
	texts := make([]string, len(t.Calls))
	for i, c := range t.Calls {
		texts[i] = c.Text
	}
	q, err := json.Marshal(question{study.Pick(texts, fold.Train), study.Pick(t.Data.Labels, fold.Train), study.Pick(texts, fold.Test), r.Seed})
	if err != nil {
		return err
	}
	words := strings.Fields(t.reference)
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(q), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("-reference %s: %w", t.reference, err)
	}
	var answers []answer
	if err := json.Unmarshal(out, &answers); err != nil {
		return fmt.Errorf("-reference %s: its output: %w", t.reference, err)
	}
	for _, a := range answers {
		if len(a.Probability) != len(fold.Test) {
			return fmt.Errorf("-reference %s: %q has %d probabilities for %d calls", t.reference, a.Name, len(a.Probability), len(fold.Test))
		}
		r.Predictions = append(r.Predictions, conversion.Predicted{Method: a.Name, Probability: a.Probability})
		r.Seconds[a.Name] = a.Seconds
	}
	return nil
}
