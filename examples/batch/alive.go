package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// A worker at work changes a file at every beat; a job whose file stays the same for so many beats is given up, as a runner may
// wait for a worker that is dead. Counting beats instead of reading the clock survives a machine that sleeps.
var beat = 30 * time.Second

const beats = 20

var errSilent = errors.New("its workers have been silent for too long")

// alive is the name of the file that workers change.
func (j *Job) alive() string { return j.Output + "-alive" }

// busy changes the file now and at every beat until it is told to stop. That the file cannot be written is no error: what
// the worker writes next will have it.
func (j *Job) busy(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(beat)
		defer tick.Stop()
		for {
			_ = writeFile(ctx, j.alive(), fmt.Appendf(nil, "%016x\n", rand.Uint64()))
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return func() {
		cancel()
		<-done
	}
}

// watch returns a context that ends when the workers have begun and are silent.
func (j *Job) watch(ctx context.Context) (watched context.Context, stop func()) {
	watched, cancel := context.WithCancelCause(ctx)
	first, _, _ := readFile(ctx, j.alive())
	go func() {
		tick := time.NewTicker(beat)
		defer tick.Stop()
		last, same, begun := string(first), 0, false
		for same < beats {
			select {
			case <-watched.Done():
				return
			case <-tick.C:
			}
			now, found, err := readFile(watched, j.alive())
			switch changed := found && err == nil && string(now) != last; {
			case changed:
				last, same, begun = string(now), 0, true
			case begun:
				same++
			}
		}
		cancel(errSilent)
	}()
	return watched, func() { cancel(nil) }
}
