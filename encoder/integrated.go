package encoder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	G "gorgonia.org/gorgonia"

	"github.com/org/salesconv/internal/kernel"
	"github.com/org/salesconv/internal/ops"
)

// Output is a function of the embedding of a segment, such as what the segment adds to the log-odds of a classifier: it
// returns the value and sets grad to its derivative by each element of the embedding. It must not keep the slices.
type Output func(segment int, embedding, grad []float32) float64

// IntegratedOptions are the settings of [Model.IntegratedGradients]. Nil and the zero value are good defaults.
type IntegratedOptions struct {
	// Steps is the initial number of intervals on the path, at most 1024; default 16. It is doubled, four times at most,
	// for segments whose values do not add up within 1%; points computed before are reused.
	Steps   int
	Threads int // that work inside each operation, at most 1024; default GOMAXPROCS
	// Progress watches the number of segments done. Default: none.
	Progress func(done, total int)
}

// Attribution attributes an output to the tokens of a segment.
type Attribution struct {
	Encoding           // the tokens, none cut
	Values   []float64 // what each token adds to the output
	Base     float64   // output where all tokens are masked
	Output   float64   // output for the segment
}

// Residual is Output - Base - ΣValues, the error of the numerical integral.
func (a *Attribution) Residual() float64 {
	rest := a.Output - a.Base
	for _, v := range a.Values {
		rest -= v
	}
	return rest
}

// complete reports whether the values add up, within 1% of their absolute sum.
func (a *Attribution) complete() bool {
	sum := 0.0
	for _, v := range a.Values {
		sum += math.Abs(v)
	}
	return math.Abs(a.Residual()) <= 0.01*sum
}

// IntegratedGradients attributes an output to the tokens of each segment (Sundararajan, Taly and Yan 2017): it integrates the
// gradient of the output along the straight path on which the word embedding of each token moves from the embedding of [MASK]
// ([UNK] in a vocabulary without it) to its own. So the values of all tokens add up to Output - Base, the completeness that
// [Attribution.Residual] checks. [CLS], [SEP] and a prompt are never masked and add nothing; positions stay.
//
// Segments are read as [Model.EncodeSegments] does, nothing cut. The integral is computed by Clenshaw–Curtis quadrature
// (1960). A segment costs about Steps training steps on it, and a batch takes up to 140 MB. Values do not depend on the
// other segments. The method is safe for concurrent use.
func (m *Model) IntegratedGradients(ctx context.Context, segments []string, output Output, opts *IntegratedOptions) ([]Attribution, error) {
	var o IntegratedOptions
	if opts != nil {
		o = *opts
	}
	o.Steps = cmp.Or(o.Steps, 16)
	switch {
	case ctx == nil:
		return nil, errors.New("encoder: nil context")
	case output == nil:
		return nil, errors.New("encoder: integrated gradients of no output: it is nil")
	case o.Steps < 1 || o.Steps > 1024:
		return nil, fmt.Errorf("encoder: Steps is %d, want 1 to 1024, or 0 for the default", o.Steps)
	}
	if err := m.check(o.Threads); err != nil {
		return nil, err
	}
	p, err := m.newPaths(segments, output, o.Threads)
	if err != nil {
		return nil, err
	}
	todo := make([]int, len(segments)) // segments
	for i := range todo {
		todo[i] = i
	}
	for steps := o.Steps; len(todo) > 0 && steps <= 16*o.Steps; steps *= 2 {
		if err := p.integrate(ctx, todo, steps); err != nil {
			return nil, err
		}
		left := len(todo)
		todo = slices.DeleteFunc(todo, func(i int) bool { return p.attributions[i].complete() })
		if o.Progress != nil && len(todo) < left {
			o.Progress(len(segments)-len(todo), len(segments))
		}
	}
	return p.attributions, nil
}

// pathTokens is how many tokens go through the graph at once, unless one sequence is longer.
const pathTokens = 1024

