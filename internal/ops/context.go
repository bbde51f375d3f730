package ops

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"unsafe"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/org/salesconv/internal/kernel"
)

// Context is shared by the operations of one graph. The fields up to Keep are set before the first operation is
// made, the others before a run.
type Context[T kernel.Float] struct {
	Pool  *kernel.Pool // nil: serial
	Packs *Packs[T]    // nil: made for this context alone
	// Keep holds the activations that a backward pass needs. Without it, and below all that is trainable, operations of one kind
	// share their output, which is then not to be read after a run.
	Keep bool

	Batch      *Batch
	Train      bool   // dropout is on
	Seed, Step uint64 // choose, with the name of the operation, what is dropped
	Accumulate bool   // add to the gradients of the run before instead of replacing them
	Int8       bool   // multiply by weights in 8-bit arithmetic, for inference; float32 alone

	frozen map[*G.Node]bool
	tip    *G.Node // the end of the chain
	end    int     // the slot of its output
	norm   *G.Node // the last LayerNorm of the chain
	shared [slots]*[]T
	part   buffer[T]       // of a gradient that is added to another
	ctx    context.Context // of the run
	err    error
}

// Nominal numbers of rows: a graph needs some shape to be built, and runs on any.
const (
	tokens    = 7
	sequences = 5
	documents = 3
)

// The chain is Embed, LayerNorm, Dropout, then layers of Linear, Attention, Linear, LayerNorm, FeedForward, LayerNorm,
// and Pool, each continuing the one before. On it, outputs and gradients are kept in slots that all layers share: the
// next operation consumes them before another writes there. Other operations, and outputs that a backward pass needs,
// have memory of their own.
const (
	start    = iota
	narrow   // outputs of Embed, Linear and FeedForward; then gradients of what a LayerNorm reads
	normed   // outputs of LayerNorm, written over the residual
	mixed    // outputs of Attention; then the gradient of what Dropout reads
	wide     // queries, keys and values, and their gradients; inside of FeedForward
	inner    // gradients inside of FeedForward
	down     // gradients of what Linear, FeedForward and Pool read
	residual // gradients of residuals
	pooled   // never shared
	slots
)

// Freeze marks parameters that get no gradient. It is called before they are used; what only they
// influence is left out of the backward pass.
func (c *Context[T]) Freeze(parameters ...*G.Node) {
	if c.frozen == nil {
		c.frozen = make(map[*G.Node]bool)
	}
	for _, n := range parameters {
		c.frozen[n] = true
	}
}

// needs reports which of the nodes get a gradient.
func (c *Context[T]) needs(nodes ...*G.Node) []bool {
	needs := make([]bool, len(nodes))
	for i, n := range nodes {
		o, ours := n.Op().(*op)
		switch {
		case n.Op() == nil:
			needs[i] = !c.frozen[n]
		case ours:
			needs[i] = slices.Contains(o.wrt, true)
		default:
			needs[i] = true
		}
	}
	return needs
}

// trainable reports whether what is made of the nodes has a backward pass to keep activations for.
func (c *Context[T]) trainable(nodes ...*G.Node) bool {
	return c.Keep && slices.Contains(c.needs(nodes...), true)
}

// op makes an operation that continues x, nil at the beginning of the chain, and whose output goes to the given slot.
// It is on the chain if x is the end of the chain and one of the slots that it may follow.
func (c *Context[T]) op(name string, x *G.Node, rows, cols, slot int, follows ...int) *op {
	o := &op{name: name, run: c, keeps: c.Keep, ragged: true, input: x, slot: slot, out: matrix[T](), shape: tensor.Shape{rows, cols}}
	o.chained = x == c.tip && slices.Contains(follows, c.end)
	return o
}

// begin is called before each operation: a run whose context has ended stops between two of them. A context that has
// a part in the graph of another has no runs of its own.
func (c *Context[T]) begin() error {
	if c.ctx != nil && c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	return nil
}

// Ctx is the context of the run.
func (c *Context[T]) Ctx() context.Context { return c.ctx }

