package triplet

import (
	"errors"
	"fmt"
	"math"
	"strings"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/org/salesconv/internal/kernel"
)

// AdamW is Adam with decoupled weight decay (Loshchilov and Hutter 2019) as a gorgonia.Solver over float32 tensors, with
// the gradient clipped by its global norm first. The moments belong to the names of the parameters, so models that are
// stepped must be nodes, or name themselves. Fields may change between steps.
type AdamW struct {
	LearningRate float64 // default 2e-5
	Beta1, Beta2 float64 // default 0.9 and 0.999
	Epsilon      float64 // default 1e-8
	WeightDecay  float64 // default 0: none
	// Decays reports whether a parameter decays. Default: all but biases and parameters of LayerNorm.
	Decays func(name string) bool
	// Rate multiplies the learning rate of a parameter, for rates by layer. Default: 1.
	Rate func(name string) float64
	// ClipNorm is the norm, over all parameters together, to which larger gradients are scaled down; default 0:
	// never.
	ClipNorm float64

	pool    *kernel.Pool
	l2sp    float64              // decay towards the anchors, as WeightDecay is towards zero
	anchors map[string][]float32 // by name
	steps   int
	moments map[string]*moments
	norm    float64 // of the last step's gradient, before it was clipped
}

// moments are the running means of a parameter's gradient and of its square.
type moments struct{ m, v []float32 }

// Steps returns the number of steps taken.
func (a *AdamW) Steps() int { return a.steps }

// GradNorm returns the norm of the last step's gradient, all parameters together, before it was clipped.
func (a *AdamW) GradNorm() float64 { return a.norm }

// Step implements gorgonia.Solver. A gradient that is missing or not finite is an error that names the parameter, and
// leaves everything as it was.
func (a *AdamW) Step(model []G.ValueGrad) error {
	if a == nil {
		return errors.New("triplet: no optimizer: it is nil")
	}
	grads := make([][]float32, len(model))
	sum := 0.0
	for i, p := range model {
		g, err := gradient(p)
		if err != nil {
			return err
		}
		squares := kernel.SumSquares(a.pool, g)
		if math.IsNaN(squares) || math.IsInf(squares, 0) {
			return fmt.Errorf("triplet: the gradient of %s is not finite: lower the learning rate", name(p))
		}
		grads[i] = g
		sum += squares
	}
	a.norm = math.Sqrt(sum)
	a.steps++
	step := kernel.AdamWStep{Beta1: or(a.Beta1, 0.9), Beta2: or(a.Beta2, 0.999), Epsilon: or(a.Epsilon, 1e-8), Step: a.steps}
	if a.ClipNorm > 0 && a.norm > a.ClipNorm {
		step.GradientScale = a.ClipNorm / (a.norm + 1e-6)
	}
	for i, p := range model {
		n := name(p)
		step.LearningRate, step.WeightDecay = or(a.LearningRate, 2e-5), a.WeightDecay
		if a.Rate != nil {
			step.LearningRate *= a.Rate(n)
		}
		if a.Decays != nil && !a.Decays(n) || a.Decays == nil && !isMatrix(n) {
			step.WeightDecay = 0
		}
		w := elements(p.Value())
		m := a.of(n, len(w))
		step.WeightDecay += a.l2sp
		kernel.AdamW(a.pool, w, grads[i], m.m, m.v, step)
		if a.l2sp > 0 {
			kernel.Axpy(float32(step.LearningRate*a.l2sp), a.anchors[n], w)
		}
	}
	return nil
}

// anchor makes each step draw the weights towards the given ones.
func (a *AdamW) anchor(strength float64, model []G.ValueGrad, towards [][]float32) {
	a.l2sp, a.anchors = strength, make(map[string][]float32)
	for i, p := range model {
		a.anchors[name(p)] = towards[i]
	}
}

// of returns the moments of a parameter.
func (a *AdamW) of(name string, n int) *moments {
	if a.moments == nil {
		a.moments = make(map[string]*moments)
	}
	m := a.moments[name]
	if m == nil {
		m = &moments{make([]float32, n), make([]float32, n)}
		a.moments[name] = m
	}
	return m
}

// isMatrix reports whether a parameter is a matrix, not a bias or of LayerNorm.
func isMatrix(name string) bool {
	return !strings.HasSuffix(name, ".bias") && !strings.Contains(name, "LayerNorm")
}

func name(p G.ValueGrad) string {
	if n, ok := p.(G.Namer); ok {
		return n.Name()
	}
	return fmt.Sprintf("%p", p)
}

func gradient(p G.ValueGrad) ([]float32, error) {
	g, err := p.Grad()
	if d, ok := g.(*tensor.Dense); err != nil || !ok || d == nil {
		return nil, fmt.Errorf("triplet: parameter %s has no gradient: differentiate the loss by it and run the graph first", name(p))
	}
	return elements(g), nil
}

// elements returns the elements of a float32 tensor.
func elements(v G.Value) []float32 { return v.(*tensor.Dense).Float32s() }

func or(x, standard float64) float64 {
	if x == 0 {
		return standard
	}
	return x
}
