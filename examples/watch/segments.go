package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/org/salesconv/classify/evaluate"
)

// segment is how well calls are predicted whose outcome is known.
type segment struct {
	name        string
	calls       int
	logLoss     float64
	calibration *evaluate.CalibrationBin // nil where all calls are won or all lost
	auc         *evaluate.Interval       // nil where there are too few of either
}

// segments measures all recent calls whose outcome is known, then the calls of each value of some metadata that has enough.
func segments(ctx context.Context, recent []row, by []string) (all []segment, err error) {
	known := slices.DeleteFunc(slices.Clone(recent), func(r row) bool { return r.outcome == nil })
	if len(known) < fewest {
		return nil, nil
	}
	add := func(name string, rows []row) error {
		s, err := measure(ctx, name, rows)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		all = append(all, *s)
		return nil
	}
	if err := add("all", known); err != nil {
		return nil, err
	}
	for _, key := range by {
		values := map[string][]row{}
		for _, r := range known {
			v := r.outcome.Metadata[key]
			values[v] = append(values[v], r)
		}
		for _, v := range slices.Sorted(maps.Keys(values)) {
			if rows := values[v]; v != "" && len(rows) >= fewest {
				if err := add(key+" "+v, rows); err != nil {
					return nil, err
				}
			}
		}
	}
	return all, nil
}

func measure(ctx context.Context, name string, rows []row) (*segment, error) {
	p, y := scored(rows)
	won := count(y, func(label int) bool { return label == 1 })
	s := &segment{name: name, calls: len(p), logLoss: evaluate.LogLoss(p, y)}
	if won == 0 || won == len(y) {
		return s, nil
	}
	bins, _, err := evaluate.CalibrationTable(p, y, 1)
	if err != nil {
		return nil, err
	}
	s.calibration = &bins[0]
	if min(won, len(y)-won) < 5 { // an interval of fewer says nothing
		return s, nil
	}
	auc, err := evaluate.Bootstrap(ctx, p, y, nil)
	s.auc = &auc
	return s, err
}
