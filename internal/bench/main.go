package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/encoder/minilm"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/internal/kernel"
)

func main() { cli.Main(run) }

func run(ctx context.Context, env *cli.Env) error {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	model := flags.String("model", "", "`directory` of a sentence-transformers model; default: the built-in one")
	calls := flags.String("calls", "", "`file` of labelled calls, for a training step by turns and what int8 does to the ROC AUC; default: no such rows")
	rounds := flags.Int("rounds", 5, "measured rounds of each system")
	only := flags.String("only", "", "run the rows whose name has one of these comma-separated `words`; default: all")
	asSystem := flags.Bool("serve", false, "be the system that is measured: answer requests on standard input")
	if err := env.Parse(flags, "[flags]\n\nIt measures this module and reference implementations in Python, on one machine, in one run."); err != nil {
		return err
	}
	if *asSystem {
		return serve(modelFiles(*model), env.Stdin, env.Stdout)
	}
	work, err := os.MkdirTemp("", "salesconv-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	referenceModel := *model
	if referenceModel == "" { // the references read a directory
		referenceModel = filepath.Join(work, "model")
		m, err := encoder.Load(minilm.FS())
		if err != nil {
			return err
		}
		if err := m.Save(referenceModel); err != nil {
			return err
		}
	}
	p, err := newReferences(ctx, work, referenceModel, runtime.GOMAXPROCS(0))
	if err != nil {
		return err
	}
	b := &bench{env: env, references: p, model: *model, calls: *calls, rounds: *rounds, only: strings.Split(*only, ",")}
	return b.run(ctx)
}

// machine describes what the figures were measured on.
func machine() string {
	name := runtime.GOARCH
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(info), "model name"); ok {
			line, _, _ := strings.Cut(rest, "\n")
			name = strings.TrimSpace(strings.TrimLeft(line, "\t :"))
		}
	}
	s := fmt.Sprintf("%s, %d threads, kernels %s, %s, %s.", name, runtime.GOMAXPROCS(0), kernel.Backend(), runtime.Version(),
		time.Now().Format(time.DateOnly))
	if strings.Contains(name, "AMD") {
		s += " torch's matrix products come from MKL, which on AMD processors does not take its fastest path."
	}
	return s
}
