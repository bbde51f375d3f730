package encoder

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"

	"github.com/org/salesconv/internal/kernel"
)

// Heads are the parts that package triplet trains on top of the encoder, for documents. They belong to the model:
// [Model.Save] writes them to heads.json and [Load] reads them there. sentence-transformers ignores that file.
type Heads struct {
	// Query is the query of the [AttentionPooling] of documents, [width]; nil: their [Mean].
	Query []float32 `json:"attention_query,omitempty"`
	// Label is the classifier of the labels, with the classes "0" and "1"; nil: none.
	Label *Task `json:"label,omitempty"`
	// Tasks are the classifiers of further columns, one for each.
	Tasks []Task `json:"tasks,omitempty"`
	// Last and Trend are what Label and Tasks read in addition to the pooled segments, see Pooling: the mean of the last
	// n segments, and the trend over all. Default: neither.
	Last  int  `json:"last,omitempty"`
	Trend bool `json:"trend,omitempty"`
}

// Pooling is the pooling that Label and Tasks read, in one block or several: the [Mean] of the segments, or
// [AttentionPooling] by the Query; then, if set, the [Last] segments and the [Trend]. Without heads it is the mean.
func (h *Heads) Pooling() Pooling {
	if h == nil {
		return Mean
	}
	all := []Pooling{Mean}
	if h.Query != nil {
		all[0] = AttentionPooling(h.Query)
	}
	if h.Last > 0 {
		all = append(all, Last(h.Last))
	}
	if h.Trend {
		all = append(all, Trend)
	}
	return Join(all...)
}

// Blocks is the number of blocks that Pooling makes, 1 without heads.
func (h *Heads) Blocks() int {
	n := 1
	if h == nil {
		return n
	}
	if h.Last > 0 {
		n++
	}
	if h.Trend {
		n++
	}
	return n
}

// Task returns the task of the given name, nil if there is none.
func (h *Heads) Task(name string) *Task {
	if h == nil {
		return nil
	}
	for i := range h.Tasks {
		if h.Tasks[i].Name == name {
			return &h.Tasks[i]
		}
	}
	return nil
}

// Task is a linear classifier that predicts a known property of documents, such as a column of the metadata, from their
// embeddings.
type Task struct {
	Name    string      `json:"name"`
	Classes []string    `json:"classes"`
	Matrix  [][]float32 `json:"matrix"` // [classes][width], of all blocks of [Heads.Pooling]
	Bias    []float32   `json:"bias"`   // [classes]
}

// Predict returns the probability of each class for the embedding of a document.
func (t *Task) Predict(row []float32) ([]float64, error) {
	if t == nil {
		return nil, errors.New("encoder: no task: it is nil")
	}
	if len(t.Matrix) == 0 || len(t.Matrix[0]) != len(row) {
		return nil, fmt.Errorf("encoder: task %q cannot read a row of %d", t.Name, len(row))
	}
	p := make([]float64, len(t.Bias))
	for c := range p {
		p[c] = float64(t.Bias[c]) + kernel.Dot(t.Matrix[c], row)
	}
	softmax(p)
	return p, nil
}

