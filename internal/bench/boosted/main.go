// Command boosted fits and applies boosted trees for the scripts of the directory above, which compare them with XGBoost:
// it reads raw little-endian float32 rows and bytes of labels, and prints what it took as JSON.
package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/internal/bench/rawrows"
	"github.com/org/salesconv/shap"
)

func main() {
	columns := flag.Int("columns", 0, "columns of a row")
	x := flag.String("x", "", "training rows")
	y := flag.String("y", "", "their labels")
	test := flag.String("test", "", "rows to predict")
	options := flag.String("options", "{}", "classify.BoostedOptions as JSON")
	read := flag.String("read", "", "model of XGBoost to apply, instead of fitting one")
	model := flag.String("model", "", "file for the model, as XGBoost's JSON")
	margins := flag.String("margins", "", "file for the float32 log-odds of the rows to predict")
	contributions := flag.String("contributions", "", "file for the float64 SHAP values of the rows to predict, the base last")
	flag.Parse()
	if err := run(*columns, *x, *y, *test, *options, *read, *model, *margins, *contributions); err != nil {
		fmt.Fprintln(os.Stderr, "boosted:", err)
		os.Exit(1)
	}
}

// figures is what the program prints: seconds, and mebibytes of memory at the most.
type figures struct {
	Fit, Predict, One float64
	Explain           float64 `json:",omitempty"`
	PeakAfterFit      float64
}

func run(columns int, x, y, test, options, read, model, margins, contributions string) error {
	var f figures
	var b *classify.Boosted
	var err error
	if read != "" {
		b, err = readModel(read)
	} else {
		b, err = fit(columns, x, y, options, &f)
	}
	if err != nil {
		return err
	}
	if err := predict(b, test, columns, margins, &f); err != nil {
		return err
	}
	if contributions != "" {
		if err := explain(b, test, columns, contributions, &f); err != nil {
			return err
		}
	}
	if model != "" {
		out, err := os.Create(model)
		if err != nil {
			return err
		}
		if err := b.WriteXGBoost(out); err != nil {
			return err
		}
		if err := out.Close(); err != nil {
			return err
		}
	}
	return json.NewEncoder(os.Stdout).Encode(f)
}

func readModel(name string) (*classify.Boosted, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return classify.ReadXGBoost(f)
}

func fit(columns int, x, y, options string, f *figures) (*classify.Boosted, error) {
	rows, err := rawrows.Read(x, columns)
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(y)
	if err != nil {
		return nil, err
	}
	labels := make([]int, len(raw))
	for i, b := range raw {
		labels[i] = int(b)
	}
	var o classify.BoostedOptions
	if err := json.Unmarshal([]byte(options), &o); err != nil {
		return nil, err
	}
	start := time.Now()
	b, err := classify.FitBoosted(context.Background(), rows, labels, &o)
	f.Fit, f.PeakAfterFit = time.Since(start).Seconds(), peak()
	return b, err
}

// predict applies the model to all rows, the best of three times, and to one row.
func predict(b *classify.Boosted, test string, columns int, margins string, f *figures) error {
	if test == "" {
		return nil
	}
	rows, err := rawrows.Read(test, columns)
	if err != nil {
		return err
	}
	var z []float64
	f.Predict = math.Inf(1)
	for range 3 {
		start := time.Now()
		if z, err = b.Margins(rows); err != nil {
			return err
		}
		f.Predict = min(f.Predict, time.Since(start).Seconds())
	}
	one := &rawrows.Matrix{Rows: 1, Columns: columns, Data: rows.Data[:columns]}
	const times = 10_000
	start := time.Now()
	for range times {
		if _, err := b.Margins(one); err != nil {
			return err
		}
	}
	f.One = time.Since(start).Seconds() / times
	if margins == "" {
		return nil
	}
	var out []byte
	for _, v := range z {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(float32(v)))
	}
	return os.WriteFile(margins, out, 0o644)
}

// explain attributes the log-odds of all rows to their columns, the best of five times.
func explain(b *classify.Boosted, test string, columns int, contributions string, f *figures) error {
	rows, err := rawrows.Read(test, columns)
	if err != nil {
		return err
	}
	var e *shap.Explanations
	f.Explain = math.Inf(1)
	for range 5 {
		start := time.Now()
		explainer, err := shap.NewTreeExplainer(b)
		if err != nil {
			return err
		}
		if e, err = explainer.ExplainRows(context.Background(), rows); err != nil {
			return err
		}
		f.Explain = min(f.Explain, time.Since(start).Seconds())
	}
	var out []byte
	for i := range rows.Rows {
		for _, v := range append(slices.Clone(e.Values.RawRowView(i)), e.Base) {
			out = binary.LittleEndian.AppendUint64(out, math.Float64bits(v))
		}
	}
	return os.WriteFile(contributions, out, 0o644)
}

// peak is the most memory the process has had, where the system tells.
func peak() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return math.NaN()
	}
	for line := range strings.Lines(string(status)) {
		var kib float64
		if n, _ := fmt.Sscanf(line, "VmHWM: %f kB", &kib); n == 1 {
			return kib / 1024
		}
	}
	return math.NaN()
}
