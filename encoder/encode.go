package encoder

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	G "gorgonia.org/gorgonia"

	"github.com/org/salesconv/internal/kernel"
)

// Options of an encoding. Nil and the zero value are good defaults.
type Options struct {
	Threads int // goroutines that compute, at most 1024; default GOMAXPROCS
	// Int8 multiplies int8 weights and activations: faster on processors with AMX or AVX-512 VNNI, slower on others;
	// embeddings differ slightly on all. See the package comment. Default: float32.
	Int8 bool
	// Lower caches the hidden states of sequences after the lower layers, as many as Lower.Layers: models that differ in
	// upper layers alone, and graphs that train these, compute the lower layers once if they share it. The embeddings are the
	// same to the last bit. Not with Int8. Default: no cache.
	Lower *LowerLayers
	// Progress watches the number of texts or segments done; its calls don't overlap. Default: none.
	Progress func(done, total int)

	// For documents:

	// Pooling combines segments into documents; default: the model's, see [Model.Pooling].
	Pooling Pooling
	Roles   [][]int // the role of each segment of each document, for [PerRole]; default none
	Cache   *Cache  // remembers embeddings of segments from call to call; default none
}

const (
	// chunkTokens is how many tokens a thread takes through all layers at once: enough for the matrix products, few
	// enough to stay in its cache.
	chunkTokens = 256
	// windowBytes is how much text is tokenized and in work at a time; it bounds the memory of long streams.
	windowBytes = 256 << 10
)

// sequence is what the network reads at once: ids with [CLS] and [SEP], and the row that they become.
type sequence struct {
	ids  []int
	row  []float32
	done int // texts that are finished with it
}

// Encode gives each text an embedding. A text is cut at MaxSeqLength tokens, which the result counts as Truncated and
// Cut; [Model.EncodeSegments] reads all of it. Embeddings come in the order of the texts and do not depend, to the last
// bit, on the other texts, on Threads or on GOMAXPROCS. It needs memory for the result and a window of texts. It is
// safe for concurrent use.
//
// Weights or activations that are not finite are an error that names the layer.
func (m *Model) Encode(ctx context.Context, texts []string, opts *Options) (*Embeddings, error) {
	r, err := m.run(ctx, opts, len(texts))
	if err != nil {
		return nil, err
	}
	e := newEmbeddings(len(texts), m.Width())
	e.Segments = len(texts)
	for from := 0; from < len(texts); {
		to := window(texts, from)
		ids, cut := r.tokenize(texts[from:to], m.config.MaxSeqLength)
		for i, t := range ids {
			r.add(t, e.RawRow(from+i), 1)
			e.tokens[from+i] = len(t)
			e.Cut += cut[i]
			e.Truncated += min(cut[i], 1)
		}
		if err := r.flush(); err != nil {
			return nil, err
		}
		from = to
	}
	e.Tokens = r.tokens
	return e, nil
}

// window returns the end of the texts from from on that are worked on together.
func window(texts []string, from int) int {
	size := 0
	for i := from; i < len(texts); i++ {
		if size += len(texts[i]) + 8; size > windowBytes && i > from {
			return i
		}
	}
	return len(texts)
}

// run is one call of an encoding method.
type run struct {
	*Model
	ctx      context.Context
	threads  int
	int8     bool
	lower    *LowerLayers
	idle     []*inference // above the lower layers
	progress func(done, total int)

	sequences   []sequence
	tokens      int // run so far
	done, total int
	mu          sync.Mutex // orders progress, and guards idle
}

func (m *Model) run(ctx context.Context, opts *Options, total int) (*run, error) {
	o := Options{}
	if opts != nil {
		o = *opts
	}
	if err := m.check(o.Threads); err != nil {
		return nil, err
	}
	if ctx == nil {
		return nil, errNoContext
	}
	switch layers := m.config.NumHiddenLayers; {
	case o.Lower == nil:
	case o.Int8:
		return nil, errors.New("encoder: Lower with Int8: leave out one, as hidden states are remembered in float32")
	case o.Lower.Layers < 1 || o.Lower.Layers >= layers:
		return nil, fmt.Errorf("encoder: Lower has %d layers, want 1 to %d of %d", o.Lower.Layers, layers-1, layers)
	}
	threads := cmp.Or(o.Threads, runtime.GOMAXPROCS(0))
	return &run{Model: m, ctx: ctx, total: total, threads: threads, int8: o.Int8, lower: o.Lower, progress: o.Progress}, nil
}

// maxThreads is more than any machine has a use for.
const maxThreads = 1024

var (
	errNoModel   = errors.New("encoder: no model: it is nil or was not loaded: check the error of Load")
	errNoContext = errors.New("encoder: nil context")
)

// check returns an error if there is no model, or no such number of threads.
func (m *Model) check(threads int) error {
	if m == nil || m.tokenizer == nil {
		return errNoModel
	}
	if threads < 0 || threads > maxThreads {
		return fmt.Errorf("encoder: Threads is %d, want 0 (GOMAXPROCS) to %d", threads, maxThreads)
	}
	return nil
}

// tokenize turns texts into ids and the number of tokens that were cut.
func (r *run) tokenize(texts []string, limit int) (ids [][]int, cut []int) {
	ids, cut = make([][]int, len(texts)), make([]int, len(texts))
	arenas := make([][]int, r.threads)
	r.Model.threads(r.threads).Do(len(texts), func(worker, i int) {
		a := arenas[worker]
		start := len(a)
		a, cut[i] = r.tokenizer.append(r.ctx, a, texts[i], limit)
		arenas[worker], ids[i] = a, a[start:]
	})
	return ids, cut
}

