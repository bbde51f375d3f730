package ops

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash"
	"hash/fnv"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// op implements gorgonia.SDOp for every operation of this package; what differs between them is held in closures.
type op struct {
	id    uint64 // differs from every other op of the process: gorgonia merges nodes of equal hash
	name  string
	in    []hm.Type
	out   hm.Type
	shape tensor.Shape // nominal: rows are decided anew at each run
	wrt   []bool       // inputs that get a gradient
	do    func(in []G.Value) (G.Value, error)
	diff  func(in G.Nodes, grad *G.Node) (G.Nodes, error)
	run   run  // of the context
	keeps bool // what a backward pass needs

	ragged bool // each batch decides the rows of the output

	input   *G.Node // the node this op continues
	chained bool    // it is part of the context's chain
	slot    int     // where its output goes there
	retain  func()  // makes the output outlive the run's forward pass
	folds   bool    // the backward op can add the gradient of a residual that starts at its input
	skip    *G.Node // that gradient, once known
}

// run is what an operation tells its context, and hears from it.
type run interface {
	begin() error
	fail(error)
}

var lastID atomic.Uint64

// apply puts the op into the graph of its inputs.
func (o *op) apply(in ...*G.Node) (*G.Node, error) {
	o.id = lastID.Add(1)
	for _, n := range in {
		o.in = append(o.in, n.Type())
	}
	n, err := G.ApplyOp(o, in...)
	if err != nil {
		return nil, fmt.Errorf("ops: %s: %w", o.name, err)
	}
	return n, nil
}

func (o *op) Arity() int { return len(o.in) }

// Type returns a new value at each call because gorgonia hands it back to a pool.
func (o *op) Type() hm.Type {
	ts := make([]hm.Type, 0, len(o.in)+1)
	return hm.NewFnType(append(append(ts, o.in...), o.out)...)
}

func (o *op) InferShape(...G.DimSizer) (tensor.Shape, error) { return o.shape.Clone(), nil }

// Do runs the op. The machine calls it in a goroutine of its own, where a panic would end the process.
func (o *op) Do(in ...G.Value) (v G.Value, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("ops: %s: %v", o.name, r)
		}
		if err != nil {
			v = nil
			o.run.fail(err)
		}
	}()
	if err := o.run.begin(); err != nil {
		return nil, err
	}
	return o.do(in)
}

func (o *op) ReturnsPtr() bool      { return true }
func (o *op) CallsExtern() bool     { return false }
func (o *op) OverwritesInput() int  { return -1 }
func (o *op) WriteHash(h hash.Hash) { fmt.Fprintf(h, "%s#%d", o.name, o.id) }
func (o *op) String() string        { return o.name }
func (o *op) DiffWRT(int) []bool    { return o.wrt }

func (o *op) Hashcode() uint32 {
	h := fnv.New32a()
	o.WriteHash(h)
	return h.Sum32()
}

func (o *op) SymDiff(in G.Nodes, _, grad *G.Node) (G.Nodes, error) {
	if o.diff == nil || !o.keeps {
		return nil, fmt.Errorf("ops: %s has no gradient in a graph that was not built for gradients", o.name)
	}
	return o.diff(in, grad)
}

// result is one gradient that a backward op computes: the input it belongs to and where its value is found.
type result struct {
	of    *G.Node
	value func() G.Value
}

// backward puts one op into the graph that computes all wanted gradients of o by run, and for each of them the node
// that hands it out. Results of nil value (not wanted) give nil nodes.
func (o *op) backward(run func(in []G.Value) error, inputs G.Nodes, results ...result) (G.Nodes, error) {
	grads := make(G.Nodes, len(results))
	var all *G.Node
	for i, r := range results {
		if r.value == nil {
			continue
		}
		b := &op{name: fmt.Sprintf("%s.backward%d", o.name, i), out: r.of.Type(), shape: r.of.Shape(), run: o.run}
		b.wrt = make([]bool, len(inputs))
		from := inputs
		if all == nil {
			b.do = func(in []G.Value) (G.Value, error) {
				if err := run(in); err != nil {
					return nil, err
				}
				return r.value(), nil
			}
		} else {
			from = G.Nodes{all}
			b.do = func([]G.Value) (G.Value, error) { return r.value(), nil }
		}
		n, err := b.apply(from...)
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = n
		}
		grads[i] = n
	}
	return grads, nil
}

// results pairs the inputs that get a gradient with its value.
func (o *op) results(in G.Nodes, values ...func() G.Value) []result {
	rs := make([]result, len(in))
	for i, n := range in {
		rs[i].of = n
		if o.wrt[i] {
			rs[i].value = values[i]
		}
	}
	return rs
}

// Unique returns an error if two nodes of a graph have the same hash. The compiler of the tape machine takes nodes of
// one hash for one node without a word.
func Unique(g *G.ExprGraph) error {
	seen := make(map[uint32]*G.Node)
	for _, n := range g.AllNodes() {
		if other, ok := seen[n.Hashcode()]; ok {
			return fmt.Errorf("ops: nodes %v and %v have the same hash; name inputs differently", other, n)
		}
		seen[n.Hashcode()] = n
	}
	return nil
}

// fixed returns an error if an operation of gorgonia's own reads a node whose rows each batch decides: it would count
// on the nominal shape. Sums of gradients, which are made in place, are another matter.
func fixed(g *G.ExprGraph) error {
	for _, n := range g.AllNodes() {
		if _, ours := n.Op().(*op); ours || n.Op() == nil {
			continue
		}
		for to := g.From(n.ID()); to.Next(); {
			child := to.Node().(*G.Node)
			if o, ours := child.Op().(*op); ours && o.ragged {
				return fmt.Errorf("ops: %v reads %s, whose number of rows differs from batch to batch: give it a fixed number by Rows", n.Op(), o.name)
			}
		}
	}
	return nil
}

var compiling sync.Mutex // a new machine writes to the tensors that graphs share

// Compile validates the graph and makes its tape machine. It may be called concurrently.
func Compile(g *G.ExprGraph) (vm G.VM, err error) {
	compiling.Lock()
	defer compiling.Unlock()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("ops: compiling the graph: %v", r)
		}
	}()
	if err := cmp.Or(Unique(g), fixed(g)); err != nil {
		return nil, err
	}
	vm = G.NewTapeMachine(g)
	// The machine's finalizer does nothing without CUDA, but a loss that refers to what holds the machine makes a circle,
	// and circles with a finalizer are never collected.
	runtime.SetFinalizer(vm, nil)
	return vm, nil
}

// Run runs the machine once on the context's batch and resets it. The error names the op that failed. If ctx ends,
// the run stops after the op that is at work.
func (c *Context[T]) Run(ctx context.Context, vm G.VM) (err error) {
	if c.Batch == nil {
		return errors.New("ops: run without a batch")
	}
	c.ctx, c.err = ctx, nil
	defer vm.Reset()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("ops: running the graph: %v", r)
		}
	}()
	if err := vm.RunAll(); c.err != nil || err == nil {
		return c.err
	} else {
		return fmt.Errorf("ops: %w", err)
	}
}
