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

// question is what a peer reads from standard input, for one fold.
type question struct {
	Train  []string `json:"train"` // calls as texts
	Labels []int    `json:"labels"`
	Test   []string `json:"test"`
	Seed   int      `json:"seed"`
}

// answer is one of the methods of predicting in the JSON array that a peer writes to standard output.
type answer struct {
	Name        string    `json:"name"`
	Probability []float64 `json:"probability"` // of winning, for each text of test
	Seconds     float64   `json:"seconds"`
}

// askPeer has another program predict a fold, if one is named.
func (t *trial) askPeer(ctx context.Context, r *round, fold evaluate.Fold) error {
	if t.peer == "" {
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
	words := strings.Fields(t.peer)
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(q), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("-peer %s: %w", t.peer, err)
	}
	var answers []answer
	if err := json.Unmarshal(out, &answers); err != nil {
		return fmt.Errorf("-peer %s: its output: %w", t.peer, err)
	}
	for _, a := range answers {
		if len(a.Probability) != len(fold.Test) {
			return fmt.Errorf("-peer %s: %q has %d probabilities for %d calls", t.peer, a.Name, len(a.Probability), len(fold.Test))
		}
		r.Predictions = append(r.Predictions, conversion.Predicted{Method: a.Name, Probability: a.Probability})
		r.Seconds[a.Name] = a.Seconds
	}
	return nil
}
