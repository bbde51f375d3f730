package boost

import (
	"math"
	"math/rand/v2"
	"reflect"
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

func pick[T any](v []T, rows []uint32) []T {
	some := make([]T, len(rows))
	for k, i := range rows {
		some[k] = v[i]
	}
	return some
}

// TestHistogram checks the sums of packed and of full gradients against plain ones.
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
		gradients[i] = Gradient{float32(i%17)/8 - 1.03, float32(i%10) / 10}
		if i%3 == 0 {
			rows = append(rows, uint32(i))
		}
	}
	for _, c := range []struct {
		smallest  float32 // of the derivatives but 0
		words     int
		tolerance float64
	}{{1, packedWords, 1e-3}, {1e-7, fullWords, 1e-12}} {
		gradients[7].Grad = c.smallest
		g := new(summands)
		if g.fix(gradients); g.words != c.words {
			t.Fatalf("a derivative of %v: %d words, want %d", c.smallest, g.words, c.words)
		}
		h := make([]int64, b.size*g.words)
		for k := range b.blocks {
			block := &b.blocks[k]
			if g.words == packedWords {
				block.addPacked(block.of(h, g.words), rows, pick(g.packed, rows))
			} else {
				block.addFull(block.of(h, g.words), rows, pick(g.full, rows))
			}
		}
		for j := range columns {
			block, k := b.locate(j)
			want := make([]sums, len(b.cuts[j].cut)+1)
			for _, i := range rows {
				code := block.code(i, k)
				want[code] = want[code].plus(gradients[i].sums())
			}
			for code, got := range g.bins(block.column(block.of(h, g.words), k, g.words), len(want)-1) {
				d := g.float(got).minus(want[code])
				if math.Abs(d.grad) > c.tolerance || math.Abs(d.hess) > c.tolerance {
					t.Fatalf("column %d, bin %d: sums differ by %v", j, code, d)
				}
			}
		}
	}
}

