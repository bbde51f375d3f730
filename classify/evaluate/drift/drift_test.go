package drift

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/org/salesconv/internal/reference"
	"gonum.org/v1/gonum/mat"
)

type golden struct {
	Numbers []struct {
		A, B        []float64
		KS          [2]float64
		Welch       [2]float64
		MannWhitney [2]float64 `json:"mann_whitney"`
		PSI         *float64
	}
	Tables [][4]int
	Fisher []float64
	X, Y   [][]float64
	MMD    float64
}

// near fails unless both numbers of a test are within a relative tolerance of the reference's.
func near(t *testing.T, name string, got Test, err error, want [2]float64, tolerance float64) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if math.Abs(got.Statistic-want[0]) > 1e-9 || math.Abs(got.P-want[1]) > tolerance*want[1] {
		t.Errorf("%s: %+v, want %v", name, got, want)
	}
}

func TestReference(t *testing.T) {
	var g golden
	reference.JSON(t, "drift.json.gz", &g)
	for _, c := range g.Numbers {
		tolerance := 1e-9
		if len(c.A)*len(c.B) > exactCells {
			tolerance = 0.02 // SciPy takes the exact one-sample distribution for the limit, we Stephens's correction
		}
		got, err := KolmogorovSmirnov(c.A, c.B)
		near(t, "Kolmogorov-Smirnov", got, err, c.KS, tolerance)
		got, err = Welch(c.A, c.B)
		near(t, "Welch", got, err, c.Welch, 1e-9)
		y := slices.Concat(make([]int, len(c.A)), slices.Repeat([]int{1}, len(c.B)))
		got, err = mannWhitney(slices.Concat(c.A, c.B), y)
		near(t, "Mann-Whitney", got, err, c.MannWhitney, 1e-9)
		if c.PSI != nil {
			psi, err := PSI(c.A, c.B, 5)
			if err != nil || math.Abs(psi-*c.PSI) > 1e-9 {
				t.Errorf("PSI %v, %v, want %v", psi, err, *c.PSI)
			}
		}
	}
	for i, c := range g.Tables {
		got, err := Fisher(c[0], c[1], c[2], c[3])
		near(t, "Fisher", got, err, [2]float64{float64(c[2])/float64(c[3]) - float64(c[0])/float64(c[1]), g.Fisher[i]}, 1e-9)
	}
	got, err := MMD(t.Context(), rows(g.X), rows(g.Y), &Options{Samples: 10})
	if err != nil || math.Abs(got.Statistic-g.MMD) > 1e-12 {
		t.Errorf("MMD %v, %v, want %v", got, err, g.MMD)
	}
}

func rows(x [][]float64) mat.Matrix {
	m := mat.NewDense(len(x), len(x[0]), nil)
	for i, row := range x {
		m.SetRow(i, row)
	}
	return m
}

func TestHolm(t *testing.T) {
	// By hand: 0.01 × 4, 0.02 × 3, 0.03 × 2 and 0.04 × 1, none below the one before; a p of NaN does not count.
	got := Holm([]float64{0.04, 0.01, math.NaN(), 0.03, 0.02})
	want := []float64{0.06, 0.04, math.NaN(), 0.06, 0.06}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-12 || math.IsNaN(got[i]) != math.IsNaN(want[i]) {
			t.Fatalf("adjusted %v, want %v", got, want)
		}
	}
}

// source draws a pair of samples with scores, outcomes, names and rows; shift moves the second.
type source struct {
	*rand.Rand
	shift float64
}

func (s *source) numbers(n int, shift float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = s.NormFloat64() + shift
	}
	return x
}

func (s *source) names(n int, shift float64) []string {
	x := make([]string, n)
	for i := range x {
		x[i] = string(rune('a' + int(8*min(0.999, s.Float64()*s.Float64()+shift/8))))
	}
	return x
}

// scored draws probabilities of log-odds z, and outcomes of log-odds z + shift.
func (s *source) scored(n int, shift float64) (p []float64, y []int) {
	for range n {
		z := 1.5 * s.NormFloat64()
		label := 0
		if s.Float64() < 1/(1+math.Exp(-z-shift)) {
			label = 1
		}
		p, y = append(p, 1/(1+math.Exp(-z))), append(y, label)
	}
	return p, y
}

func (s *source) matrix(n int, shift float64) mat.Matrix {
	return mat.NewDense(n, 4, s.numbers(4*n, shift/2))
}

