// Command logistic fits logistic regressions for logistic_compare.py: it reads little-endian float64 rows and bytes of
// labels, and prints seconds and the coefficients as JSON.
package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"time"

	"github.com/org/salesconv/classify"
	"gonum.org/v1/gonum/mat"
)

func main() {
	columns := flag.Int("columns", 384, "columns of a row")
	x := flag.String("x", "", "rows")
	y := flag.String("y", "", "their labels")
	single := flag.Bool("float32", false, "keep the rows in float32, as embeddings are")
	tolerance := flag.Float64("tolerance", 1e-4, "of the fit")
	repeat := flag.Int("repeat", 5, "fits, of which the fastest counts")
	flag.Parse()
	if err := run(*columns, *x, *y, *single, *tolerance, *repeat); err != nil {
		fmt.Fprintln(os.Stderr, "logistic:", err)
		os.Exit(1)
	}
}

// result is what the program prints.
type result struct {
	Fit          float64 // seconds
	Coefficients []float64
	Intercept    float64
	Iterations   int
}

func run(columns int, x, y string, single bool, tolerance float64, repeat int) error {
	rows, err := readRows(x, columns, single)
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(y)
	if err != nil {
		return err
	}
	labels := make([]int, len(raw))
	for i, b := range raw {
		labels[i] = int(b)
	}
	r := result{Fit: math.Inf(1)}
	for range repeat {
		start := time.Now()
		f, err := classify.FitLogistic(context.Background(), rows, labels, &classify.LogisticOptions{Tolerance: tolerance})
		if err != nil {
			return err
		}
		r.Fit = min(r.Fit, time.Since(start).Seconds())
		r.Coefficients, r.Intercept, r.Iterations = f.Coefficients, f.Intercept, f.Iterations
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}

func readRows(name string, columns int, single bool) (mat.Matrix, error) {
	raw, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	values := make([]float64, len(raw)/8)
	for i := range values {
		values[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	x := mat.NewDense(len(values)/columns, columns, values)
	if !single {
		return x, nil
	}
	s := float32Rows{x, make([]float32, len(values))}
	for i, v := range values {
		s.data[i] = float32(v)
	}
	return s, nil
}

// float32Rows is a matrix that keeps float32 rows.
type float32Rows struct {
	mat.Matrix
	data []float32
}

func (m float32Rows) RawRow(i int) []float32 {
	_, d := m.Dims()
	return m.data[i*d : (i+1)*d]
}