// TestLargeNode checks that rows that are shared out in chunks give the histograms and the order of the rows of one chunk.
func TestLargeNode(t *testing.T) {
	const n = 3*chunkRows + 5
	columns := make([][]float32, 3)
	for j := range columns {
		columns[j] = make([]float32, n)
		for i := range n {
			columns[j][i] = float32((i*(j+7) + i/11) % 100)
		}
	}
	gradients := make([]Gradient, n)
	for i := range gradients {
		gradients[i] = Gradient{float32(i%17)/8 - 1.03, float32(1+i%10) / 10}
	}
	for _, smallest := range []float32{1, 1e-7} {
		gradients[8].Grad = smallest
		for _, to := range []int{9, chunkRows, n - 3} {
			o := &Options{LearningRate: 0.3}
			g := newHistGrower(o.tree(), o.regularizer(), newBins(columns, nil, 64, nil))
			total := g.fix(gradients)
			for i := range g.rows {
				g.rows[i] = uint32(i)
			}
			if total != g.sum(0, n) {
				t.Fatalf("sum %v, want %v", total, g.sum(0, n))
			}
			threshold := g.data.cuts[1].cut[20]
			node := &histNode{from: 5, to: to, best: split{feature: 1, threshold: threshold}}
			for k := range g.data.blocks {
				b := &g.data.blocks[k]
				got, want := make([]int64, g.blockSize(b)), make([]int64, g.blockSize(b))
				g.build(b, node, got)
				g.add(b, want, node.from, node.to)
				if !slices.Equal(got, want) {
					t.Fatalf("%d words, rows to %d: histograms differ", g.words, to)
				}
			}
			packed, full := slices.Clone(g.packed), slices.Clone(g.full)
			var rows, right []uint32
			for i := uint32(5); int(i) < to; i++ {
				if columns[1][i] < threshold {
					rows = append(rows, i)
				} else {
					right = append(right, i)
				}
			}
			rows = append(rows, right...)
			var a, b histNode
			g.partition(node, &a, &b)
			if a.to-a.from != len(rows)-len(right) || !slices.Equal(g.rows[5:to], rows) {
				t.Fatalf("%d words, rows to %d: %d rows go left, want %d", g.words, to, a.to-a.from, len(rows)-len(right))
			}
			if g.words == packedWords && !slices.Equal(g.packed[5:to], pick(packed, rows)) || g.words == fullWords && !slices.Equal(g.full[5:to], pick(full, rows)) {
				t.Fatalf("%d words, rows to %d: gradients do not follow their rows", g.words, to)
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

// Rows whose derivatives are tiny next to those of others still count: each leaf is the best constant for its rows, and
// where gains are not lost in the rounding of float32, the tree equals the tree of Exact, as there are no more values than bins.
func TestHistogramOfUnequalDerivatives(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	orders := func(n float64) func(int) float64 {
		return func(int) float64 { return math.Pow(10, n*(r.Float64()-0.5)) }
	}
	for _, c := range []struct {
		name   string
		rows   int
		same   bool // as Exact
		weight func(i int) float64
	}{
		{"3 orders of magnitude", 200, true, orders(3)}, {"6 orders of magnitude", 200, true, orders(6)}, {"10 orders of magnitude", 200, false, orders(10)},
		{"nearly saturated rows", 30_000, false, func(i int) float64 { return map[bool]float64{true: 1, false: 3e-7}[i%97 == 5] }},
	} {
		columns, derivatives := [][]float32{make([]float32, c.rows), make([]float32, c.rows)}, make([]Gradient, c.rows)
		for i := range c.rows {
			columns[0][i], columns[1][i] = float32(i%97), float32(i%13)
			weight := c.weight(i)
			derivatives[i] = Gradient{float32(weight * r.NormFloat64()), float32(weight * (0.1 + r.Float64()))}
		}
		var trees [2]Tree
		for k, exact := range []bool{false, true} {
			grower, err := New(&Options{MaxBins: 256, MaxDepth: 5, LearningRate: 1, Exact: exact}, columns, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			trees[k] = grower.Grow(slices.Clone(derivatives), NewColumnSampler(1, 2, 1, 1, 1), make([]float32, c.rows))
		}
		leaves, total := make([]int, c.rows), make(map[int]sums)
		for i := range c.rows {
			row := []float32{columns[0][i], columns[1][i]}
			leaves[i] = trees[0].Leaf(row)
			total[leaves[i]] = total[leaves[i]].plus(derivatives[i].sums())
			got, want := float64(trees[0].Nodes[leaves[i]].Value), float64(trees[1].Nodes[trees[1].Leaf(row)].Value)
			if c.same && math.Abs(got-want) > 1e-5*math.Abs(want) {
				t.Fatalf("%s: row %d gets %v, want %v", c.name, i, got, want)
			}
		}
		for leaf, s := range total {
			if got, want := float64(trees[0].Nodes[leaf].Value), -s.grad/s.hess; math.Abs(got-want) > 1e-5*math.Abs(want) {
				t.Errorf("%s: leaf %d is %v, want %v", c.name, leaf, got, want)
			}
		}
	}
}

// TestScanNumeric searches histograms with and without bounds on what a column can gain: both find the same split.
func TestScanNumeric(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	const n, d = 2000, 20
	columns := make([][]float32, d)
	for j := range columns {
		columns[j] = make([]float32, n)
		for i := range columns[j] {
			if columns[j][i] = float32(rng.NormFloat64()); j%4 == 1 && rng.IntN(5) == 0 {
				columns[j][i] = float32(math.NaN())
			}
		}
	}
	copy(columns[7], columns[3]) // a tie
	data := newBins(columns, nil, 64, nil)
	gradients := make([]Gradient, n)
	for _, full := range []bool{false, true} {
		for i := range gradients {
			gradients[i] = Gradient{float32(rng.NormFloat64()) + 0.3*columns[3][i], 0.2 + rng.Float32()/20}
		}
		if full {
			gradients[5] = Gradient{40, 1e-16} // nearly saturated, and wrong: its second derivative is rounded to 0
			clear(columns[2])
			columns[2][5] = 9 // alone on its side of a cut
			data = newBins(columns, nil, 64, nil)
		}
		for _, lambda := range []float64{0, 1} {
			for _, least := range []float64{0, 1e-3, 1, 300} {
				for _, alpha := range []float64{0, 0.5} {
					for _, monotone := range [][]int{nil, append(make([]int, 3, d), append([]int{-1}, make([]int, d-4)...)...)} {
						o := &Options{LearningRate: 0.3, Lambda: lambda, MinChildWeight: least, Alpha: alpha, Monotone: monotone}
						g := newHistGrower(o.tree(), o.regularizer(), data)
						total := g.fix(gradients)
						if (g.words == fullWords) != full {
							t.Fatalf("words of a bin: %d", g.words)
						}
						for i := range g.rows {
							g.rows[i] = uint32(i)
						}
						sum := g.float(total)
						node := &histNode{to: n, total: total, sum: sum, gain: g.gain(sum, unbounded), bounds: unbounded}
						var got, want split
						for k := range data.blocks {
							b := &data.blocks[k]
							h := make([]int64, b.lanes()<<b.shift*g.words)
							if full {
								b.addFull(h, g.rows, g.full)
							} else {
								b.addPacked(h, g.rows, g.packed)
							}
							var best split
							g.scanBlock(node, b, h, &best)
							got.improve(&best)
							for c := range b.count {
								for _, step := range []int{1, -1} {
									var one split
									if step > 0 || data.cuts[b.first+c].missing {
										g.scanCuts(node, b.first+c, b.column(h, c, g.words), 0, &one, step)
									}
									want.improve(&one)
								}
							}
						}
						if !reflect.DeepEqual(got, want) {
							t.Errorf("full %v, lambda %v, least %v, alpha %v, monotone %v: %+v, want %+v", full, lambda, least, alpha, monotone != nil, got, want)
						}
					}
				}
			}
		}
	}
}
