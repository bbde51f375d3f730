// Command predict tells how likely calls are to be won, by a predictor that finetune trained.
//
//	go run ./examples/predict -models DIR [-by-turn] [FILE]
//
// DIR is the folder that finetune wrote to. FILE is a file or folder of calls in any of transcript's formats; by default
// calls are read from standard input as JSON, an array, one object or JSON Lines. Labels are not looked at. For each call it writes a line {"id":…,"probability":…,"log_odds":…} to standard
// output, in their order, at constant memory, with "warnings" where there is reason to distrust the probability. With -by-turn each line also has "by_turn", the probability after each turn, as if the
// call had ended there.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/transcript"
)

func main() { cli.Main(run) }

// batchCalls is how many calls are read before they are predicted together.
const batchCalls = 64

func run(ctx context.Context, env *cli.Env) error {
	flags := flag.NewFlagSet("predict", flag.ContinueOnError)
	models := flags.String("models", "", "`folder` that finetune wrote (required)")
	byTurn := flags.Bool("by-turn", false, "also the probability after each turn")
	if err := env.Parse(flags); err != nil {
		return err
	}
	if *models == "" {
		return cli.Usagef("-models is missing: name the folder that finetune wrote")
	}
	p, err := conversion.Load(os.DirFS(*models))
	if err != nil {
		return fmt.Errorf("%s: %w", *models, err)
	}
	out := bufio.NewWriter(env.Stdout)
	w := &writer{predictor: p, byTurn: *byTurn, bar: env.Progress(), out: json.NewEncoder(out)}
	defer w.bar.Close()
	for call, err := range env.Calls(ctx) {
		if err != nil {
			return err
		}
		if w.calls = append(w.calls, call); len(w.calls) < batchCalls {
			continue
		}
		if err := w.flush(ctx); err != nil {
			return err
		}
	}
	if err := w.flush(ctx); err != nil {
		return err
	}
	return out.Flush()
}

// writer predicts calls, a batch at a time.
type writer struct {
	predictor *conversion.Predictor
	byTurn    bool
	calls     []transcript.Call
	done      int
	bar       *cli.Progress
	out       *json.Encoder
}

func (w *writer) flush(ctx context.Context) error {
	predictions, err := w.predictor.Predict(ctx, w.calls, &conversion.PredictOptions{ByTurn: w.byTurn})
	if err != nil {
		return err
	}
	for _, p := range predictions {
		if err := w.out.Encode(p); err != nil {
			return err
		}
	}
	w.done += len(w.calls)
	w.calls = w.calls[:0]
	w.bar.Show("calls", w.done, -1)
	return nil
}