// add puts a sequence into the next flush.
func (r *run) add(ids []int, row []float32, done int) {
	r.sequences = append(r.sequences, sequence{ids, row, done})
	r.tokens += len(ids)
}

// flush runs the sequences that were added. Each thread takes chunks of whole sequences through the network; if there
// is only one chunk, the threads share its operations.
func (r *run) flush() error {
	chunks := divide(r.sequences, r.threads)
	r.sequences = r.sequences[:0]
	workers, inside := min(r.threads, len(chunks)), (*kernel.Pool)(nil)
	if len(chunks) == 1 {
		inside = r.Model.threads(r.threads)
	}
	errs := make([]error, len(chunks))
	var next atomic.Int64
	var failed atomic.Bool
	var wg sync.WaitGroup
	work := func() {
		for !failed.Load() {
			i := int(next.Add(1)) - 1
			if i >= len(chunks) {
				return
			}
			if errs[i] = r.chunk(chunks[i], inside); errs[i] != nil {
				failed.Store(true)
			}
		}
	}
	for range workers - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
		return errs[i]
	}
	return nil
}

// divide assigns sequences to chunks of nearly equal size, a multiple of threads of them. The longest come first,
// each to the smallest chunk.
func divide(sequences []sequence, threads int) [][]sequence {
	total := 0
	for _, s := range sequences {
		total += len(s.ids)
	}
	n := min(len(sequences), threads*((total+threads*chunkTokens-1)/(threads*chunkTokens)))
	if total <= chunkTokens/8 {
		n = min(n, 1)
	}
	slices.SortStableFunc(sequences, func(a, b sequence) int { return len(b.ids) - len(a.ids) })
	chunks, queue := make([][]sequence, n), make(smallest, n)
	for i := range queue {
		queue[i].chunk = i
	}
	for _, s := range sequences {
		c := &queue[0]
		chunks[c.chunk] = append(chunks[c.chunk], s)
		c.size += len(s.ids)
		heap.Fix(&queue, 0)
	}
	return chunks
}

// smallest is a heap of chunks by their number of tokens, and of equals the first comes first.
type smallest []struct{ chunk, size int }

func (q smallest) Len() int { return len(q) }
func (q smallest) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[i].size, q[j].size), cmp.Compare(q[i].chunk, q[j].chunk)) < 0
}
func (q smallest) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *smallest) Push(any)     { panic("encoder: the chunks are fixed") }
func (q *smallest) Pop() any     { panic("encoder: the chunks are fixed") }

// chunk runs sequences through a graph and copies out their rows.
func (r *run) chunk(sequences []sequence, pool *kernel.Pool) error {
	if r.ctx.Err() != nil {
		return fmt.Errorf("encoder: %w", context.Cause(r.ctx))
	}
	g, err := r.acquire()
	if err != nil {
		return err
	}
	defer r.release(g)
	b := g.context.Batch
	b.Reset()
	done := 0
	for _, s := range sequences {
		b.Add(s.ids)
		done += s.done
	}
	g.context.Pool, g.context.Int8 = pool, r.int8
	if err := g.Run(r.ctx, g.vm); err != nil {
		return err
	}
	rows := g.Sequences.Value().Data().([]float32)
	for i, s := range sequences {
		copy(s.row, rows[i*len(s.row):])
	}
	r.report(done)
	return nil
}

// report tells the caller of n more texts that are done.
func (r *run) report(n int) {
	if r.progress == nil || n == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done += n
	r.progress(r.done, r.total)
}

// inference is a graph with its machine and its own batch.
type inference struct {
	*Graph
	vm G.VM
}

// acquire takes an idle inference graph, of the model or above the lower layers of this run, or makes one.
func (r *run) acquire() (*inference, error) {
	mu, idle := r.graphs()
	mu.Lock()
	if n := len(*idle); n > 0 {
		g := (*idle)[n-1]
		*idle = (*idle)[:n-1]
		mu.Unlock()
		return g, nil
	}
	mu.Unlock()
	o := new(GraphOptions)
	if r.lower != nil {
		o.Lower, o.Frozen = r.lower, func(p Parameter) bool { return p.Layer <= r.lower.Layers }
	}
	g, err := r.graph(nil, o)
	if err != nil {
		return nil, err
	}
	vm, err := g.Compile()
	return &inference{g, vm}, err
}

// release gives an inference graph back. As many are kept as can be of use at a time.
func (r *run) release(g *inference) {
	mu, idle := r.graphs()
	mu.Lock()
	defer mu.Unlock()
	if len(*idle) < runtime.GOMAXPROCS(0) {
		*idle = append(*idle, g)
	}
}

// graphs are the idle graphs and what guards them. Those above lower layers do not outlive the run: they hold all states.
func (r *run) graphs() (*sync.Mutex, *[]*inference) {
	if r.lower != nil {
		return &r.mu, &r.idle
	}
	return &r.Model.mu, &r.Model.idle
}

// threads returns the model's pool of n goroutines, GOMAXPROCS if n is 0. It lives as long as the model.
func (m *Model) threads(n int) *kernel.Pool {
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	if n == 1 {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.pools[n]
	if p == nil {
		p = kernel.NewPool(n)
		m.pools[n] = p
		runtime.AddCleanup(m, (*kernel.Pool).Close, p)
	}
	return p
}
