// Command serving measures examples/serve alongside services in Python that do the same, under the same load.
//
//	go build -o serve ./examples/serve
//	go run ./internal/bench/serving -serve ./serve [-python PYTHON] [-clients 1,8,32] [-rounds N] [-time TIME] [-only WORDS]
//	go run ./internal/bench/serving -serve ./serve -start N            # time from start to ready, wall and processor
//	go run ./internal/bench/serving -serve ./serve -requests 100000    # memory over so many requests
//
// All services get the same calls, one a request, and no turn twice, so that no cache helps. They are started once, and work
// interleaved: one after the other for each number of clients in each round. Rates and 99th percentiles are medians over the
// rounds, and ratios are medians of the ratios within the rounds. The references are internal/bench/references/serve_reference.py
// on sentence-transformers, ONNX Runtime and OpenVINO; PYTHON has the packages of requirements.txt there, fastapi and uvicorn.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/encoder/minilm"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/transcript"
)

func main() { cli.Main(run) }

// options are the flags.
type options struct {
	serve, python, only string
	clients             []int
	rounds, starts      int
	requests            int
	time                time.Duration
}

func run(ctx context.Context, env *cli.Env) error {
	o, err := parse(env)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "salesconv-serving-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	train := transcript.Sample()
	p, _, err := conversion.Fit(ctx, train, &conversion.Options{Frozen: true})
	if err != nil {
		return err
	}
	models := filepath.Join(work, "models")
	if err := p.Save(models); err != nil {
		return err
	}
	ours := system{name: "salesconv", command: []string{o.serve, "-models", models, "-drain", "0", "-log-level", "warn", "-addr", "127.0.0.1:PORT"}}
	switch {
	case o.starts > 0:
		return measureStart(ctx, env, ours, o.starts)
	case o.requests > 0:
		return measureMemory(ctx, env, ours, o.requests)
	}
	all, err := o.references(work, train)
	if err != nil {
		return err
	}
	return compare(ctx, env, o, append([]system{ours}, all...))
}

func parse(env *cli.Env) (*options, error) {
	o := new(options)
	flags := flag.NewFlagSet("serving", flag.ContinueOnError)
	flags.StringVar(&o.serve, "serve", "", "the built service (required)")
	flags.StringVar(&o.python, "python", "", "the `interpreter` of the references; default: they are left out")
	flags.StringVar(&o.only, "only", "torch,onnx,openvino", "which references")
	clients := flags.String("clients", "1,8,32", "`numbers` of clients")
	flags.IntVar(&o.rounds, "rounds", 3, "rounds")
	flags.DurationVar(&o.time, "time", 5*time.Second, "how long each service works in each round")
	flags.IntVar(&o.starts, "start", 0, "measure this `number` of starts instead")
	flags.IntVar(&o.requests, "requests", 0, "measure memory over this `number` of requests instead")
	if err := env.Parse(flags, "-serve FILE [flags]\n\nIt measures the service alongside services in Python."); err != nil {
		return nil, err
	}
	if o.serve == "" {
		return nil, cli.Usagef("-serve is missing: name the built service")
	}
	for _, n := range cli.Keys(*clients) {
		k, err := strconv.Atoi(n)
		if err != nil || k < 1 {
			return nil, cli.Usagef("-clients: %q is no number of clients", n)
		}
		o.clients = append(o.clients, k)
	}
	return o, nil
}

// references writes what the services in Python need.
func (o *options) references(work string, train []transcript.Call) ([]system, error) {
	if o.python == "" {
		return nil, nil
	}
	m, err := encoder.Load(minilm.FS())
	if err != nil {
		return nil, err
	}
	model, calls := filepath.Join(work, "model"), filepath.Join(work, "calls.jsonl")
	if err := m.Save(model); err != nil {
		return nil, err
	}
	f, err := os.Create(calls)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for _, c := range train {
		label := 0
		if c.Outcome == transcript.Won {
			label = 1
		}
		var turns []string
		for _, t := range c.Turns() {
			turns = append(turns, t.Text)
		}
		if err := json.NewEncoder(f).Encode(map[string]any{"turns": turns, "label": label}); err != nil {
			return nil, err
		}
	}
	var all []system
	for _, backend := range cli.Keys(o.only) {
		command := []string{o.python, "internal/bench/references/serve_reference.py", model, calls, "PORT", backend, filepath.Join(work, "model.onnx")}
		all = append(all, system{name: "FastAPI, " + backend, command: command})
	}
	return all, nil
}

// A caller makes calls of which no two have a turn in common: each turn ends with numbers of its own.
type caller struct {
	rng   *rand.Rand
	calls []transcript.Call
}

func newCaller(seed uint64) *caller {
	return &caller{rand.New(rand.NewPCG(seed, 0)), transcript.Sample()}
}

// body is the next call as a request has it.
func (c *caller) body() string {
	call := c.calls[c.rng.IntN(len(c.calls))]
	var text strings.Builder
	for _, t := range call.Turns() {
		fmt.Fprintf(&text, "%s: %s Number %d.\n", t.Speaker, t.Text, c.rng.IntN(1e9))
	}
	b, _ := json.Marshal(map[string]string{"id": call.ID, "transcript": text.String()}) // of strings: no error
	return string(b)
}

func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}
