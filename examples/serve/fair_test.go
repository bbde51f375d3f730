package main

import (
	"context"
	"slices"
	"testing"
)

// Clients are let through by what they have had: who asks for much waits for those who ask for little, and nobody for ever.
func TestGate(t *testing.T) {
	g := newGate(1)
	leave, err := g.pass(t.Context(), client{9}, 1)
	if err != nil {
		t.Fatal(err)
	}
	order := make(chan string)
	wait := func(ctx context.Context, name string, c client, cost int) {
		g.mu.Lock()
		before := len(g.waiting)
		g.mu.Unlock()
		go func() {
			leave, err := g.pass(ctx, c, cost)
			if err != nil {
				order <- name + " left"
				return
			}
			order <- name
			leave()
		}()
		until(t, name+" waits", func() bool {
			g.mu.Lock()
			defer g.mu.Unlock()
			return len(g.waiting) > before
		})
	}
	left, goes := context.WithCancel(t.Context())
	for _, name := range []string{"a1", "a2", "a3"} {
		wait(t.Context(), name, client{1}, 100)
	}
	wait(left, "c", client{3}, 1)
	for _, name := range []string{"b1", "b2", "b3"} {
		wait(t.Context(), name, client{2}, 40)
	}
	goes()
	if got := <-order; got != "c left" {
		t.Errorf("%s, want that c has left", got)
	}
	leave()
	var got []string
	for range 6 {
		got = append(got, <-order)
	}
	if want := []string{"a1", "b1", "b2", "b3", "a2", "a3"}; !slices.Equal(got, want) {
		t.Errorf("the order is %v, want %v", got, want)
	}
	if leave, err = g.pass(t.Context(), client{1}, 1); err != nil {
		t.Fatal(err)
	}
	leave()
	if g.free != 1 || len(g.waiting) != 0 {
		t.Errorf("%d places are free, and %d wait", g.free, len(g.waiting))
	}
}
