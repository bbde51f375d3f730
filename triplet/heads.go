package triplet

import (
	"fmt"
	"math"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/internal/ops"
)

// Task is a column of the metadata that a linear classifier predicts from the embeddings of documents during training,
// which keeps information there that training on the labels alone would lose. The classifier is among the model's
// [encoder.Heads].
type Task struct {
	Name    string
	Targets []string // the class of each document; "": unknown
	Classes []string // all classes; default: the classes among Targets
	Weight  float64  // of its loss, the main one having 1; default 0.1
}

// headRate is the learning rate of heads, which start from zeros and read rows of norm 1 or less, whose elements are
// so small that weights have to become large.
const headRate = 2e-2

// mostClasses bounds what a task may ask for: a column of free text is no classification.
const mostClasses = 1000

// task is a Task in the graph of the head.
type task struct {
	Task
	label        bool // it is the classifier of the labels
	classes      []string
	targets      []int // of each document, among the classes; below 0: unknown
	weight, bias *G.Node
	p            []float64
}

// newTasks validates tasks and numbers their classes. The classifier of the labels is the first, if there is one.
func newTasks(o *Options, labels []int) ([]*task, error) {
	var all []*task
	if o.LabelWeight > 0 {
		all = append(all, &task{Task: Task{Weight: o.LabelWeight}, label: true, classes: []string{"0", "1"}, targets: labels})
	}
	documents := len(labels)
	for _, t := range o.Tasks {
		if slices.ContainsFunc(all, func(other *task) bool { return !other.label && other.Name == t.Name }) {
			return nil, fmt.Errorf("triplet: two tasks are named %q", t.Name)
		}
		if len(t.Targets) != documents {
			return nil, fmt.Errorf("triplet: task %q has %d targets for %d documents", t.Name, len(t.Targets), documents)
		}
		if t.Weight = or(t.Weight, 0.1); !(t.Weight > 0) || math.IsInf(t.Weight, 0) {
			return nil, fmt.Errorf("triplet: task %q has weight %v, want above 0", t.Name, t.Weight)
		}
		k := &task{Task: t}
		k.classes = slices.Compact(slices.Sorted(slices.Values(slices.Concat(t.Classes, t.Targets))))
		if len(k.classes) > 0 && k.classes[0] == "" {
			k.classes = k.classes[1:]
		}
		if n := len(k.classes); n < 2 || n > mostClasses {
			return nil, fmt.Errorf("triplet: task %q has %d classes among %d documents, want 2 to %d", t.Name, n, documents, mostClasses)
		}
		for _, target := range t.Targets {
			c, known := slices.BinarySearch(k.classes, target)
			if !known {
				c = -1
			}
			k.targets = append(k.targets, c)
		}
		all = append(all, k)
	}
	return all, nil
}

// parameter puts one of a head's, initially zeros, into its graph.
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

// pool builds the pooling of sequences into documents: as their weighted mean, or with attention through segments, as
// [encoder.AttentionPooling] does; without attention in as many blocks as batches have weights for.
func (h *head) pool(m *encoder.Model, o *Options) (*G.Node, error) {
	if !o.Attention {
		return ops.Documents(h.context, "documents", h.rows, o.pooled().Blocks())
	}
	h.query = h.parameter("attention", m.Width())
	if before := m.Heads(); before != nil && before.Query != nil {
		copy(elements(h.query.Value()), before.Query)
	}
	h.segments = &ops.Context[float32]{Pool: h.context.Pool, Keep: true}
	segments, err := ops.Documents(h.segments, "segments", h.rows, 1)
	if err != nil {
		return nil, err
	}
	return ops.AttentiveDocuments(h.context, "documents", segments, h.query)
}

// task adds the loss of one task to the graph.
func (h *head) task(t *task, documents *G.Node) (*G.Node, error) {
	name := "task." + t.Name
	if t.label {
		name = "label"
	}
	t.weight = h.parameter(name+".weight", len(t.classes), documents.Shape()[1])
	t.bias = h.parameter(name+".bias", len(t.classes))
	scores, err := ops.Linear(h.context, name, documents, t.weight, t.bias)
	if err != nil {
		return nil, err
	}
	return ops.Loss(h.context, name+".loss", scores, func(rows, classes int, x, grad []float32) (float64, error) {
		return t.crossEntropy(h.batch.documents, classes, x, grad), nil
	})
}

// crossEntropy is the mean over the documents whose class is known, times the task's weight.
func (t *task) crossEntropy(documents []int, classes int, x, grad []float32) float64 {
	clear(grad)
	known := 0
	for _, d := range documents {
		if t.targets[d] >= 0 {
			known++
		}
	}
	t.p = resize(t.p, classes)
	value, p := 0.0, t.p
	for i, d := range documents {
		target := t.targets[d]
		if target < 0 {
			continue
		}
		top, sum := math.Inf(-1), 0.0
		for c := range p {
			p[c] = float64(x[i*classes+c])
			top = max(top, p[c])
		}
		for c := range p {
			p[c] = math.Exp(p[c] - top)
			sum += p[c]
		}
		w := t.Weight / float64(known)
		value += w * (math.Log(sum) + top - float64(x[i*classes+target]))
		for c := range p {
			grad[i*classes+c] = float32(w * p[c] / sum)
		}
		grad[i*classes+target] = float32(w * (p[target]/sum - 1))
	}
	return value
}

// heads are the model's, in the memory of the graph: they change as it is trained.
func (h *head) heads() *encoder.Heads {
	if h.query == nil && len(h.tasks) == 0 {
		return nil
	}
	all := &encoder.Heads{Last: h.last, Trend: h.trend}
	if h.query != nil {
		all.Query = elements(h.query.Value())
	}
	for _, t := range h.tasks {
		if c := t.classifier(); t.label {
			all.Label = &c
		} else {
			all.Tasks = append(all.Tasks, c)
		}
	}
	return all
}

// classifier is the task's, in the memory of the graph.
func (t *task) classifier() encoder.Task {
	c := encoder.Task{Name: t.Name, Classes: t.classes, Bias: elements(t.bias.Value())}
	w := elements(t.weight.Value())
	for row := range slices.Chunk(w, len(w)/len(t.classes)) {
		c.Matrix = append(c.Matrix, row)
	}
	return c
}
