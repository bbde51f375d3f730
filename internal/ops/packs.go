package ops

import (
	"sync"
	"sync/atomic"

	"github.com/org/salesconv/internal/kernel"
)

// Packs keeps weights in the order in which the matrix product reads them, so that all graphs over the same weights
// pack each of them once. It is safe for concurrent use as long as nobody changes the weights.
type Packs[T kernel.Float] struct {
	generation              atomic.Uint64
	forward, reverse, bytes sync.Map // from the address of the first weight to its *pack
}

// pack is a weight as P, packed once a generation.
type pack[P any] struct {
	sync.Mutex
	generation atomic.Uint64 // 0: not packed yet
	packed     P
}

// NewPacks returns an empty set.
func NewPacks[T kernel.Float]() *Packs[T] {
	p := new(Packs[T])
	p.Invalidate()
	return p
}

// Invalidate tells that weights have changed: each is packed again when it is next used.
func (p *Packs[T]) Invalidate() { p.generation.Add(1) }

// transposed returns the weights w [n,k] as the right operand of y = x·wᵀ.
func (p *Packs[T]) transposed(pool *kernel.Pool, w []T, n, k int) *kernel.Packed[T] {
	return packed(p, &p.forward, &w[0], func(q *kernel.Packed[T]) { q.PackTransposed(pool, w, n, k) })
}

// straight returns the weights w [n,k] as the right operand of dx = dy·w.
func (p *Packs[T]) straight(pool *kernel.Pool, w []T, n, k int) *kernel.Packed[T] {
	return packed(p, &p.reverse, &w[0], func(q *kernel.Packed[T]) { q.Pack(pool, w, n, k) })
}

// rounded returns the weights w [n,k] as the right operand of y = x·wᵀ in 8-bit arithmetic.
func (p *Packs[T]) rounded(pool *kernel.Pool, w []float32, n, k int) *kernel.PackedInt8 {
	return packed(p, &p.bytes, &w[0], func(q *kernel.PackedInt8) { q.PackTransposed(pool, w, n, k) })
}

func packed[T kernel.Float, P any](p *Packs[T], packs *sync.Map, key any, fill func(*P)) *P {
	v, ok := packs.Load(key)
	if !ok {
		v, _ = packs.LoadOrStore(key, new(pack[P]))
	}
	q := v.(*pack[P])
	if now := p.generation.Load(); q.generation.Load() != now {
		q.Lock()
		defer q.Unlock()
		if q.generation.Load() != now {
			fill(&q.packed)
			q.generation.Store(now)
		}
	}
	return &q.packed
}