// leafName is the parameter of the network that stands for what the tokens are.
const leafName = "embeddings.word_embeddings.weight"

// paths is a graph that reads points on the paths of segments, each point as a document.
type paths struct {
	*Graph
	vm           G.VM
	output       Output
	attributions []Attribution
	sequences    [][][]int     // of each segment
	slopes       [][][]float64 // of each segment, point of its path and token: the derivative of the output by how far the token is
	masked       int           // id of [MASK]

	word, position, kind []float32 // the tables of embeddings; kind is the row of token type 0
	batch                []point
	tokens               []int     // where each token of the batch is in its segment, -1 if it is never masked
	outputs              []float64 // of each point of the batch
}

// point is a point on the path of a segment: at 0 the tokens are masked, at 1 they are the segment's. It is number k of the
// segment's slopes.
type point struct {
	segment, k int
	at         float64
}

func (m *Model) newPaths(segments []string, output Output, threads int) (*paths, error) {
	p := &paths{output: output, attributions: make([]Attribution, len(segments)), sequences: make([][][]int, len(segments)), slopes: make([][][]float64, len(segments))}
	for id := range m.tokenizer.Size() {
		if t := m.tokenizer.Token(id); t == "[MASK]" || t == "[UNK]" && p.masked == 0 {
			p.masked = id
		}
	}
	for i, s := range segments {
		a := &p.attributions[i]
		a.Encoding = m.tokenizer.Encode(s, 0)
		a.Values = make([]float64, len(a.IDs))
		p.sequences[i] = m.split(a.IDs)
	}
	table := map[string][]float32{}
	for _, t := range m.parameters {
		table[t.Name] = t.Value.Float32s()
	}
	p.word, p.position, p.kind = table[leafName], table["embeddings.position_embeddings.weight"], table["embeddings.token_type_embeddings.weight"]
	all := func(p Parameter) bool { return p.Name != leafName }
	var err error
	if p.Graph, err = m.Graph(&GraphOptions{Gradients: true, Documents: true, Threads: threads, Frozen: all, leaf: p.write}); err != nil {
		return nil, err
	}
	sum, err := p.Loss("outputs", p.Embeddings, p.read)
	if err != nil {
		return nil, err
	}
	if _, err := G.Grad(sum, p.Trainable...); err != nil {
		return nil, fmt.Errorf("encoder: %w", err)
	}
	p.vm, err = p.Compile()
	return p, err
}

// integrate attributes the outputs of some segments, and computes those at the ends of their paths. Slopes at half as many
// steps, where there are any, are kept.
func (p *paths) integrate(ctx context.Context, segments []int, steps int) error {
	for _, i := range segments {
		known, slopes := p.slopes[i], make([][]float64, steps+1)
		p.slopes[i] = slopes
		for k := range slopes {
			if known != nil && k%2 == 0 {
				slopes[k] = known[k/2]
				continue
			}
			slopes[k] = make([]float64, len(p.attributions[i].IDs))
			if len(p.batch) > 0 && len(p.tokens)+len(slopes[k]) > pathTokens {
				if err := p.run(ctx); err != nil {
					return err
				}
			}
			p.add(point{i, k, chebyshev(k, steps)})
		}
	}
	if err := p.run(ctx); err != nil {
		return err
	}
	weights := clenshawCurtis(steps)
	for _, i := range segments {
		values := p.attributions[i].Values
		clear(values)
		for k, w := range weights {
			floats.AddScaled(values, w, p.slopes[i][k])
		}
	}
	return nil
}

// chebyshev is point k of n+1 from 0 to 1 that are closer to each other at both ends.
func chebyshev(k, n int) float64 { return (1 - math.Cos(math.Pi*float64(k)/float64(n))) / 2 }

