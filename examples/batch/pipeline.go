package main

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
)

func init() {
	beam.RegisterType(reflect.TypeFor[Shard]())
	beam.RegisterType(reflect.TypeFor[Counted]())
	beam.RegisterType(reflect.TypeFor[Tally]())
	register.DoFn3x1[context.Context, string, func(Counted), error](&countFn{})
	register.DoFn3x1[[]byte, []Counted, func(Shard), error](&planFn{})
	register.DoFn3x1[context.Context, Shard, func(Tally), error](&shardFn{})
	register.DoFn3x1[context.Context, Tally, []Counted, error](&finishFn{})
	register.Function2x1(Tally.plus)
	register.Emitter1[Counted]()
	register.Emitter1[Shard]()
	register.Emitter1[Tally]()
}

// pipeline counts the records of each file, divides them into shards, does these, and compares the sums.
func (j *Job) pipeline() *beam.Pipeline {
	p, s := beam.NewPipelineWithRoot()
	var names []string
	for _, f := range j.Files {
		names = append(names, f.Name)
	}
	counted := beam.ParDo(s, &countFn{j}, beam.Reshuffle(s, beam.CreateList(s, names)))
	shards := beam.ParDo(s, &planFn{j}, beam.Impulse(s), beam.SideInput{Input: counted})
	done := beam.ParDo(s, &shardFn{j}, beam.Reshuffle(s, shards))
	beam.ParDo0(s, &finishFn{j}, beam.Combine(s, Tally.plus, done), beam.SideInput{Input: counted})
	return p
}

// Counted is a file and the number of its records, good or bad.
type Counted struct {
	File  string
	Items int
}

// Shard is what a worker does at a time: consecutive records of one file or of several.
type Shard struct {
	Index, Of int
	Parts     []Part
}

// Part is the records of a file after the first From, up to the To-th.
type Part struct {
	File     string
	From, To int
	Last     bool // the file ends there
}

type countFn struct{ Job *Job }

func (f *countFn) ProcessElement(ctx context.Context, file string, emit func(Counted)) error {
	defer f.Job.busy(ctx)()
	n := 0
	for _, err := range f.Job.records(ctx, file) {
		if err != nil {
			return err
		}
		n++
	}
	emit(Counted{file, n})
	return nil
}

type planFn struct{ Job *Job }

func (f *planFn) ProcessElement(_ []byte, counted []Counted, emit func(Shard)) error {
	for _, s := range plan(counted, f.Job.Shard) {
		emit(s)
	}
	return nil
}

// plan divides the records of the files, in the order of their names, into shards of n.
func plan(counted []Counted, n int) (shards []Shard) {
	slices.SortFunc(counted, func(a, b Counted) int { return cmp.Compare(a.File, b.File) })
	room := 0
	for _, c := range counted {
		for from := 0; from < c.Items; {
			if room == 0 {
				shards, room = append(shards, Shard{Index: len(shards)}), n
			}
			to := min(from+room, c.Items)
			last := &shards[len(shards)-1]
			last.Parts = append(last.Parts, Part{c.File, from, to, to == c.Items})
			room, from = room-(to-from), to
		}
	}
	for i := range shards {
		shards[i].Of = len(shards)
	}
	return shards
}

type shardFn struct{ Job *Job }

func (f *shardFn) ProcessElement(ctx context.Context, s Shard, emit func(Tally)) error {
	defer f.Job.busy(ctx)()
	t, err := f.Job.shard(ctx, s)
	if err == nil {
		emit(t)
	}
	return err
}

func (t Tally) plus(u Tally) Tally {
	return Tally{t.Items + u.Items, t.Results + u.Results, t.Rejected + u.Rejected, t.Shards + u.Shards}
}

type finishFn struct{ Job *Job }

func (f *finishFn) ProcessElement(ctx context.Context, t Tally, counted []Counted) error {
	items := 0
	for _, c := range counted {
		items += c.Items
	}
	if t.Items != items {
		return fmt.Errorf("%d records were read and %d are in the output", items, t.Items)
	}
	return writeJSON(ctx, f.Job.Output+"-summary.json", t)
}
