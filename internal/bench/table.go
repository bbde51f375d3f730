package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// contender is a process and what it is asked in a row.
type contender struct {
	*process
	do request
}

// row is a line of the table.
type row struct {
	name       string
	unit       string
	value      func(seconds float64) float64 // what the table shows of a time
	faster     bool                          // ratios are of speed, else of time or memory: smaller is better
	contenders []contender                   // ours first
	asked      string
}

// result is what one contender reached, in seconds.
type result struct {
	best, median float64
	ratio        float64 // ours to it, as the row has it
}

// pause lets threads that a contender keeps spinning after its work go to sleep.
const pause = 300 * time.Millisecond

// run lets the contenders work in turns, once to warm up and then rounds times.
func (r *row) run(rounds int) ([]result, error) {
	times := make([][]float64, len(r.contenders))
	for i := range rounds + 1 {
		for j, c := range r.contenders {
			time.Sleep(pause)
			a, err := c.ask(c.do)
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

// results sums up the times of each contender, turn by turn.
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
	fmt.Fprintln(t.w, "| | ours | sentence-transformers | ONNX Runtime | ours ÷ theirs | asked |")
	fmt.Fprintln(t.w, "|---|---|---|---|---|---|")
}

// line writes what the contenders of a row reached: the median, the best in brackets, and the ratios.
func (t table) line(r *row, results []result) {
	cells := []string{r.name}
	var ratios []string
	for j, x := range results {
		cells = append(cells, fmt.Sprintf("%s %s (%s)", number(r.value(x.median)), r.unit, number(r.value(x.best))))
		if j > 0 {
			ratios = append(ratios, fmt.Sprintf("%.2f", x.ratio))
		}
	}
	for len(cells) < 4 {
		cells = append(cells, "–")
	}
	cells = append(cells, strings.Join(ratios, ", "), r.asked)
	fmt.Fprintf(t.w, "| %s |\n", strings.Join(cells, " | "))
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
