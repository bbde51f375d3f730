package boost

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/org/salesconv/internal/reference"
)

// longColumn repeats a formula of testdata/make_xgb_cuts.py.
func longColumn(name string) (column, weight []float32) {
	const n = 60_000
	column, weight = make([]float32, n), make([]float32, n)
	for i := range column {
		even := float32(uint32(i)*2654435761>>8) / (1 << 24)
		switch name {
		case "even":
			column[i] = even
		case "skew":
			column[i] = float32(even*even) * even
		case "steps":
			column[i] = float32(math.Floor(float64(even * 300)))
		default:
			column[i] = float32(i)
		}
		weight[i] = float32(1 + i%7)
	}
	return column, weight
}

// TestCuts compares quantiles of long columns, which are merged from several summaries, with XGBoost's.
func TestCuts(t *testing.T) {
	var golden []struct {
		Column   string
		Bins     int
		Weighted bool
		Cuts     []float64 // the first is the value below all
	}
	reference.JSON(t, "xgb_cuts.json.gz", &golden)
	for _, want := range golden {
		column, weight := longColumn(want.Column)
		if !want.Weighted {
			weight = nil
		}
		c := newCuts(column, weight, want.Bins, false)
		got := []float64{float64(c.low)}
		for _, v := range c.cut {
			got = append(got, float64(v))
		}
		if !slices.Equal(got, want.Cuts) {
			t.Errorf("%s: cuts %v, want %v", want.Column, got, want.Cuts)
		}
	}
}

// TestBins checks each code against the cuts.
func TestBins(t *testing.T) {
	columns := make([][]float32, 11)
	for j := range columns {
		columns[j], _ = longColumn([]string{"even", "skew", "steps"}[j%3])
		columns[j] = columns[j][:3000]
	}
	columns[9][7] = float32(math.NaN()) // makes 257 codes: a block of wide words
	b := newBins(columns, nil, 256, nil)
	for j, column := range columns {
		block, k := b.locate(j)
		if block.wide != (j >= 8) {
			t.Fatalf("column %d: wide is %v", j, block.wide)
		}
		c := &b.cuts[j]
		for i, v := range column {
			code := block.code(uint32(i), k)
			if v != v {
				if code != len(c.cut) {
					t.Fatalf("column %d: code %d of a missing value, want %d", j, code, len(c.cut))
				}
				continue
			}
			if v >= c.cut[code] || code > 0 && v < c.cut[code-1] {
				t.Fatalf("column %d: code %d of %v", j, code, v)
			}
		}
	}
}

// TestHistogram checks the packed sums against plain ones.
func TestHistogram(t *testing.T) {
	columns := make([][]float32, 9)
	for j := range columns {
		columns[j], _ = longColumn("steps")
	}
	columns[8][7] = float32(math.NaN())
	b := newBins(columns, nil, 256, nil)
	gradients := make([]Gradient, b.rows)
	var rows []uint32
	for i := range gradients {
		gradients[i] = Gradient{float32(math.Sin(float64(i))), float32(i%10) / 10}
		if i%3 == 0 {
			rows = append(rows, uint32(i))
		}
	}
	packed := make([]int64, b.rows)
	_, scales := pack(gradients, packed)
	some := make([]int64, len(rows))
	for k, i := range rows {
		some[k] = packed[i]
	}
	h := make([]int64, b.size)
	for k := range b.blocks {
		b.blocks[k].add(b.blocks[k].of(h), rows, some)
	}
	for j := range columns {
		block, k := b.locate(j)
		want := make([]sums, len(b.cuts[j].cut)+1)
		for _, i := range rows {
			code := block.code(i, k)
			want[code] = want[code].plus(gradients[i].sums())
		}
		for code, got := range block.column(block.of(h), k)[:len(want)-1] {
			d := scales.unpack(got).minus(want[code])
			if math.Abs(d.grad) > 1e-3 || math.Abs(d.hess) > 1e-3 {
				t.Fatalf("column %d, bin %d: sums differ by %v", j, code, d)
			}
		}
	}
}

func TestSortByKey(t *testing.T) {
	column, _ := longColumn("skew")
	for i := range column {
		column[i] = column[i]*2 - 1
	}
	keys := make([]uint64, len(column))
	for i, v := range column {
		keys[i] = uint64(sortKey(v))<<32 | uint64(i)
		if sortedValue(sortKey(v)) != v {
			t.Fatalf("%v came back as %v", v, sortedValue(sortKey(v)))
		}
	}
	keys = sortByKey(keys, make([]uint64, len(keys)))
	for i := 1; i < len(keys); i++ {
		a, b := column[uint32(keys[i-1])], column[uint32(keys[i])]
		if a > b || a == b && uint32(keys[i-1]) > uint32(keys[i]) {
			t.Fatalf("%v before %v", a, b)
		}
	}
}

// No child is lighter than it may be, however its second derivatives are rounded.
func TestMinChildWeight(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for trial := range 300 {
		const n = 40
		column, gradients := make([]float32, n), make([]Gradient, n)
		for i := range column {
			column[i] = float32(i / 4)
			gradients[i] = Gradient{float32(r.NormFloat64()), 0.25 - float32(r.IntN(3))*0x1p-24}
		}
		grower, err := New(&Options{MaxBins: 256, MaxDepth: 4, LearningRate: 1, Lambda: 1, MinChildWeight: 1}, [][]float32{column}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		tree := grower.Grow(gradients, NewColumnSampler(1, 1, 1, 1, 1), make([]float32, n))
		weight := make(map[int]float64)
		for i, v := range column {
			weight[tree.Leaf([]float32{v})] += float64(gradients[i].Hess)
		}
		for leaf, w := range weight {
			if w < 1 && leaf > 0 {
				t.Errorf("trial %d: a leaf of weight %v, want 1 or more", trial, w)
			}
		}
	}
}
