package main

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// entry is a system and what it is asked in a row.
type entry struct {
	*process
	do   request
	name string // in the table
}

// row compares systems at one task.
type row struct {
	name    string
	unit    string
	value   func(seconds float64) float64 // what the table shows of a time
	faster  bool                          // ratios are of speed, else of time or memory: smaller is better
	entries []entry                       // ours first
}

// result is what one system reached, in seconds.
type result struct {
	best, median float64
	ratio        float64 // ours to it, as the row has it
}

// pause lets threads that a system keeps spinning after its work go to sleep.
const pause = 300 * time.Millisecond

// run lets the systems work interleaved, once to warm up and then rounds times.
func (r *row) run(rounds int) ([]result, error) {
	times := make([][]float64, len(r.entries))
	for i := range rounds + 1 {
		for j, e := range r.entries {
			time.Sleep(pause)
			a, err := e.ask(e.do)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", r.name, err)
			}
			if i > 0 {
				times[j] = append(times[j], a.Seconds)
			}
		}
	}
	return r.results(times), nil
}

// results sums up the times of each system, round by round.
func (r *row) results(times [][]float64) []result {
	all := make([]result, len(times))
	for j, t := range times {
		ratios := make([]float64, len(t))
		for i := range t {
			if ratios[i] = times[0][i] / t[i]; r.faster {
				ratios[i] = t[i] / times[0][i]
			}
		}
		all[j] = result{slices.Min(t), median(t), median(ratios)}
	}
	return all
}

// table writes rows as Markdown.
type table struct{ w io.Writer }

func (t table) head() {
	t.line("task", "system", "median (best)", "ours ÷ theirs")
	t.line("---", "---", "---", "---")
}

func (t table) line(task, system, value, ratio string) {
	fmt.Fprintf(t.w, "| %s | %s | %s | %s |\n", task, system, value, ratio)
}

// row writes a line for each system of a row: the median, the best in brackets, and the ratio.
func (t table) row(r *row, results []result) {
	for j, x := range results {
		ratio := "–"
		if j > 0 {
			ratio = fmt.Sprintf("%.2f", x.ratio)
		}
		t.line(r.name, r.entries[j].name, fmt.Sprintf("%s %s (%s)", number(r.value(x.median)), r.unit, number(r.value(x.best))), ratio)
	}
}

// number prints three figures, or whole thousands with a comma.
func number(x float64) string {
	if x < 1000 {
		return fmt.Sprintf("%.3g", x)
	}
	return fmt.Sprintf("%d,%03d", int(x)/1000, int(x)%1000)
}

// median is the middle value, the upper one of two.
func median(x []float64) float64 {
	s := slices.Sorted(slices.Values(x))
	return s[len(s)/2]
}
