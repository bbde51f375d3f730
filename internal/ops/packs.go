package ops

import (
	"sync"
	"sync/atomic"

	"github.com/org/salesconv/internal/kernel"
)

// Packs keeps weights in the order in which the matrix product reads them, so that all graphs over the same weights
// pack each of them once. It is safe for concurrent use as long as nobody changes the weights.
type Packs[T kernel.Float] struct {
	generation       atomic.Uint64
	forward, reverse sync.Map // from the address of the first weight to its *pack[T]
}

type pack[T kernel.Float] struct {
	sync.Mutex
	generation atomic.Uint64 // 0: not packed yet
	kernel.Packed[T]
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
	return p.get(&p.forward, w, func(q *kernel.Packed[T]) { q.PackTransposed(pool, w, n, k) })
}

// straight returns the weights w [n,k] as the right operand of dx = dy·w.
func (p *Packs[T]) straight(pool *kernel.Pool, w []T, n, k int) *kernel.Packed[T] {
	return p.get(&p.reverse, w, func(q *kernel.Packed[T]) { q.Pack(pool, w, n, k) })
}

func (p *Packs[T]) get(packs *sync.Map, w []T, fill func(*kernel.Packed[T])) *kernel.Packed[T] {
	v, ok := packs.Load(&w[0])
	if !ok {
		v, _ = packs.LoadOrStore(&w[0], new(pack[T]))
	}
	q := v.(*pack[T])
	if now := p.generation.Load(); q.generation.Load() != now {
		q.Lock()
		defer q.Unlock()
		if q.generation.Load() != now {
			fill(&q.Packed)
			q.generation.Store(now)
		}
	}
	return &q.Packed
}
