// Command explanations times explanations by a saved predictor, on synthetic calls that it has not seen:
//
//	go run ./internal/bench/explanations -models out/models
//
// It prints the seconds of one call of 20 turns by turns and by words, each by a predictor that was just loaded, and how many
// of many calls are explained by turns in a second.
package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/transcript"
)

func main() {
	models := flag.String("models", "", "directory of the predictor")
	calls := flag.Int("calls", 1000, "how many calls to explain in one go")
	flag.Parse()
	if err := run(*models, *calls); err != nil {
		fmt.Fprintln(os.Stderr, "explanations:", err)
		os.Exit(1)
	}
}

func run(models string, n int) error {
	s, err := transcript.Generate(n, &transcript.GenerateOptions{Seed: 77})
	if err != nil {
		return err
	}
	one, err := long(s.Calls)
	if err != nil {
		return err
	}
	for _, by := range []struct {
		name  string
		calls []transcript.Call
		words int
	}{{"by turns", one, -1}, {"by words", one, 3}, {"many by turns", s.Calls, -1}} {
		least, rounds := math.Inf(1), 5
		if len(by.calls) > 1 {
			rounds = 1
		}
		for range rounds {
			p, err := conversion.Load(os.DirFS(models)) // its caches are empty
			if err != nil {
				return err
			}
			start := time.Now()
			if _, err := p.ExplainAll(context.Background(), by.calls, &conversion.ExplainOptions{Words: by.words}); err != nil {
				return err
			}
			least = min(least, time.Since(start).Seconds())
		}
		fmt.Printf("%s: %d calls of %d turns in %.3f s, %.1f a second\n", by.name, len(by.calls), turns(by.calls), least, float64(len(by.calls))/least)
	}
	return nil
}

// long returns the first call of 20 turns.
func long(calls []transcript.Call) ([]transcript.Call, error) {
	for i, c := range calls {
		if len(c.Turns()) == 20 {
			return calls[i : i+1], nil
		}
	}
	return nil, fmt.Errorf("none of %d calls has 20 turns: generate more", len(calls))
}

func turns(calls []transcript.Call) (n int) {
	for _, c := range calls {
		n += len(c.Turns())
	}
	return n
}