// Margin returns a task of two classes as one linear function of an embedding, coefficients·x + intercept: the log odds
// of the given class. A nil task, a class that it does not have, or another number of classes than two, is an error.
func (t *Task) Margin(class string) (coefficients []float64, intercept float64, err error) {
	if t == nil {
		return nil, 0, fmt.Errorf("encoder: no task, want one with the class %q", class)
	}
	yes := slices.Index(t.Classes, class)
	if len(t.Classes) != 2 || yes < 0 {
		return nil, 0, fmt.Errorf("encoder: task %q has the classes %q, want two and %q among them", t.Name, t.Classes, class)
	}
	no := 1 - yes
	for j, w := range t.Matrix[yes] {
		coefficients = append(coefficients, float64(w)-float64(t.Matrix[no][j]))
	}
	return coefficients, float64(t.Bias[yes]) - float64(t.Bias[no]), nil
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

// Heads returns the heads of the model, nil if it has none. They are to be read only.
func (m *Model) Heads() *Heads { return m.heads }

// SetHeads gives the model heads of its width, nil to take them away. Nothing else may use the model meanwhile.
func (m *Model) SetHeads(h *Heads) error {
	if err := m.check(0); err != nil {
		return err
	}
	if err := h.check(m.Width()); err != nil {
		return fmt.Errorf("encoder: %w", err)
	}
	m.heads = h
	return nil
}

// Pooling is how the model pools the segments of documents by default: the [AttentionPooling] that it was
// trained with, or else [Mean]. See [Pooling.Weights] for the weights of a document's segments.
func (m *Model) Pooling() Pooling {
	if m.heads == nil || m.heads.Query == nil {
		return Mean
	}
	return AttentionPooling(m.heads.Query)
}

// clone copies the numbers; names and classes are never changed.
func (h *Heads) clone() *Heads {
	if h == nil {
		return nil
	}
	c := &Heads{Query: slices.Clone(h.Query), Tasks: slices.Clone(h.Tasks), Last: h.Last, Trend: h.Trend}
	if h.Label != nil {
		label := h.Label.clone()
		c.Label = &label
	}
	for i := range c.Tasks {
		c.Tasks[i] = c.Tasks[i].clone()
	}
	return c
}

func (t Task) clone() Task {
	t.Bias, t.Matrix = slices.Clone(t.Bias), slices.Clone(t.Matrix)
	for i, row := range t.Matrix {
		t.Matrix[i] = slices.Clone(row)
	}
	return t
}

// check returns an error if heads do not fit embeddings of a width.
func (h *Heads) check(width int) error {
	if h == nil {
		return nil
	}
	if h.Query != nil {
		if err := wide("attention_query", h.Query, width); err != nil {
			return err
		}
	}
	if h.Last < 0 {
		return fmt.Errorf("last: %d segments, want 0 or more", h.Last)
	}
	width *= h.Blocks()
	if h.Label != nil {
		if err := h.Label.check("label", width); err != nil {
			return err
		}
	}
	for i, t := range h.Tasks {
		if err := t.check(fmt.Sprintf("task %d, %q", i, t.Name), width); err != nil {
			return err
		}
	}
	return nil
}

// check returns an error if the shapes differ from what embeddings of a width need, or a number is not finite.
func (t *Task) check(name string, width int) error {
	if n := len(t.Classes); n == 0 || len(t.Matrix) != n || len(t.Bias) != n {
		return fmt.Errorf("%s: %d classes, %d rows in the matrix and %d biases, want the same number of each, 1 or more", name, n, len(t.Matrix), len(t.Bias))
	}
	for _, row := range t.Matrix {
		if err := wide(name+": matrix", row, width); err != nil {
			return err
		}
	}
	return wide(name+": bias", t.Bias, len(t.Bias))
}

// wide returns an error unless x has width numbers, all finite.
func wide(what string, x []float32, width int) error {
	if len(x) != width {
		return fmt.Errorf("%s: %d numbers, want %d", what, len(x), width)
	}
	for _, v := range x {
		if v-v != 0 {
			return fmt.Errorf("%s: %v is not finite", what, v)
		}
	}
	return nil
}

const headsFile = "heads.json"

// readHeads reads the heads in a directory, if it has any.
func (m *Model) readHeads(fsys fs.FS) error {
	b, err := readFile(fsys, headsFile, maxTokenizerSize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	h := new(Heads)
	if err = json.Unmarshal(b, h); err == nil {
		err = h.check(m.Width())
	}
	if err != nil {
		return fmt.Errorf("encoder: %s: %w", headsFile, err)
	}
	m.heads = h
	return nil
}

// encode gives what heads.json holds.
func (h *Heads) encode() []byte {
	b, err := json.Marshal(h)
	if err != nil {
		panic(err) // numbers that are not finite, which check refuses
	}
	return b
}
