package main

import (
	"bytes"
	"context"
	"fmt"

	"github.com/org/salesconv/examples/cli"
)

// batchCalls is how many calls are scored together.
const batchCalls = 64

// shard returns the counts of a shard, which is done now unless it was before.
func (j *Job) shard(ctx context.Context, s Shard) (Tally, error) {
	number := fmt.Sprintf("-%05d-of-%05d.jsonl", s.Index, s.Of)
	results, rejected := j.Output+number, j.Output+"-rejected"+number
	lines, found, err := readFile(ctx, results)
	if err != nil {
		return Tally{}, err
	}
	if !found {
		w := &shardWriter{job: j}
		if w.score, err = kinds[j.Kind].load(j); err != nil {
			return Tally{}, err
		}
		if err := w.all(ctx, s); err != nil {
			return Tally{}, err
		}
		// The results come last, since the shard is done where they are.
		if err := writeFile(ctx, rejected, w.rejected.Bytes()); err != nil {
			return Tally{}, err
		}
		if err := writeFile(ctx, results, w.results.Bytes()); err != nil {
			return Tally{}, err
		}
		lines = w.results.Bytes()
	}
	bad, _, err := readFile(ctx, rejected)
	t := Tally{Results: bytes.Count(lines, []byte("\n")), Rejected: bytes.Count(bad, []byte("\n")), Shards: 1}
	t.Items = t.Results + t.Rejected
	return t, err
}

// shardWriter does a shard.
type shardWriter struct {
	job               *Job
	score             scorer
	waiting           []record
	results, rejected bytes.Buffer
}

// rejection is a line about a record that cannot be used.
type rejection struct {
	Place
	Record int    `json:"record,omitempty"` // as the errors of other commands count it, such as the line
	Byte   int64  `json:"byte"`
	Reason string `json:"reason"`
}

// all does the records of the shard in their order.
func (w *shardWriter) all(ctx context.Context, s Shard) error {
	for _, part := range s.Parts {
		if err := w.part(ctx, part); err != nil {
			return err
		}
	}
	return w.flush(ctx)
}

func (w *shardWriter) part(ctx context.Context, part Part) error {
	last := 0
	for r, err := range w.job.records(ctx, part.File) {
		if err != nil {
			return err
		}
		if last = r.Item; last > part.To {
			break
		}
		if last <= part.From {
			continue
		}
		if w.waiting = append(w.waiting, r); len(w.waiting) < batchCalls {
			continue
		}
		if err := w.flush(ctx); err != nil {
			return err
		}
	}
	if last < part.To || last > part.To && part.Last {
		return fmt.Errorf("%s has changed since its records were counted: leave the input alone, or choose another -output", part.File)
	}
	return nil
}

// flush scores and writes the records that wait.
func (w *shardWriter) flush(ctx context.Context) error {
	var good []record
	for _, r := range w.waiting {
		switch {
		case r.bad != nil:
			if err := w.reject(r, r.bad.Err); err != nil {
				return err
			}
			continue
		case w.job.Mask:
			r.call = r.call.Mask().Call
		}
		good = append(good, r)
	}
	w.waiting = w.waiting[:0]
	lines, err := w.safely(ctx, good)
	if err == nil {
		return w.write(lines)
	}
	for i := range good { // which of them is to blame
		lines, err := w.safely(ctx, good[i:i+1])
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			err = w.reject(good[i], fmt.Errorf("the call cannot be scored: %w", err))
		default:
			err = w.write(lines)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// safely scores calls, and makes an error of a panic.
func (w *shardWriter) safely(ctx context.Context, good []record) (lines []any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	if len(good) == 0 {
		return nil, nil
	}
	return w.score(ctx, good)
}

func (w *shardWriter) write(lines []any) error {
	for _, line := range lines {
		if err := cli.WriteJSON(&w.results, line); err != nil {
			return err
		}
	}
	return nil
}

func (w *shardWriter) reject(r record, reason error) error {
	line := rejection{Place: r.Place, Reason: reason.Error()}
	if r.bad != nil {
		line.Record, line.Byte = r.bad.Record, r.bad.Byte
	}
	return cli.WriteJSON(&w.rejected, line)
}
