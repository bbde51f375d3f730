package classify

import (
	"encoding/json"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/org/salesconv/classify/internal/boost"
	"github.com/org/salesconv/internal/kernel"
	"github.com/org/salesconv/internal/matrix"
	"github.com/org/salesconv/internal/parallel"
	"gonum.org/v1/gonum/mat"
)

// Boosted is a sum of regression trees for the log-odds, fitted by FitBoosted or read by ReadXGBoost or Load.
// It may be used by many goroutines at once.
type Boosted struct {
	columns   int
	baseScore float32 // the probability before the first tree
	posWeight float32 // what label 1 weighed in training; only kept for the file
	names     []string
	types     []string // "q", "c", …: XGBoost's names for the kinds of columns
	dart      bool
	trees     []Tree
	parallel  int    // trees of an iteration
	rest      []Tree // of an early-stopped file, after its best iteration: only kept for the file

	attributes map[string]string // of an XGBoost file, and its table of categories; only kept for the file
	categories json.RawMessage

	base   float32 // the log-odds of baseScore
	forest *boost.Forest
}

// A Tree is one regression tree of a Boosted model, what a row adds to the log-odds; only to be read. It has
//
//	Nodes []Node     // Nodes[0] is the root; children come after their parent
//	Scale float32    // what the leaf values are multiplied by: the weight DART gave the tree, otherwise 1
//
// and the method Leaf(row []float32) int, the index of the leaf that a row ends in.
type Tree = boost.Tree

// A Node of a Tree splits the rows that reach it, or is a leaf. It has
//
//	Left, Right int        // indices of the children, -1 in a leaf
//	Feature     int        // the column that the split tests
//	Threshold   float32    // values below it go left
//	Categories  []uint32   // nil, or a split by category: a bit set of those that go right (bit c%32 of word c/32)
//	DefaultLeft bool       // where a missing value (NaN) goes
//	Value       float32    // leaf: what it adds to the log-odds, before the tree's Scale
//	Weight      float32    // the best constant for the rows of the node, before shrinking by the learning rate
//	Gain        float32    // split: by how much it lowers the regularized loss
//	Cover       float32    // sum of the second derivatives of the loss over the training rows of the node
//
// and the methods IsLeaf() bool and Next(v float32) int, the child that a row with value v in column Feature goes to.
type Node = boost.Node

// finish makes ready for prediction.
func (b *Boosted) finish() { b.base, b.forest = baseMargin(b.baseScore), boost.NewForest(b.trees) }

// Trees are the trees in their order, for explanations; only to be read. The log-odds of a row are Base plus, for
// each tree, Scale times the Value of the leaf that the row ends in.
func (b *Boosted) Trees() []Tree { return b.orNone().trees }

// Base is the log-odds before the first tree.
func (b *Boosted) Base() float64 { return float64(b.orNone().base) }

// Columns is the number of columns that rows must have.
func (b *Boosted) Columns() int { return b.orNone().columns }

// orNone is a model without columns and trees where b is nil.
func (b *Boosted) orNone() *Boosted {
	if b == nil {
		return new(Boosted)
	}
	return b
}

// baseMargin is the logit of a probability, in the arithmetic of XGBoost.
func baseMargin(p float32) float32 {
	const edge = 1e-6
	p = min(max(p, edge), 1-float32(edge))
	return -float32(math.Log(float64(1/p - 1)))
}

// Predict gives the probability of label 1 for each row of x. NaN is a missing value.
func (b *Boosted) Predict(x mat.Matrix) ([]float64, error) { return sigmoids(b.Margins(x)) }

