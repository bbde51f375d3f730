// Command batch scores millions of calls with Apache Beam, in its own process or as a job for any portable runner. It
// is a separate module, so that the library does not depend on Beam.
//
//	cd examples/batch
//	go run . -models DIR -input GLOB -output PREFIX [flags]            scores calls
//	go run . embed [-model DIR] -input GLOB -output PREFIX [flags]     embeds calls
//	go run . search -data FILE -output PREFIX [flags]                  cross-validates hyper-parameters, a fold and setting a worker
//
// DIR is the directory that finetune wrote to. GLOB names files of calls in any format that examples/inspect reads, such as
// '/data/calls-*.jsonl', on a file system that Beam knows: local paths, gs:// and s3://. Labels are ignored. It writes
//
//	PREFIX-00000-of-000NN.jsonl            a line {"id":…,"probability":…,"log_odds":…,"won":…,"file":…,"item":…,"model":…} for each call
//	PREFIX-rejected-00000-of-000NN.jsonl   a line {"file":…,"item":…,"record":…,"byte":…,"reason":…} for each record that cannot be used
//	PREFIX-job.json                        the files, the predictor's version and the flags
//	PREFIX-summary.json                    the counts, when all is done
//
// Item numbers the records of a file from 1: each item is in exactly one line of the output. With
// the same files, predictor and flags the output is the same to the last byte, whatever happens between.
//
// # Failures
//
// The work is divided into shards of some thousand records. A worker reads the records of a shard, scores them and writes both
// files of the shard atomically. A shard whose files exist is never scored again, and a shard that is scored twice, for example
// by a worker that was considered dead, gets the same bytes. If a worker dies, its shards are scored by another one: some
// runners repeat failed work, and for the others, such as Prism, the command submits the job again, up to three times. It also
// does so if a runner waits for a dead worker, as Prism sometimes does: a working worker touches the file PREFIX-alive twice a
// minute, and a job whose workers have started but do not touch it for ten minutes is abandoned. After that, or if the command
// itself is killed, the same command resumes. A file that cannot be read is a failure; a record that is no call, or cannot be
// scored, is a rejected record.
//
// # Cost
//
// Time is spent in the encoder, and grows with the number of tokens. CPU time by Linux's count on a Zen 5 core, of a
// predictor without fine-tuning on synthetic calls of 300 words, whose lines have 220 bytes each:
//
//	                                     a call    a million calls
//	predict, for comparison              55 ms     15.2 hours of a core
//	batch                                57 ms     15.9 hours of a core, 1.8 GB read twice, 0.2 GB written
//	of this Beam, reading and writing    0.2 ms    3 minutes
//
// On two cores of a Zen 4, 712 real calls of 20 turns by a predictor with a fine-tuned encoder took batch 36.1 s and predict
// 36.4 s, medians of three, interleaved.
//
// Memory is the predictor and the records of as many batches as there are processors, whatever the number of calls; the plan
// is in the memory of one worker, some 100 bytes for each shard. The encoder is the bottleneck: twice the cores take half
// the time, until there are fewer shards than workers (-shard).
//
// # Runners
//
// Without flags the job runs in the process, by Prism, Beam's runner for one machine, whose workers are goroutines that
// share one predictor. These have been run, each with the tests of this package, against Prism in a process of its own
// (go run github.com/apache/beam/sdks/v2/go/cmd/prism@v2.77.0):
//
//	-endpoint localhost:8073 -environment_type loopback   the command's own process does the work
//	-endpoint localhost:8073 -environment_type process    the server starts the command again, as a worker
//
// By Beam's documentation these are the flags for other runners, none of which has been tried:
//
//	-runner flink -endpoint HOST:8099 -environment_type process -environment_config '{"command": "/path/to/batch"}'
//	-runner spark -endpoint HOST:8099 -environment_type process -environment_config '{"command": "/path/to/batch"}'
//	-runner dataflow -project P -region R -staging_location gs://B/staging -worker_harness_container_image IMAGE
//
// Endpoint is the address of the job server of Flink or Spark. Each worker needs the directory of -models at the same path, from a
// shared file system or in its container's image, and the input and output where it can reach them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/org/salesconv/examples/cli"
)

