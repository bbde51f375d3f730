package triplet

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// parameter is a named value with a gradient, as a node of a graph is.
type parameter struct {
	name string
	w, g *tensor.Dense
}

func (p parameter) Name() string           { return p.name }
func (p parameter) Value() G.Value         { return p.w }
func (p parameter) Grad() (G.Value, error) { return p.g, nil }

func newParameter(name string, w ...float32) parameter {
	return parameter{name, tensor.New(tensor.WithShape(len(w)), tensor.WithBacking(w)),
		tensor.New(tensor.WithShape(len(w)), tensor.WithBacking(make([]float32, len(w))))}
}

// TestAdamW follows Algorithm 2 of Loshchilov and Hutter in float64, with clipping, rates by name and decay by name.
func TestAdamW(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	params := []parameter{newParameter("a.weight", 1, -2, 3), newParameter("b.bias", 0.5, 0.25), newParameter("LayerNorm.weight", 1)}
	model := []G.ValueGrad{params[0], params[1], params[2]}
	s := &AdamW{LearningRate: 0.01, WeightDecay: 0.1, ClipNorm: 1, Rate: func(n string) float64 { return map[string]float64{"a.weight": 0.5}[n] + 0.5 }}
	rate := map[string]float64{"a.weight": 1, "b.bias": 0.5, "LayerNorm.weight": 0.5}
	w, m, v := map[string][]float64{}, map[string][]float64{}, map[string][]float64{}
	for _, p := range params {
		for _, x := range elements(p.w) {
			w[p.name] = append(w[p.name], float64(x))
		}
		m[p.name], v[p.name] = make([]float64, len(w[p.name])), make([]float64, len(w[p.name]))
	}
	for step := 1; step <= 5; step++ {
		sum := 0.0
		for _, p := range params {
			g := elements(p.g)
			for i := range g {
				g[i] = float32(r.NormFloat64())
				sum += float64(g[i]) * float64(g[i])
			}
		}
		for _, p := range params {
			n := p.name
			for i, g := range elements(p.g) {
				g := float64(g) * min(1, 1/math.Sqrt(sum))
				m[n][i] = 0.9*m[n][i] + 0.1*g
				v[n][i] = 0.999*v[n][i] + 0.001*g*g
				if n == "a.weight" {
					w[n][i] *= 1 - 0.01*rate[n]*0.1
				}
				w[n][i] -= 0.01 * rate[n] * (m[n][i] / (1 - math.Pow(0.9, float64(step)))) / (math.Sqrt(v[n][i]/(1-math.Pow(0.999, float64(step)))) + 1e-8)
			}
		}
		if err := s.Step(model); err != nil {
			t.Fatal(err)
		}
		if math.Abs(s.GradNorm()-math.Sqrt(sum)) > 1e-6 {
			t.Errorf("norm %v, want %v", s.GradNorm(), math.Sqrt(sum))
		}
		for _, p := range params {
			for i, x := range elements(p.w) {
				if d := math.Abs(float64(x) - w[p.name][i]); d > 1e-6 {
					t.Errorf("step %d: %s[%d] is %v, want %v", step, p.name, i, x, w[p.name][i])
				}
			}
		}
	}
	if s.Steps() != 5 {
		t.Errorf("%d steps, want 5", s.Steps())
	}
}

func TestAdamWRefusesNaN(t *testing.T) {
	good, bad := newParameter("good.weight", 1), newParameter("bad.weight", 1)
	elements(good.g)[0], elements(bad.g)[0] = 1, float32(math.NaN())
	s := new(AdamW)
	err := s.Step([]G.ValueGrad{good, bad})
	if err == nil || !strings.Contains(err.Error(), "bad.weight") {
		t.Errorf("error %v, want one that names bad.weight", err)
	}
	if elements(good.w)[0] != 1 || s.Steps() != 0 {
		t.Error("weights or steps changed")
	}
	if err := s.Step([]G.ValueGrad{parameter{name: "x"}}); err == nil || !strings.Contains(err.Error(), "x has no gradient") {
		t.Errorf("error %v for a parameter without a gradient", err)
	}
}

func TestSchedule(t *testing.T) {
	for schedule, want := range map[Schedule][]float64{
		LinearDecay:  {1. / 3, 2. / 3, 1, 0.75, 0.5, 0.25},
		ConstantRate: {1. / 3, 2. / 3, 1, 1, 1, 1},
		CosineDecay:  {1. / 3, 2. / 3, 1, (1 + math.Sqrt2/2) / 2, 0.5, (1 - math.Sqrt2/2) / 2},
	} {
		for step, f := range want {
			if got := schedule.factor(step, 2, 6); math.Abs(got-f) > 1e-12 {
				t.Errorf("%s: factor %v in step %d, want %v", schedule, got, step, f)
			}
		}
	}
	if f := LinearDecay.factor(0, 0, 4); f != 1 {
		t.Errorf("factor %v without warm-up, want 1", f)
	}
}