// fail keeps the first error of a run.
func (c *Context[T]) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// apply puts an operation into the graph and moves the end of the chain to it.
func (c *Context[T]) apply(o *op, in ...*G.Node) (*G.Node, error) {
	o.wrt = c.needs(in...)
	n, err := o.apply(in...)
	if err == nil && o.chained {
		c.tip, c.end = n, o.slot
	}
	return n, err
}

// output returns the buffer of an operation's output: the buffer of its slot until the value must be retained.
func (c *Context[T]) output(o *op) *buffer[T] {
	y := c.buffer(o, o.slot)
	o.retain = func() {
		if c.Keep {
			y.shared = nil
		}
	}
	return y
}

// buffer returns one that an operation shares through the slot if it is on the chain.
func (c *Context[T]) buffer(o *op, slot int) *buffer[T] {
	if !o.chained {
		return new(buffer[T])
	}
	if c.shared[slot] == nil {
		c.shared[slot] = new([]T)
	}
	return &buffer[T]{shared: c.shared[slot]}
}

// retain makes the value of a node last until the backward pass.
func retain(n *G.Node) {
	if o, ok := n.Op().(*op); ok && o.retain != nil {
		o.retain()
	}
}

// dropout returns what an operation drops in a run, on a matrix of the given number of rows for each token.
func (c *Context[T]) dropout(name string, p float64, rows int) func() kernel.Dropout {
	h := fnv.New64a()
	h.Write([]byte(name))
	id := h.Sum64()
	return func() kernel.Dropout {
		if !c.Train || p == 0 {
			return kernel.Dropout{}
		}
		return kernel.Dropout{P: p, Key: mix(mix(mix(c.Seed)^c.Step) ^ id)}.Skip(c.Batch.First * rows)
	}
}

func (c *Context[T]) packs() *Packs[T] {
	if c.Packs == nil {
		c.Packs = NewPacks[T]()
	}
	return c.Packs
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood 2014).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// buffer is a matrix (or vector, cols 0) that an operation owns or shares. It grows as batches do and keeps one
// tensor, whose shape and memory are changed in place.
type buffer[T kernel.Float] struct {
	own    []T
	shared *[]T // nil: own
	dense  *tensor.Dense
	shape  [2]int
	stride [2]int
}

// get makes the buffer rows × cols and returns its elements: zero when they are new, else whatever they were.
func (b *buffer[T]) get(rows, cols int) []T {
	s := &b.own
	if b.shared != nil {
		s = b.shared
	}
	n := rows * max(cols, 1)
	if spare := min(cap(*s), n/16); cap(*s) < n { // none at first, some when batches turn out to grow
		*s = make([]T, n+spare)
	}
	data := (*s)[:n:n]
	if b.dense == nil {
		b.dense = tensor.New(tensor.Of(dtype[T]()), tensor.WithShape(1, 1))
	}
	b.shape, b.stride = [2]int{rows, cols}, [2]int{cols, 1}
	if cols == 0 {
		b.stride[0] = 1
		b.dense.Init(b.shape[:1], b.stride[:1])
	} else {
		b.dense.Init(b.shape[:], b.stride[:])
	}
	b.dense.Raw = unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(data))), n*int(unsafe.Sizeof(*new(T))))
	return data
}

func (b *buffer[T]) value() G.Value { return b.dense }

// data returns the elements of a tensor without the allocation of its Data method.
func data[T kernel.Float](v G.Value) []T {
	raw := v.(*tensor.Dense).Raw
	return unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(raw))), len(raw)/int(unsafe.Sizeof(*new(T))))
}

func rows(v G.Value) int { return v.Shape()[0] }

func dtype[T kernel.Float]() tensor.Dtype {
	if _, ok := any(*new(T)).(float32); ok {
		return tensor.Float32
	}
	return tensor.Float64
}

func matrix[T kernel.Float]() G.TensorType { return G.TensorType{Dims: 2, Of: dtype[T]()} }

// check compares the shapes of an operation's parameters with what they must be.
func check[T kernel.Float](name string, n *G.Node, want ...int) error {
	if n.Dtype() != dtype[T]() || !n.Shape().Eq(tensor.Shape(want)) {
		return fmt.Errorf("ops: %s: %s is %v %v, want %v %v", name, n.Name(), n.Dtype(), n.Shape(), dtype[T](), want)
	}
	return nil
}