// Margins gives the log-odds of label 1 for each row of x. They are summed in float32 in the order of the trees, as
// XGBoost sums them.
func (b *Boosted) Margins(x mat.Matrix) ([]float64, error) {
	if b == nil || b.forest == nil {
		return nil, errNoModel
	}
	if err := checkWidth(x, b.columns); err != nil {
		return nil, err
	}
	n, d := x.Dims()
	rows := matrix.Of(x)
	out := make([]float64, n)
	const block = kernel.ForestRows // rows of 384 values that fit the first-level cache together
	const group = 32 * block        // rows that a goroutine takes at a time
	parallel.Do((n+group-1)/group, func(g int) {
		buf := make([]float32, min(n, block)*d)
		from, to := g*group, min(n, (g+1)*group)
		for ; from+block <= to; from += block {
			var margin [block]float32
			for k := range margin {
				row := buf[k*d : (k+1)*d]
				copy(row, rows.Row32(from+k, row))
				margin[k] = b.base
			}
			b.forest.Add(buf, d, &margin)
			for k, v := range margin {
				out[from+k] = float64(v)
			}
		}
		for ; from < to; from++ {
			out[from] = float64(b.forest.AddRow(rows.Row32(from, buf[:d]), b.base))
		}
	})
	return out, nil
}

// Save writes the model for Load.
func (b *Boosted) Save(w io.Writer) error {
	if b == nil || b.columns == 0 {
		return errNoModel
	}
	return encode(w, "boosted", b.file())
}

// decodeBoosted reads the model of a saved file, which is XGBoost's.
func decodeBoosted(raw json.RawMessage) (Classifier, error) { return boostedFromJSON(raw) }

// Importance measures how much the trees use each column: the number of splits, and the means of their gains and covers
// (0 where there are none). These are XGBoost's "weight", "gain" and "cover"; splits times the others are its
// "total_gain" and "total_cover".
func (b *Boosted) Importance() (splits []int, gain, cover []float64) {
	b = b.orNone()
	splits, gain, cover = make([]int, b.columns), make([]float64, b.columns), make([]float64, b.columns)
	for i := range b.trees {
		for _, n := range b.trees[i].Nodes {
			if !n.IsLeaf() {
				splits[n.Feature]++
				gain[n.Feature] += float64(n.Gain)
				cover[n.Feature] += float64(n.Cover)
			}
		}
	}
	for j, s := range splits {
		if s > 0 {
			gain[j] /= float64(s)
			cover[j] /= float64(s)
		}
	}
	return splits, gain, cover
}

// WithAllTrees is the model with the trees after the best iteration of an early-stopped XGBoost file too, which
// ReadXGBoost leaves out; the model itself where there are none. Written, it no longer names a best iteration.
func (b *Boosted) WithAllTrees() *Boosted {
	if b == nil || len(b.rest) == 0 {
		return b
	}
	all := *b
	all.trees, all.rest = slices.Concat(b.trees, b.rest), nil
	all.attributes = maps.Clone(b.attributes)
	delete(all.attributes, "best_iteration")
	delete(all.attributes, "best_ntree_limit")
	delete(all.attributes, "best_score")
	all.finish()
	return &all
}

// Categories are the names of the categories of a column, by number, that an XGBoost file (3.1 or later) brought along:
// strings as they are, numbers in decimal digits. Nil where there are none.
func (b *Boosted) Categories(column int) []string {
	var table struct {
		Columns []struct {
			Offsets []int             `json:"offsets"`
			Values  []json.RawMessage `json:"values"`
			Type    *int              `json:"type"` // of numbers; nil: the values are the bytes of strings
		} `json:"enc"`
	}
	if len(b.categories) == 0 || json.Unmarshal(b.categories, &table) != nil || column < 0 || column >= len(table.Columns) {
		return nil
	}
	c := table.Columns[column]
	var names []string
	if c.Type != nil {
		for _, v := range c.Values {
			names = append(names, string(v))
		}
		return names
	}
	text := make([]byte, len(c.Values))
	for i, v := range c.Values {
		n, err := strconv.Atoi(string(v))
		if err != nil {
			return nil
		}
		text[i] = byte(n)
	}
	for k := 1; k < len(c.Offsets); k++ {
		from, to := c.Offsets[k-1], c.Offsets[k]
		if from < 0 || to < from || to > len(text) {
			return nil
		}
		names = append(names, string(text[from:to]))
	}
	return names
}

// Names are the names of the columns, of BoostedOptions or of an XGBoost file, or nil.
func (b *Boosted) Names() []string { return slices.Clone(b.orNone().names) }
