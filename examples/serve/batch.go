package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/transcript"
)

// A batcher predicts the calls of all clients, some at a time. It never waits for a batch to fill: what arrives while one is
// predicted is the next. The clients' calls are taken in turn, one of each, so that a large request does not hold up small
// ones.
type batcher struct {
	predict func(context.Context, *conversion.Predictor, []transcript.Call, *conversion.PredictOptions) ([]conversion.Prediction, error)
	observe func(calls int) // is told the size of each batch

	mu      sync.Mutex
	waiting []*job
	jobs    int           // that were ever given to it
	wake    chan struct{} // has one element while there may be something to do
	stopped chan struct{}
}

// Limits of a batch. Both cores are busy with a few kilobytes, and more would only make the others wait.
const (
	batchCalls = 64
	batchBytes = 16 << 10
)

// A job is the calls of a request. All of them are predicted by one predictor, also where a new one is loaded meanwhile.
type job struct {
	ctx       context.Context
	predictor *conversion.Predictor
	byTurn    bool
	calls     []transcript.Call

	next        int // calls that were put into batches
	done        int
	predictions []conversion.Prediction
	result      chan error // one element when the job ends
}

func newBatcher(observe func(int)) *batcher {
	return &batcher{predict: predict, observe: observe, wake: make(chan struct{}, 1), stopped: make(chan struct{})}
}

// run predicts until ctx ends; by then nobody may call do any more.
func (b *batcher) run(ctx context.Context) {
	defer close(b.stopped)
	for {
		for {
			batch := b.take()
			if batch == nil {
				break
			}
			batch.run(b)
		}
		select {
		case <-b.wake:
		case <-ctx.Done():
			return
		}
	}
}

// do predicts calls, or returns an error when ctx ends.
func (b *batcher) do(ctx context.Context, p *conversion.Predictor, calls []transcript.Call, byTurn bool) ([]conversion.Prediction, error) {
	j := &job{
		ctx: ctx, predictor: p, byTurn: byTurn, calls: calls,
		predictions: make([]conversion.Prediction, len(calls)), result: make(chan error, 1),
	}
	b.mu.Lock()
	b.waiting = append(b.waiting, j)
	b.jobs++
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
	select {
	case err := <-j.result:
		return j.predictions, err
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-b.stopped:
		return nil, errors.New("the service has stopped")
	}
}

// depth is the number of requests that wait for calls to be put into a batch.
func (b *batcher) depth() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiting)
}

// A batch is calls that are predicted together, and the job and place of each.
type batch struct {
	calls []transcript.Call
	jobs  []*job
	at    []int
}

// take makes a batch of the calls that wait: of jobs that want the same of the same predictor as the first. Jobs whose client
// has left are dropped.
func (b *batcher) take() *batch {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drop(func(j *job) bool { return j.ctx.Err() != nil })
	if len(b.waiting) == 0 {
		return nil
	}
	first, size := b.waiting[0], 0
	t := new(batch)
	for took := true; took; {
		took = false
		for _, j := range b.waiting {
			if j.predictor != first.predictor || j.byTurn != first.byTurn || j.next == len(j.calls) {
				continue
			}
			c := j.calls[j.next]
			if len(t.calls) > 0 && (len(t.calls) == batchCalls || size+len(c.Text) > batchBytes) {
				continue
			}
			t.calls, t.jobs, t.at = append(t.calls, c), append(t.jobs, j), append(t.at, j.next)
			j.next++
			size += len(c.Text)
			took = true
		}
	}
	// Those that had their turn go to the end, so that the next batch begins with somebody else.
	had := map[*job]bool{}
	for _, j := range t.jobs {
		had[j] = true
	}
	rest := b.waiting
	b.waiting = nil
	for _, again := range []bool{false, true} {
		for _, j := range rest {
			if had[j] == again && j.next < len(j.calls) {
				b.waiting = append(b.waiting, j)
			}
		}
	}
	return t
}

// drop removes jobs from those that wait. The caller holds the lock.
func (b *batcher) drop(gone func(*job) bool) {
	var kept []*job
	for _, j := range b.waiting {
		if !gone(j) {
			kept = append(kept, j)
		}
	}
	b.waiting = kept
}

// run predicts the batch and hands out the predictions. It gives up when all clients have left.
func (t *batch) run(b *batcher) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var present atomic.Int64
	present.Store(int64(len(t.jobs)))
	for _, j := range t.jobs {
		defer context.AfterFunc(j.ctx, func() {
			if present.Add(-1) == 0 {
				stop()
			}
		})()
	}
	b.observe(len(t.calls))
	first := t.jobs[0]
	predictions, err := b.recovered(ctx, first.predictor, t.calls, first.byTurn)
	for i, j := range t.jobs {
		if err == nil {
			j.predictions[t.at[i]] = predictions[i]
		}
		t.finish(b, j, err)
	}
}

// finish counts a call of a job that was predicted, or ends the job with an error.
func (t *batch) finish(b *batcher, j *job, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if j.done++; err == nil && j.done < len(j.calls) {
		return
	}
	if err != nil {
		b.drop(func(other *job) bool { return other == j })
	}
	select {
	case j.result <- err:
	default: // it ended with an earlier call
	}
}

// recovered predicts calls, and makes an error of a panic: the other clients are served on.
func (b *batcher) recovered(ctx context.Context, p *conversion.Predictor, calls []transcript.Call, byTurn bool) (all []conversion.Prediction, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return b.predict(ctx, p, calls, &conversion.PredictOptions{ByTurn: byTurn})
}

func predict(ctx context.Context, p *conversion.Predictor, calls []transcript.Call, opts *conversion.PredictOptions) ([]conversion.Prediction, error) {
	return p.Predict(ctx, calls, opts)
}
