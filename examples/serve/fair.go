package main

import (
	"context"
	"maps"
	"math"
	"slices"
	"sync"
)

// shares are how much of something each client has had, so that the one who had the least is next: fair queueing by start
// times (Goyal, Vin and Cheng 1996). Who comes back starts with those who wait, as if it had used its share meanwhile.
type shares struct {
	had   map[client]int64
	least int64 // that one of those who wait had had, when one of them was chosen last
}

func newShares() shares { return shares{had: map[client]int64{}} }

// of is what counts as had by a client.
func (s *shares) of(c client) int64 { return max(s.had[c], s.least) }

// next returns the place of the client, of n that wait in this order, who has had the least of those who may be next, or -1.
func (s *shares) next(n int, waits func(int) client, may func(int) bool) int {
	next, least := -1, int64(math.MaxInt64)
	for i := range n {
		had := s.of(waits(i))
		least = min(least, had)
		if may(i) && (next < 0 || had < s.of(waits(next))) {
			next = i
		}
	}
	if n > 0 && least > s.least {
		s.least = least
		maps.DeleteFunc(s.had, func(_ client, had int64) bool { return had <= least })
	}
	return next
}

// charge counts something as had by a client.
func (s *shares) charge(c client, cost int) { s.had[c] = s.of(c) + int64(cost) }

// A gate lets some through at a time, of each client in turn by the cost of what they do.
type gate struct {
	mu      sync.Mutex
	free    int
	shares  shares
	waiting []*waiter
}

type waiter struct {
	client client
	cost   int
	open   chan struct{} // closed when it may go
}

func newGate(places int) *gate { return &gate{free: places, shares: newShares()} }

// pass waits for a place, and returns what gives it back, or ctx's error.
func (g *gate) pass(ctx context.Context, c client, cost int) (func(), error) {
	w := &waiter{c, cost, make(chan struct{})}
	g.mu.Lock()
	g.waiting = append(g.waiting, w)
	g.admit()
	g.mu.Unlock()
	select {
	case <-w.open:
		return g.leave, nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	i := slices.Index(g.waiting, w)
	if i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
	}
	g.mu.Unlock()
	if i < 0 { // it was let through at the same moment
		g.leave()
	}
	return nil, ctx.Err()
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.free++
	g.admit()
}

// admit lets those through for whom there is a place. The caller holds the lock.
func (g *gate) admit() {
	for g.free > 0 && len(g.waiting) > 0 {
		next := g.shares.next(len(g.waiting), func(i int) client { return g.waiting[i].client }, func(int) bool { return true })
		w := g.waiting[next]
		g.waiting = slices.Delete(g.waiting, next, next+1)
		g.shares.charge(w.client, w.cost)
		g.free--
		close(w.open)
	}
}