// clenshawCurtis are the weights of n+1 points of [chebyshev] with which polynomials of degree n are integrated exactly.
func clenshawCurtis(n int) []float64 {
	weights := make([]float64, n+1)
	for k := range weights {
		sum := 1.0
		for j := 1; 2*j <= n; j++ {
			term := 2 / float64(4*j*j-1) * math.Cos(2*math.Pi*float64(j*k)/float64(n))
			if 2*j == n {
				term /= 2
			}
			sum -= term
		}
		weights[k] = sum / float64(n)
	}
	weights[0] /= 2
	weights[n] /= 2
	return weights
}

// add puts a point into the next batch.
func (p *paths) add(next point) {
	sequences, a := p.sequences[next.segment], &p.attributions[next.segment]
	b := p.context.Batch
	if len(p.batch) == 0 {
		b.Reset()
	}
	b.AddSegment(sequences, shares(sequences), 1)
	b.EndDocument()
	p.batch = append(p.batch, next)
	at := 1 // in the segment, after [CLS]
	for _, ids := range sequences {
		for k := range ids {
			token := -1
			if k > 0 && k < len(ids)-1 {
				if span := a.Spans[at]; span[1] > span[0] {
					token = at
				}
				at++
			}
			p.tokens = append(p.tokens, token)
		}
	}
}

// run takes the batch through the graph and adds what it gives.
func (p *paths) run(ctx context.Context) error {
	if len(p.batch) == 0 {
		return nil
	}
	if err := p.Run(ctx, p.vm); err != nil {
		return err
	}
	gradient, err := p.Trainable[0].Grad()
	if err != nil {
		return fmt.Errorf("encoder: %w", err)
	}
	b, width := p.context.Batch, p.model.config.HiddenSize
	rows, mask := gradient.Data().([]float32), p.word[p.masked*width:][:width]
	for d, at := range p.batch {
		a := &p.attributions[at.segment]
		switch at.at {
		case 0:
			a.Base = p.outputs[d]
		case 1:
			a.Output = p.outputs[d]
		}
		for t := b.Offsets[b.Documents[d]]; t < b.Offsets[b.Documents[d+1]]; t++ {
			if token := p.tokens[t]; token >= 0 {
				slope := rows[t*width:][:width]
				own := p.word[b.IDs[t]*width:][:width]
				p.slopes[at.segment][at.k][token] = kernel.Dot(slope, own) - kernel.Dot(slope, mask)
			}
		}
	}
	p.batch, p.tokens = p.batch[:0], p.tokens[:0]
	return nil
}

// write writes the sum of embeddings of each token, as far on its path as its point is.
func (p *paths) write(b *ops.Batch, x []float32) {
	width := p.model.config.HiddenSize
	mask := p.word[p.masked*width:][:width]
	for d, at := range p.batch {
		for s := b.Documents[d]; s < b.Documents[d+1]; s++ {
			for t := b.Offsets[s]; t < b.Offsets[s+1]; t++ {
				own, position := p.word[b.IDs[t]*width:][:width], p.position[(t-b.Offsets[s])*width:][:width]
				share := float32(1)
				if p.tokens[t] >= 0 {
					share = float32(at.at)
				}
				for c, row := 0, x[t*width:][:width]; c < width; c++ {
					row[c] = share*own[c] + (1-share)*mask[c] + position[c] + p.kind[c]
				}
			}
		}
	}
}

// read is the sum of the outputs of all points.
func (p *paths) read(n, width int, x, grad []float32) (sum float64, err error) {
	p.outputs = p.outputs[:0]
	for d := range n {
		slope := grad[d*width:][:width]
		v := p.output(p.batch[d].segment, x[d*width:][:width], slope)
		if v-v != 0 {
			return 0, fmt.Errorf("the output of segment %d is %v", p.batch[d].segment, v)
		}
		for j, s := range slope {
			if s-s != 0 {
				return 0, fmt.Errorf("the output of segment %d has the derivative %v by element %d of the embedding", p.batch[d].segment, s, j)
			}
		}
		p.outputs = append(p.outputs, v)
		sum += v
	}
	return sum, nil
}
