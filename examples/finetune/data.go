package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/transcript"
)

// data are the calls and how they are split.
type data struct {
	*study.Data
	split transcript.Fold
	mask  bool // what is written of calls
}

func read(ctx context.Context, env *cli.Env, o *options) (*data, error) {
	calls, err := study.Read(ctx, env, o.Data, &o.calls)
	if err != nil {
		return nil, err
	}
	if err := calls.Need(fewest); err != nil {
		return nil, err
	}
	d := &data{Data: calls, mask: o.Mask}
	if d.Groups == nil {
		d.split, err = transcript.Split(d.Calls, testShare, o.Seed)
	} else {
		d.split, err = transcript.SplitGroups(d.Calls, d.Groups, testShare, o.Seed)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.Source, err)
	}
	return d, nil
}

// written is a call as results quote it.
func (d *data) written(call transcript.Call) transcript.Call {
	if d.mask {
		return call.Mask().Call
	}
	return call
}

// test are the calls held out.
func (d *data) test() []transcript.Call { return study.Pick(d.Calls, d.split.Test) }

// train are the calls to train on.
func (d *data) train() []transcript.Call { return study.Pick(d.Calls, d.split.Train) }

// order are the places of the calls to train on, then of those held out.
func (d *data) order() []int { return slices.Concat(d.split.Train, d.split.Test) }

// column is what the metadata of each call say under a key, in that order, "" if nothing; day is the day of its time.
func (d *data) column(key string) ([]string, error) {
	calls := study.Pick(d.Calls, d.order())
	values, known := make([]string, len(calls)), false
	for i, c := range calls {
		c = d.written(c)
		if key != "day" {
			values[i] = c.Metadata.Value(key)
		} else if at := c.Metadata.CallTime; !at.IsZero() {
			values[i] = at.Format("2006-01-02")
		}
		known = known || values[i] != ""
	}
	if !known {
		return nil, fmt.Errorf("%s: no call has %q in its metadata", d.Source, key)
	}
	return values, nil
}
