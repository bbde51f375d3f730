package encoder

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	G "gorgonia.org/gorgonia"

	"github.com/org/salesconv/internal/kernel"
	"github.com/org/salesconv/internal/ops"
)

// Options of an encoding. Nil and the zero value are good defaults.
type Options struct {
	Threads int // goroutines that compute; default 0: GOMAXPROCS
	// Int8 multiplies by weights rounded to 8 bits, with activations rounded row by row: faster where the processor has
	// AVX-512 VNNI, slower elsewhere, and embeddings are a little off everywhere. See the package comment. Default: float32.
	Int8     bool
	Progress func(done, total int) // watches the number of texts or segments done; calls don't overlap; default none

	// For documents:

	Pooling Pooling // how segments make up a document; default that of the model, see [Model.Pooling]
	Roles   [][]int // the role of each segment of each document, for [PerRole]; default none
	Cache   *Cache  // remembers rows of segments from call to call; default none
}

const (
	// chunkPieces is how many pieces a thread takes through all layers at once: enough for the matrix products, few
	// enough to stay in its cache.
	chunkPieces = 256
	// windowBytes is how much text is tokenised and in work at a time; it bounds the memory of long streams.
	windowBytes = 256 << 10
)

// sequence is what the network reads at once: ids with [CLS] and [SEP], and the row that they become.
type sequence struct {
	ids  []int
	row  []float32
	done int // texts that are finished with it
}

// Encode gives each text a row. A text is cut at MaxSeqLength pieces, which the result counts as Truncated and Cut;
// [Model.EncodeSegments] reads all of it. Rows come in the order of the texts and do not depend, to the last bit, on
// the other texts, on Threads or on GOMAXPROCS. Memory is that of the result and of a window of texts. It is safe for
// concurrent use.
//
// Weights or activations that are not finite are an error that names the layer.
func (m *Model) Encode(ctx context.Context, texts []string, opts *Options) (*Embeddings, error) {
	e := newEmbeddings(len(texts), m.Width())
	e.Segments = len(texts)
	r := m.run(ctx, opts, len(texts))
	for from := 0; from < len(texts); {
		to := window(texts, from)
		ids, cut := r.tokenize(texts[from:to], m.config.MaxSeqLength)
		for i, t := range ids {
			r.add(t, e.RawRow(from+i), 1)
			e.Cut += cut[i]
			e.Truncated += min(cut[i], 1)
		}
		if err := r.flush(); err != nil {
			return nil, err
		}
		from = to
	}
	e.Tokens = r.pieces
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
	progress func(done, total int)

	sequences   []sequence
	pieces      int // run so far
	done, total int
	mu          sync.Mutex // orders progress
}

func (m *Model) run(ctx context.Context, opts *Options, total int) *run {
	r := &run{Model: m, ctx: ctx, total: total, threads: runtime.GOMAXPROCS(0)}
	if opts != nil {
		r.progress, r.int8 = opts.Progress, opts.Int8
		if opts.Threads > 0 {
			r.threads = opts.Threads
		}
	}
	return r
}

// tokenize turns texts into ids and the number of pieces that were cut.
func (r *run) tokenize(texts []string, limit int) (ids [][]int, cut []int) {
	ids, cut = make([][]int, len(texts)), make([]int, len(texts))
	arenas := make([][]int, r.threads)
	r.Model.threads(r.threads).Do(len(texts), func(worker, i int) {
		a := arenas[worker]
		start := len(a)
		a, cut[i] = r.tokenizer.Append(a, texts[i], limit)
		arenas[worker], ids[i] = a, a[start:]
	})
	return ids, cut
}

// add puts a sequence into the next flush.
func (r *run) add(ids []int, row []float32, done int) {
	r.sequences = append(r.sequences, sequence{ids, row, done})
	r.pieces += len(ids)
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

// divide deals sequences out to chunks of nearly equal size, a multiple of threads of them. The longest come first,
// each to the smallest chunk.
func divide(sequences []sequence, threads int) [][]sequence {
	total := 0
	for _, s := range sequences {
		total += len(s.ids)
	}
	n := min(len(sequences), threads*((total+threads*chunkPieces-1)/(threads*chunkPieces)))
	if total <= chunkPieces/8 {
		n = min(n, 1)
	}
	slices.SortStableFunc(sequences, func(a, b sequence) int { return len(b.ids) - len(a.ids) })
	chunks, sizes := make([][]sequence, n), make([]int, n)
	for _, s := range sequences {
		smallest := 0
		for i, size := range sizes {
			if size < sizes[smallest] {
				smallest = i
			}
		}
		chunks[smallest] = append(chunks[smallest], s)
		sizes[smallest] += len(s.ids)
	}
	return chunks
}

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
	b := g.Context.Batch
	b.IDs, b.Offsets = b.IDs[:0], append(b.Offsets[:0], 0)
	done := 0
	for _, s := range sequences {
		b.IDs = append(b.IDs, s.ids...)
		b.Offsets = append(b.Offsets, len(b.IDs))
		done += s.done
	}
	g.Context.Pool, g.Context.Int8 = pool, r.int8
	if err := g.Run(g.vm); err != nil {
		return err
	}
	rows := g.Segments.Value().Data().([]float32)
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

// acquire takes an idle inference graph of the model, or makes one.
func (m *Model) acquire() (*inference, error) {
	m.mu.Lock()
	if n := len(m.idle); n > 0 {
		g := m.idle[n-1]
		m.idle = m.idle[:n-1]
		m.mu.Unlock()
		return g, nil
	}
	m.mu.Unlock()
	g, err := m.graph(nil, new(GraphOptions))
	if err != nil {
		return nil, err
	}
	g.Context.Batch = new(ops.Batch)
	vm, err := g.Compile()
	return &inference{g, vm}, err
}

// release gives an inference graph back. As many are kept as can be of use at a time.
func (m *Model) release(g *inference) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.idle) < runtime.GOMAXPROCS(0) {
		m.idle = append(m.idle, g)
	}
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
