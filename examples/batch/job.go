package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/transcript"
)

// Job is what the workers are told. All but the paths is kept with the output, so that a job that is resumed is the same.
type Job struct {
	Kind    string   `json:"kind"`              // a key of kinds, or search
	Models  string   `json:"models,omitempty"`  // directory
	Version string   `json:"version,omitempty"` // of the predictor, the encoder or the labelled calls: a hash
	Keep    []string `json:"keep,omitempty"`    // keys of the metadata
	Output  string   `json:"output,omitempty"`  // prefix
	Shard   int      `json:"shard,omitempty"`   // records
	Mask    bool     `json:"mask,omitempty"`
	Files   []File   `json:"files,omitempty"`

	// Settings of the reader.
	Columns map[string]string `json:"columns,omitempty"`
	Won     []string          `json:"won,omitempty"`
	Lost    []string          `json:"lost,omitempty"`
	Roles   transcript.Roles  `json:"roles,omitempty"`

	Search *Search `json:"search,omitempty"` // of a cross-validation
}

// Tally counts records.
type Tally struct {
	Items    int `json:"items"`
	Results  int `json:"results"`
	Rejected int `json:"rejected"`
	Shards   int `json:"shards"`
}

// attempts is how often a job is submitted until one succeeds. A shard that is done is not repeated.
const attempts = 4

// flags adds the flags of every job on calls, and returns those that are not fields.
func (j *Job) flags(flags *flag.FlagSet) (input *string, reader *transcript.Reader) {
	input, reader = flags.String("input", "", "`pattern` of the names of files of calls, such as '/data/*.jsonl' (required)"), new(transcript.Reader)
	flags.StringVar(&j.Output, "output", "", "`prefix` of the names of the files to write (required)")
	flags.IntVar(&j.Shard, "shard", 5000, "number of `records` in a shard, the unit of work, which is repeated if a worker dies")
	flags.BoolVar(&j.Mask, "mask", false, "mask names, addresses, telephone, card and account numbers in all calls first")
	cli.ReaderFlags(flags, reader)
	return input, reader
}

// read lets the job read calls as r does.
func (j *Job) read(r *transcript.Reader) {
	j.Columns, j.Won, j.Lost, j.Roles = r.Columns, r.Won, r.Lost, r.Roles
}

// submit checks a job on calls and runs it to its end.
func (j *Job) submit(ctx context.Context, env *cli.Env, glob string, reader *transcript.Reader) (err error) {
	switch {
	case glob == "":
		return cli.Usagef("-input is missing: name the files of calls")
	case j.Output == "":
		return cli.Usagef("-output is missing: name the beginning of the files to write")
	case j.Shard < 1:
		return cli.Usagef("-shard %d, want at least one record", j.Shard)
	}
	j.read(reader)
	if err := absolute(&glob, &j.Output, &j.Models); err != nil {
		return err
	}
	if j.Version, err = kinds[j.Kind].version(j.Models); err != nil {
		return err
	}
	if j.Files, err = stat(ctx, glob); err != nil {
		return fmt.Errorf("-input %s: %w", glob, err)
	}
	if len(j.Files) == 0 {
		return fmt.Errorf("-input: no file matches %s", glob)
	}
	if done, err := j.run(ctx, env, j.pipeline); err != nil || !done {
		return err
	}
	return j.report(ctx, env)
}

// run runs the job to its end, unless it is not to be waited for; done is false then.
func (j *Job) run(ctx context.Context, env *cli.Env, pipeline func() *beam.Pipeline) (done bool, err error) {
	if err := j.claim(ctx); err != nil {
		return false, err
	}
	if err := j.attempt(ctx, env, pipeline); err != nil || *jobopts.Async {
		return false, err
	}
	return true, j.sweep(ctx)
}

// absolute makes local paths independent of the working directory, as workers have others.
func absolute(names ...*string) (err error) {
	for _, name := range names {
		if *name == "" || strings.Contains(*name, "://") {
			continue
		}
		if *name, err = filepath.Abs(*name); err != nil {
			return err
		}
		*name = filepath.ToSlash(*name)
	}
	return nil
}

// claim keeps the job with its output, which may not be another job's.
func (j *Job) claim(ctx context.Context) error {
	for _, f := range j.Files {
		if strings.HasPrefix(f.Name, j.Output+"-") {
			return fmt.Errorf("-input matches %s, which is output: choose another -output, or a pattern that leaves it out", f.Name)
		}
	}
	kept := *j
	kept.Models, kept.Output = "", ""
	if kept.Search != nil {
		search := *kept.Search
		search.Data, kept.Search = "", &search
	}
	want, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	name := j.Output + "-job.json"
	b, found, err := readFile(ctx, name)
	if err != nil {
		return err
	}
	if !found {
		return writeJSON(ctx, name, kept)
	}
	var have bytes.Buffer
	if err := json.Compact(&have, b); err != nil || have.String() != string(want) {
		return fmt.Errorf("%s is of a job with other files, another predictor or other flags: remove %s-* or choose another -output", name, j.Output)
	}
	return nil
}

// attempt runs the job until it succeeds, if need be again.
func (j *Job) attempt(ctx context.Context, env *cli.Env, pipeline func() *beam.Pipeline) (err error) {
	slog.SetDefault(slog.New(slog.DiscardHandler)) // what fails is in the error, several times in the log
	for n := range attempts {
		watched, stop := j.watch(ctx)
		err = beamx.Run(watched, pipeline())
		stop()
		if err == nil || ctx.Err() != nil {
			return err
		}
		if errors.Is(context.Cause(watched), errSilent) {
			err = errSilent
		}
		if n+1 < attempts {
			env.Notef("the job failed, and is submitted again: %s", oneLine(err))
		}
	}
	return fmt.Errorf("the job failed %d times; what is done remains, and the same command resumes: %s", attempts, oneLine(err))
}

// oneLine is the text of an error of Beam's, which takes several lines, from where our own begins.
func oneLine(err error) string {
	text := err.Error()
	if _, ours, ok := strings.Cut(text, "] failed:\n"); ok {
		text = ours
	}
	return strings.Join(strings.Fields(text), " ")
}

// report writes how the job went.
func (j *Job) report(ctx context.Context, env *cli.Env) error {
	var t Tally
	if err := readJSON(ctx, j.Output+"-summary.json", &t); err != nil {
		return err
	}
	rejected := ""
	if t.Rejected > 0 {
		rejected = fmt.Sprintf(", %d left out with the reasons in %s-rejected-*.jsonl", t.Rejected, j.Output)
	}
	env.Notef("%d records of %d files: %d results%s; %d shards", t.Items, len(j.Files), t.Results, rejected, t.Shards)
	if t.Results == 0 {
		return fmt.Errorf("no record can be used (see %s-rejected-*.jsonl)", j.Output)
	}
	return nil
}