func main() { cli.Main(run) }

const usage = `-models DIR -input GLOB -output PREFIX [flags]

It scores the calls of the files that GLOB matches and writes the results in shards, PREFIX-00000-of-000NN.jsonl, the records
that cannot be used with the reasons, PREFIX-rejected-…, and the counts, PREFIX-summary.json. The same command resumes
a job that was killed. "batch embed -help" and "batch search -help" are about embedding calls and about cross-validation.`

func run(ctx context.Context, env *cli.Env) error {
	if len(env.Args) > 0 {
		switch command, rest := env.Args[0], env.Args[1:]; command {
		case "embed":
			env.Args = rest
			return runEmbed(ctx, env)
		case "search":
			env.Args = rest
			return runSearch(ctx, env)
		}
	}
	return runScore(ctx, env)
}

func runScore(ctx context.Context, env *cli.Env) error {
	j := &Job{Kind: "score"}
	flags := flag.NewFlagSet("batch", flag.ContinueOnError)
	flags.StringVar(&j.Models, "models", "", "`directory` that finetune wrote, at the same path on all workers (required)")
	keep := flags.String("keep", "", "comma-separated metadata `keys` to write with each prediction, such as agent_id,industry")
	input, reader := j.flags(flags)
	runner := flags.String("provision_endpoint", "", "`address` of the runner that starts the command as a worker; runners set it")
	if err := parse(env, flags, usage); err != nil {
		return err
	}
	if *runner != "" {
		return work(ctx, *runner)
	}
	if j.Models == "" {
		return cli.Usagef("-models is missing: name the directory that finetune wrote")
	}
	j.Keep = cli.Keys(*keep)
	return j.submit(ctx, env, *input, reader)
}

// parse parses the command's flags and Beam's, which Beam keeps among the flags of the process.
func parse(env *cli.Env, flags *flag.FlagSet, usage string) error {
	all := flag.CommandLine
	all.Init(env.Name, flag.ContinueOnError)
	all.SetOutput(io.Discard)
	var beams []string
	all.VisitAll(func(f *flag.Flag) { beams = append(beams, f.Name) })
	flags.VisitAll(func(f *flag.Flag) { all.Var(f.Value, f.Name, f.Usage) })
	err := all.Parse(env.Args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		env.Args = []string{"-help"}
		err = env.Parse(flags, usage)
		fmt.Fprintf(env.Stdout, "\nflags of Apache Beam:\n")
		rest := flag.NewFlagSet("", flag.ContinueOnError)
		for _, name := range beams {
			f := all.Lookup(name)
			rest.Var(f.Value, f.Name, f.Usage)
		}
		rest.SetOutput(env.Stdout)
		rest.PrintDefaults()
		return err
	case err != nil:
		return cli.Usagef("%v (-help lists the flags)", err)
	case all.NArg() > 0:
		return cli.Usagef("unexpected argument %q: the calls are named by a flag", all.Arg(0))
	}
	if err := defaults(); err != nil {
		return err
	}
	beam.Init() // a worker that a container started does its work here and never returns
	return nil
}

// defaults lets runners start this very program as their workers, unless Beam's flags name another.
func defaults() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if *jobopts.WorkerBinary == "" && runtime.GOOS == "linux" { // elsewhere Beam compiles it for Linux
		*jobopts.WorkerBinary = self
	}
	if strings.EqualFold(*jobopts.EnvironmentType, "process") && *jobopts.EnvironmentConfig == "" {
		*jobopts.EnvironmentConfig = fmt.Sprintf("{\"command\": %q}", self)
	}
	return nil
}