// tests are all tests, each on samples of a source.
var tests = map[string]func(ctx context.Context, s *source) (Test, error){
	"Kolmogorov-Smirnov": func(_ context.Context, s *source) (Test, error) {
		return KolmogorovSmirnov(s.numbers(200, 0), s.numbers(80, s.shift))
	},
	"Welch": func(_ context.Context, s *source) (Test, error) {
		return Welch(s.numbers(200, 0), s.numbers(80, s.shift))
	},
	"Fisher": func(_ context.Context, s *source) (Test, error) {
		hits := func(n int, shift float64) (k int) {
			for _, v := range s.numbers(n, shift) {
				if v > 1 {
					k++
				}
			}
			return k
		}
		return Fisher(hits(400, 0), 400, hits(160, s.shift), 160)
	},
	"Categories": func(ctx context.Context, s *source) (Test, error) {
		return Categories(ctx, s.names(200, 0), s.names(80, s.shift), &Options{Samples: 400, Seed: s.Uint64()})
	},
	"MMD": func(ctx context.Context, s *source) (Test, error) {
		return MMD(ctx, s.matrix(60, 0), s.matrix(40, s.shift), &Options{Samples: 400, Seed: s.Uint64()})
	},
	"Classifier": func(ctx context.Context, s *source) (Test, error) {
		// Nearest mean: the difference of the means of the training rows is the direction.
		x, y := rowsOf(s.matrix(200, 0), s.matrix(100, s.shift)), slices.Concat(make([]int, 200), slices.Repeat([]int{1}, 100))
		return Classifier(ctx, y, func(_ context.Context, train, test []int) ([]float64, error) {
			direction := make([]float64, 4)
			count := [2]float64{}
			for _, i := range train {
				count[y[i]]++
			}
			for _, i := range train {
				for c, v := range x[i] {
					direction[c] += v * float64(2*y[i]-1) / count[y[i]]
				}
			}
			p := make([]float64, len(test))
			for k, i := range test {
				for c, v := range x[i] {
					p[k] += v * direction[c]
				}
			}
			return p, nil
		}, s.Uint64())
	},
	"AUC": func(_ context.Context, s *source) (Test, error) {
		p, y := s.scored(400, 0)
		q, z := s.scored(200, 0)
		for i := range q { // the scores become noise
			q[i] += s.shift / 2 * s.NormFloat64()
		}
		return AUC(p, y, q, z)
	},
	"Calibration": func(_ context.Context, s *source) (Test, error) {
		p, y := s.scored(400, 0)
		q, z := s.scored(200, s.shift)
		return Calibration(p, y, q, z)
	},
}

func rowsOf(all ...mat.Matrix) (rows [][]float64) {
	for _, x := range all {
		n, _ := x.Dims()
		for i := range n {
			rows = append(rows, mat.Row(nil, i, x))
		}
	}
	return rows
}

// TestLevelAndPower counts how often p is 0.05 or less: 5% of the time at most where nothing moved, but for chance (0.0825
// of 400 is three standard deviations above), and nearly always where much did.
func TestLevelAndPower(t *testing.T) {
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rate := func(shift float64, times int) float64 {
				low := 0
				for k := range times {
					got, err := test(t.Context(), &source{rand.New(rand.NewPCG(7, uint64(k))), shift})
					if err != nil {
						t.Fatal(err)
					}
					if got.P <= 0.05 {
						low++
					}
				}
				return float64(low) / float64(times)
			}
			level, power := rate(0, 400), rate(1, 50)
			if level > 0.0825 || power < 0.9 {
				t.Errorf("p is at most 0.05 with probability %.3f where nothing moved and %.3f where much did", level, power)
			}
		})
	}
}

func TestBadSamples(t *testing.T) {
	ctx, nan := t.Context(), math.NaN()
	one := func(f func(a, b []float64) (Test, error)) func() error {
		return func() error { _, err := f([]float64{1, 2}, []float64{1, nan}); return err }
	}
	for name, f := range map[string]func() error{
		"KS":    one(KolmogorovSmirnov),
		"Welch": one(Welch),
		"empty": func() error { _, err := KolmogorovSmirnov(nil, []float64{1}); return err },
		"one":   func() error { _, err := Welch([]float64{1}, []float64{1, 2}); return err },
		"PSI":   func() error { _, err := PSI([]float64{1}, []float64{1}, 1); return err },
		"share": func() error { _, err := Fisher(3, 2, 1, 1); return err },
		"names": func() error { _, err := Categories(ctx, nil, []string{"a"}, nil); return err },
		"samples": func() error {
			_, err := Categories(ctx, []string{"a"}, []string{"a"}, &Options{Samples: -1})
			return err
		},
		"rows":    func() error { _, err := MMD(ctx, nil, mat.NewDense(2, 2, nil), nil); return err },
		"columns": func() error { _, err := MMD(ctx, mat.NewDense(2, 3, nil), mat.NewDense(2, 2, nil), nil); return err },
		"NaN rows": func() error {
			_, err := MMD(ctx, mat.NewDense(2, 1, []float64{nan, 1}), mat.NewDense(2, 1, nil), nil)
			return err
		},
		"few":       func() error { _, err := Classifier(ctx, []int{0, 1, 0, 1}, nil, 0); return err },
		"AUC":       func() error { _, err := AUC([]float64{1, 0}, []int{1, 1}, nil, nil); return err },
		"one label": func() error { _, err := AUC([]float64{1, 0, 0}, []int{1, 0, 0}, nil, nil); return err },
		"residuals": func() error { _, err := Calibration([]float64{2}, []int{1}, nil, nil); return err },
		"labels":    func() error { _, err := Calibration([]float64{0.5}, []int{1, 0}, nil, nil); return err },
		"interrupted": func() error {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			_, err := Categories(ctx, []string{"a"}, []string{"a"}, nil)
			return err
		},
	} {
		if f() == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestEqualSamples: samples that are all alike are no drift.
func TestEqualSamples(t *testing.T) {
	same := []float64{2, 2, 2, 2}
	for name, f := range map[string]func() (Test, error){
		"KS":     func() (Test, error) { return KolmogorovSmirnov(same, same) },
		"Welch":  func() (Test, error) { return Welch(same, same) },
		"MMD":    func() (Test, error) { return MMD(t.Context(), mat.NewDense(2, 2, same), mat.NewDense(2, 2, same), nil) },
		"names":  func() (Test, error) { return Categories(t.Context(), []string{"a"}, []string{"a"}, nil) },
		"fisher": func() (Test, error) { return Fisher(0, 5, 0, 9) },
	} {
		if got, err := f(); err != nil || got.Statistic != 0 || got.P != 1 {
			t.Errorf("%s: %+v, %v, want 0 and p = 1", name, got, err)
		}
	}
	if psi, err := PSI(same, same, 10); psi != 0 || err != nil {
		t.Errorf("PSI %v, %v, want 0", psi, err)
	}
}
