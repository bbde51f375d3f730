package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/classify/evaluate"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/internal/atomicfile"
)

// measurement is what was found on one source of calls, as -keep keeps it.
type measurement struct {
	Source   string   `json:"source"`
	Settings string   `json:"settings"` // a digest of the calls and of what else the rounds depend on
	Folds    int      `json:"folds"`
	Labels   []int    `json:"labels"`
	Groups   []string `json:"groups"` // of the calls; nil: each for itself
	Rounds   []round  `json:"rounds"`
	Best     float64  `json:"best_possible,omitempty"` // ROC AUC, where it is known
}

// round is what the predictors of one fold say of it.
type round struct {
	Seed        int                    `json:"seed"`
	Fold        int                    `json:"fold"`
	Predictions []conversion.Predicted `json:"predictions"`
	Tuning      *conversion.Tuning     `json:"tuning"`  // nil without
	Seconds     map[string]float64     `json:"seconds"` // of the pipeline as a whole, and of a reference
}

// begin starts a measurement or resumes the one of the same calls and settings that a file holds.
func begin(o *options, d *study.Data, file string) (*measurement, error) {
	settings, err := study.Digest(d.Calls, o.folds, o.tune, o.frozen, o.mask, o.reference)
	if err != nil {
		return nil, err
	}
	now := &measurement{Source: d.Source, Settings: settings, Folds: o.folds, Labels: d.Labels, Groups: d.Groups}
	if file == "" {
		return now, nil
	}
	if err := os.MkdirAll(o.keep, 0o755); err != nil {
		return nil, err
	}
	before, err := load(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return now, nil
	case err != nil:
		return nil, err
	case before.Settings != now.Settings:
		return nil, fmt.Errorf("%s was measured on other calls or with other flags: repeat them to resume, or name another directory with -keep", file)
	}
	return before, nil
}

func load(file string) (*measurement, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	m := new(measurement)
	if err := json.Unmarshal(b, m); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(m.Rounds) == 0 || len(m.Rounds[0].Predictions) == 0 {
		return nil, fmt.Errorf("%s holds nothing measured", file)
	}
	return m, nil
}

// add takes a round in, and writes the file again if there is one.
func (m *measurement) add(r round, file string) error {
	m.Rounds = append(m.Rounds, r)
	if file == "" {
		return nil
	}
	return atomicfile.WriteFile(file, func(w io.Writer) error { return json.NewEncoder(w).Encode(m) })
}

func (m *measurement) has(seed, fold int) bool {
	return slices.ContainsFunc(m.Rounds, func(r round) bool { return r.Seed == seed && r.Fold == fold })
}

// split cuts the calls into folds.
func (m *measurement) split(seed int) ([]evaluate.Fold, error) {
	return evaluate.Folds(m.Labels, m.Groups, m.Folds, uint64(seed))
}

// outOfFold gathers the predictions by the names of the methods, in their order: row i of seed s is at s·calls + i.
func (m *measurement) outOfFold() (names []string, methods map[string]*evaluate.OutOfFold, err error) {
	methods = map[string]*evaluate.OutOfFold{}
	for _, r := range m.Rounds {
		folds, err := m.split(r.Seed)
		if err != nil {
			return nil, nil, err
		}
		if r.Fold < 0 || r.Fold >= len(folds) {
			return nil, nil, fmt.Errorf("fold %d of %d", r.Fold, len(folds))
		}
		for _, p := range r.Predictions {
			if len(p.Probability) != len(folds[r.Fold].Test) {
				return nil, nil, fmt.Errorf("%s has %d probabilities for the %d calls of fold %d, seed %d", p.Method, len(p.Probability), len(folds[r.Fold].Test), r.Fold, r.Seed)
			}
			out := methods[p.Method]
			if out == nil {
				out = new(evaluate.OutOfFold)
				methods[p.Method], names = out, append(names, p.Method)
			}
			for k, i := range folds[r.Fold].Test {
				out.Row, out.Fold = append(out.Row, r.Seed*len(m.Labels)+i), append(out.Fold, r.Seed*m.Folds+r.Fold)
				out.Y, out.P = append(out.Y, m.Labels[i]), append(out.P, p.Probability[k])
			}
		}
	}
	return names, methods, nil
}
