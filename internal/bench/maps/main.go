// Command maps draws a t-SNE map for tsne_compare.py of the directory above: it reads raw little-endian float32 rows,
// writes the points as raw float64, and prints seconds as JSON.
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

	"github.com/org/salesconv/internal/bench/rawrows"
	"github.com/org/salesconv/tsne"
	"gonum.org/v1/gonum/mat"
)

func main() {
	columns := flag.Int("columns", 0, "columns of a row")
	rows := flag.String("rows", "", "file of the rows")
	start := flag.String("start", "", "file of points to start from, like those that are written")
	options := flag.String("options", "{}", "tsne.Options as JSON")
	points := flag.String("points", "", "file for the points")
	flag.Parse()
	if err := run(*columns, *rows, *start, *options, *points); err != nil {
		fmt.Fprintln(os.Stderr, "maps:", err)
		os.Exit(1)
	}
}

// figures is what the program prints: seconds, and the divergence that the map reports.
type figures struct {
	Affinity, Start, Layout, Total float64
	KL                             float64
}

func run(columns int, rows, from, options, points string) error {
	x, err := rawrows.Read(rows, columns)
	if err != nil {
		return err
	}
	var o tsne.Options
	if err := json.Unmarshal([]byte(options), &o); err != nil {
		return err
	}
	var f figures
	first := time.Now()
	lap := func() float64 { return time.Since(first).Seconds() - f.Affinity - f.Start - f.Layout }
	ctx := context.Background()
	a, err := tsne.NewAffinity(ctx, x, o.Affinity)
	if err != nil {
		return err
	}
	f.Affinity = lap()
	start, err := begin(ctx, x, from, o.Seed)
	if err != nil {
		return err
	}
	f.Start = lap()
	m, err := a.Layout(ctx, start, o.Layout)
	if err != nil {
		return err
	}
	f.Layout = lap()
	f.Total, f.KL = f.Affinity+f.Start+f.Layout, m.KL
	var out []byte
	for _, v := range m.Points.RawMatrix().Data {
		out = binary.LittleEndian.AppendUint64(out, math.Float64bits(v))
	}
	if err := os.WriteFile(points, out, 0o644); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(f)
}

// begin returns the points of a file, or the usual start.
func begin(ctx context.Context, x *rawrows.Matrix, from string, seed uint64) (*mat.Dense, error) {
	if from == "" {
		return tsne.Start(ctx, x, seed)
	}
	raw, err := os.ReadFile(from)
	if err != nil {
		return nil, err
	}
	if len(raw) != 16*x.Rows {
		return nil, fmt.Errorf("%s: %d bytes are not %d points", from, len(raw), x.Rows)
	}
	y := mat.NewDense(x.Rows, 2, nil)
	for i := range y.RawMatrix().Data {
		y.RawMatrix().Data[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return y, nil
}
