package conversion

import (
	"math"

	"github.com/org/salesconv/encoder"
)

// A pool makes one vector of the vectors of a call's turns, as the [encoder.Pooling] of its block does, but turn by
// turn: add costs the same however long the call already is. The vector equals the pooling's to within rounding.
type pool interface {
	add(turn []float32)
	vector() []float32 // of the turns added so far, one or more
}

// sum is Σ weight·turn.
type sum []float64

func (s sum) add(weight float64, turn []float32) {
	for j, v := range turn {
		s[j] += weight * float64(v)
	}
}

// combine returns Σ factors[k]·sums[k].
func combine(factors []float64, sums ...sum) []float32 {
	y := make([]float32, len(sums[0]))
	for j := range y {
		v := 0.0
		for k, s := range sums {
			v += factors[k] * s[j]
		}
		y[j] = float32(v)
	}
	return y
}

// mean pools as [encoder.Mean] does.
type mean struct {
	n     float64
	turns sum
}

func newMean(m *encoder.Model) pool { return &mean{turns: make(sum, m.Width())} }

func (p *mean) add(turn []float32) { p.n++; p.turns.add(1, turn) }
func (p *mean) vector() []float32  { return combine([]float64{1 / p.n}, p.turns) }

// first pools as [encoder.First] does: turns after the first ones change nothing.
type first struct{ mean }

func newFirst(m *encoder.Model) pool { return &first{mean{turns: make(sum, m.Width())}} }

func (p *first) add(turn []float32) {
	if p.n < First {
		p.mean.add(turn)
	}
}

// last pools as [encoder.Last] does: it keeps the last n turns.
type last struct {
	n     int
	turns [][]float32
}

func (p *last) add(turn []float32) {
	p.turns = append(p.turns, turn)
	p.turns = p.turns[max(0, len(p.turns)-p.n):]
}

func (p *last) vector() []float32 {
	total := make(sum, len(p.turns[0]))
	for _, t := range p.turns {
		total.add(1, t)
	}
	return combine([]float64{1 / float64(len(p.turns))}, total)
}

// trend pools as [encoder.Trend] does. Turn i of n has the weight (i/(n-1) - 1/2) / squares, so that two sums do: of the
// turns, and of each times its number.
type trend struct {
	n               float64
	turns, numbered sum
}

func newTrend(m *encoder.Model) pool {
	return &trend{turns: make(sum, m.Width()), numbered: make(sum, m.Width())}
}

func (p *trend) add(turn []float32) {
	p.turns.add(1, turn)
	p.numbered.add(p.n, turn)
	p.n++
}

func (p *trend) vector() []float32 {
	if p.n == 1 {
		return make([]float32, len(p.turns))
	}
	squares := p.n * (p.n + 1) / (12 * (p.n - 1)) // Σ (i/(n-1) - 1/2)²
	return combine([]float64{1 / (p.n - 1) / squares, -0.5 / squares}, p.numbered, p.turns)
}

// attention pools as [encoder.AttentionPooling] does: sums are of weights exp(query·turn - top), rescaled when top rises.
type attention struct {
	query       []float32
	top, weight float64
	turns       sum
}

// newAttention pools by the query that the model was trained with.
func newAttention(m *encoder.Model) pool {
	return &attention{query: m.Heads().Query, top: math.Inf(-1), turns: make(sum, m.Width())}
}

func (p *attention) add(turn []float32) {
	score := 0.0
	for j, q := range p.query {
		score += float64(q) * float64(turn[j])
	}
	if score > p.top {
		shrink := math.Exp(p.top - score)
		p.weight *= shrink
		for j := range p.turns {
			p.turns[j] *= shrink
		}
		p.top = score
	}
	w := math.Exp(score - p.top)
	p.weight += w
	p.turns.add(w, turn)
}

func (p *attention) vector() []float32 { return combine([]float64{1 / p.weight}, p.turns) }
