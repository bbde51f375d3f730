package encoder

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"slices"
	"sync"
	"unsafe"

	G "gorgonia.org/gorgonia"

	"github.com/org/salesconv/internal/ops"
)

// LowerLayers caches the output of a model's frozen lower layers for each sequence of tokens, for graphs in which only the
// upper layers are trained and for encoding with the models that result: see [GraphOptions].Lower and [Options].Lower. A
// model and its clones can share one as long as their lower layers are the same, however their upper layers differ. It is
// safe for concurrent use.
//
// A token takes 4 bytes for each of hidden_size, 1.5 KB for all-MiniLM-L6-v2, and a repeated sequence is kept once.
// Nothing is evicted.
type LowerLayers struct {
	// Layers is the number of layers, 1 or more. It must be set before an encoding; a graph sets it if it is 0.
	Layers int

	mu     sync.Mutex
	origin uint64               // of the states
	states map[string][]float32 // by ids
}

// Tokens is the number of tokens that are remembered.
func (l *LowerLayers) Tokens() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for ids := range l.states {
		n += len(ids) / 4
	}
	return n
}

// SharedLayers returns how many of the lowest layers of two models are the same, embeddings included: the layers of a
// [LowerLayers] that both can use. It is 0 where the embeddings or the shapes of the networks differ.
func (m *Model) SharedLayers(o *Model) int {
	if m == nil || o == nil || len(m.parameters) != len(o.parameters) {
		return 0
	}
	shared := m.config.NumHiddenLayers
	for i, p := range m.parameters {
		q := o.parameters[i]
		if p.Name != q.Name || p.Layer <= shared && !slices.Equal(p.Value.Float32s(), q.Value.Float32s()) {
			shared = min(shared, max(p.Layer-1, 0))
		}
	}
	return shared
}

// claim ties l to the lowest layers of a model, or returns an error if it is tied to others.
func (l *LowerLayers) claim(m *Model, layers int) error {
	origin := m.lowerWeights(layers)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.Layers != 0 && l.Layers != layers || l.states != nil && l.origin != origin {
		return fmt.Errorf("the LowerLayers holds states after layer %d of a model with other lower layers, want layer %d of this one: use another", l.Layers, layers)
	}
	if l.states == nil {
		l.origin, l.states = origin, map[string][]float32{}
	}
	if l.Layers == 0 { // otherwise an encoding may be reading it
		l.Layers = layers
	}
	return nil
}

// lowerWeights is a hash of the weights of the lowest layers, computed once for each generation of the weights.
func (m *Model) lowerWeights(layers int) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if w := m.lowest; w != nil && w.layers == layers && w.generation == m.generation.Load() {
		return w.hash
	}
	var h maphash.Hash
	h.SetSeed(weightsSeed)
	generation := m.generation.Load()
	for _, p := range m.parameters {
		if p.Layer <= layers {
			w := p.Value.Float32s()
			h.Write(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(w))), 4*len(w)))
		}
	}
	m.lowest = &weightsHash{layers, generation, h.Sum64()}
	return m.lowest.hash
}

var weightsSeed = maphash.MakeSeed()

// weightsHash is a hash of the weights of the lowest layers at a generation.
type weightsHash struct {
	layers     int
	generation uint64
	hash       uint64
}

// lower computes what LowerLayers does not have yet.
type lower struct {
	*LowerLayers
	graph *Graph
	vm    G.VM
	width int
}

func (l *LowerLayers) of(m *Model, layers int, c *ops.Context[float32]) (*lower, error) {
	if err := l.claim(m, layers); err != nil {
		return nil, err
	}
	g, err := m.graph(c.Pool, &GraphOptions{layers: layers})
	if err != nil {
		return nil, err
	}
	vm, err := g.Compile()
	return &lower{l, g, vm, m.config.HiddenSize}, err
}

// fill writes the hidden states of the tokens of a batch.
func (l *lower) fill(ctx context.Context, b *ops.Batch, states []float32) error {
	known, fresh := make([][]float32, b.Sequences()), map[string]int{}
	keys := make([]string, b.Sequences())
	var sequences [][]int
	l.mu.Lock()
	for s := range known {
		ids := b.IDs[b.Offsets[s]:b.Offsets[s+1]]
		keys[s] = key(ids)
		known[s] = l.states[keys[s]]
		if _, ok := fresh[keys[s]]; known[s] == nil && !ok {
			fresh[keys[s]] = len(sequences)
			sequences = append(sequences, ids)
		}
	}
	l.mu.Unlock()
	if len(sequences) > 0 {
		l.graph.SetSequences(sequences)
		if err := l.graph.Run(ctx, l.vm); err != nil {
			return err
		}
		l.put(sequences, l.graph.Hidden[len(l.graph.Hidden)-1].Value().Data().([]float32))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for s, at := range b.Offsets[:b.Sequences()] {
		copy(states[at*l.width:], l.states[keys[s]])
	}
	return nil
}

// put remembers the states of sequences that were run.
func (l *lower) put(sequences [][]int, states []float32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, ids := range sequences {
		n := len(ids) * l.width
		l.states[key(ids)] = append([]float32(nil), states[:n]...)
		states = states[n:]
	}
}

// key is a sequence as the key of a map.
func key(ids []int) string {
	b := make([]byte, 0, 4*len(ids))
	for _, id := range ids {
		b = binary.LittleEndian.AppendUint32(b, uint32(id))
	}
	return string(b)
}
