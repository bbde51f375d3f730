package triplet

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/internal/atomicfile"
	"github.com/org/salesconv/internal/kernel"
	"github.com/org/salesconv/internal/ops"
)

// Heads learn beside the encoder, on top of it, and come back filled in. A model directory can hold them in a file of
// their own, heads.json, of which sentence-transformers takes no notice: there, documents are plain means.
type Heads struct {
	Attention *Attention `json:"attention,omitempty"` // how segments make a document; default nil: their mean
	Tasks     []*Task    `json:"tasks,omitempty"`     // what else documents' rows are to tell; default none
}

// Attention makes a document's row the mean of its segments' rows in which a segment weighs as exp(Query·row), so that
// telling turns count for more. The zero value begins with the plain mean.
type Attention struct {
	Query []float32 `json:"query"` // [width]
}

// Task is a column of the metadata that a linear classifier predicts from the rows during training, which keeps in the
// rows what the labels alone would let go.
type Task struct {
	Name    string      `json:"name"`
	Targets []int       `json:"-"`      // the class of each document from 0 on; below 0: unknown
	Weight  float64     `json:"weight"` // of its loss beside the main one; default 0.1
	Matrix  [][]float32 `json:"matrix"` // [classes][width], filled in by Train
	Bias    []float32   `json:"bias"`   // [classes], filled in by Train
	classes int
}

// headRate is the learning rate of heads, which begin with nothing to lose.
const headRate = 1e-3

const headsFile = "heads.json"

// Save writes the heads into a model directory.
func (h *Heads) Save(dir string) error {
	err := atomicfile.WriteFile(filepath.Join(dir, headsFile), func(w io.Writer) error { return json.NewEncoder(w).Encode(h) })
	if err != nil {
		return fmt.Errorf("triplet: %w", err)
	}
	return nil
}

// LoadHeads reads those of a model directory; an error that wraps fs.ErrNotExist says that it has none.
func LoadHeads(dir string) (*Heads, error) {
	file := filepath.Join(dir, headsFile)
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("triplet: %w", err)
	}
	h := new(Heads)
	if err := json.Unmarshal(b, h); err != nil {
		return nil, fmt.Errorf("triplet: %s: %w", file, err)
	}
	for i, t := range h.Tasks {
		if t == nil || len(t.Matrix) == 0 || len(t.Matrix) != len(t.Bias) {
			return nil, fmt.Errorf("triplet: %s: task %d: want a matrix, and a bias for each of its rows", file, i)
		}
		for _, row := range t.Matrix {
			if len(row) != len(t.Matrix[0]) {
				return nil, fmt.Errorf("triplet: %s: task %q: rows of %d and %d in the matrix", file, t.Name, len(t.Matrix[0]), len(row))
			}
		}
	}
	return h, nil
}

// EncodeDocuments gives documents their rows [documents][width] and each segment its weight in its document's.
func (a *Attention) EncodeDocuments(ctx context.Context, m *encoder.Model, docs [][]string, opts *encoder.Options) (rows, weights [][]float32, err error) {
	if len(a.Query) != m.Width() {
		return nil, nil, fmt.Errorf("triplet: attention over rows of %d, the model's have %d", len(a.Query), m.Width())
	}
	var segments []string
	for i, d := range docs {
		if len(d) == 0 {
			return nil, nil, fmt.Errorf("triplet: document %d has no segments", i)
		}
		segments = append(segments, d...)
	}
	e, err := m.EncodeSegments(ctx, segments, opts)
	if err != nil {
		return nil, nil, err
	}
	at := 0
	for _, d := range docs {
		var x []float32
		share := make([]float32, len(d))
		for s := range d {
			x = append(x, e.RawRow(at+s)...)
			share[s] = 1
		}
		bounds, row := []int{0, len(d)}, make([]float32, m.Width())
		kernel.WeightedSum(nil, x, bounds, ops.Attend(x, a.Query, bounds, share), len(row), row)
		rows, weights, at = append(rows, row), append(weights, share), at+len(d)
	}
	return rows, weights, nil
}

// Predict returns the probabilities of the classes for one document's row. A task that Train has not filled in, or for
// rows of another width, is an error.
func (t *Task) Predict(row []float32) ([]float64, error) {
	if len(t.Matrix) == 0 || len(t.Matrix[0]) != len(row) {
		return nil, fmt.Errorf("triplet: task %q cannot read a row of %d: train it on rows of this width first", t.Name, len(row))
	}
	p := make([]float64, len(t.Bias))
	for c := range p {
		p[c] = float64(t.Bias[c]) + kernel.Dot(t.Matrix[c], row)
	}
	softmax(p)
	return p, nil
}

// softmax replaces x by its softmax.
func softmax(x []float64) {
	top, sum := math.Inf(-1), 0.0
	for _, v := range x {
		top = max(top, v)
	}
	for i, v := range x {
		x[i] = math.Exp(v - top)
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
}

// check says what is wrong with the tasks, and counts their classes.
func (h *Heads) check(documents int) error {
	names := make(map[string]bool)
	for _, t := range h.Tasks {
		if names[t.Name] {
			return fmt.Errorf("triplet: two tasks are named %q", t.Name)
		}
		names[t.Name] = true
		if len(t.Targets) != documents {
			return fmt.Errorf("triplet: task %q has %d targets for %d documents", t.Name, len(t.Targets), documents)
		}
		t.classes = 0
		for _, c := range t.Targets {
			t.classes = max(t.classes, c+1)
		}
		if t.classes < 2 || t.classes > 1000 {
			return fmt.Errorf("triplet: task %q has %d classes, want 2 to 1000", t.Name, t.classes)
		}
		if t.Weight = or(t.Weight, 0.1); !(t.Weight > 0) || math.IsInf(t.Weight, 0) {
			return fmt.Errorf("triplet: task %q has weight %v, want above 0", t.Name, t.Weight)
		}
	}
	return nil
}

// settings are what the caller chose, without what Train fills in.
func (h *Heads) settings() (all []any) {
	if h == nil {
		return nil
	}
	all = append(all, h.Attention != nil)
	for _, t := range h.Tasks {
		all = append(all, t.Name, t.Weight, t.Targets)
	}
	return all
}

// parameter puts one of a head's, zeros to begin with, into its graph.
func (h *head) parameter(name string, shape ...int) *G.Node {
	n := 1
	for _, s := range shape {
		n *= s
	}
	v := tensor.New(tensor.WithShape(shape...), tensor.WithBacking(make([]float32, n)))
	p := G.NewTensor(h.rows.Graph(), tensor.Float32, len(shape), G.WithShape(shape...), G.WithName("head."+name), G.WithValue(v))
	h.parameters = append(h.parameters, p)
	return p
}

// pool puts the pooling of sequences into the graph.
func (h *head) pool(width int, a *Attention) (*G.Node, error) {
	if a == nil {
		return ops.Documents(h.context, "documents", h.rows)
	}
	h.query = h.parameter("attention", width)
	return ops.AttentiveDocuments(h.context, "documents", h.rows, h.query)
}

// task adds the loss of one task to the graph.
func (h *head) task(t *Task, documents *G.Node) (*G.Node, error) {
	name := "task." + t.Name
	w := h.parameter(name+".weight", t.classes, documents.Shape()[1])
	b := h.parameter(name+".bias", t.classes)
	scores, err := ops.Linear(h.context, name, documents, w, b)
	if err != nil {
		return nil, err
	}
	return ops.Loss(h.context, name+".loss", scores, func(rows, classes int, x, grad []float32) (float64, error) {
		return t.crossEntropy(h.batch.documents, classes, x, grad), nil
	})
}

// crossEntropy is the mean over the documents whose class is known, times the task's weight.
func (t *Task) crossEntropy(documents []int, classes int, x, grad []float32) float64 {
	clear(grad)
	known := 0
	for _, d := range documents {
		if t.Targets[d] >= 0 {
			known++
		}
	}
	value, p := 0.0, make([]float64, classes)
	for i, d := range documents {
		target := t.Targets[d]
		if target < 0 {
			continue
		}
		for c := range p {
			p[c] = float64(x[i*classes+c])
		}
		softmax(p)
		w := t.Weight / float64(known)
		value -= w * math.Log(max(p[target], 1e-300))
		p[target]--
		for c := range p {
			grad[i*classes+c] = float32(w * p[c])
		}
	}
	return value
}

// fill hands what was learnt to the caller's heads.
func (h *head) fill(to *Heads) {
	if to == nil {
		return
	}
	if to.Attention != nil {
		to.Attention.Query = append([]float32(nil), elements(h.query.Value())...)
	}
	for _, t := range to.Tasks {
		t.Matrix = nil
		for _, p := range h.parameters {
			v := elements(p.Value())
			switch p.Name() {
			case "head.task." + t.Name + ".bias":
				t.Bias = append([]float32(nil), v...)
			case "head.task." + t.Name + ".weight":
				for width := len(v) / t.classes; len(v) > 0; v = v[width:] {
					t.Matrix = append(t.Matrix, append([]float32(nil), v[:width]...))
				}
			}
		}
	}
}
