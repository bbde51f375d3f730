package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/transcript"
)

// A batcher predicts the calls of all clients, some at a time. It never waits for a batch to fill: what arrives while one is
// predicted is the next. The clients' calls are taken in turn, by their bytes, and those of a client's requests one of each, so
// that nobody who asks for much holds up others. A call that fills a batch by itself would, so that the large ones are predicted
// one after the other alongside the batches of small ones.
type batcher struct {
	predict func(context.Context, *conversion.Predictor, []transcript.Call, *conversion.PredictOptions) ([]conversion.Prediction, error)
	observe func(calls int) // is told the size of each batch

	mu      sync.Mutex
	lanes   [2]*lane // of small calls and of large ones
	jobs    int      // that were ever given to it
	stopped chan struct{}
}

// Limits of a batch. Both cores are busy with a few kilobytes, and more would only make the others wait.
const (
	batchCalls = 64
	batchBytes = 16 << 10
)

// A lane is the jobs with calls that wait, those whose turn it was longest ago first.
type lane struct {
	number  int
	waiting []*job
	shares  shares
	wake    chan struct{} // has one element while there may be something to do
}

// A job is the calls of a request. All of them are predicted by one predictor, also where a new one is loaded meanwhile.
type job struct {
	ctx       context.Context
	client    client
	predictor *conversion.Predictor
	byTurn    bool
	calls     []transcript.Call

	next        [2][]int // the calls of each lane that were not put into a batch
	done        int
	predictions []conversion.Prediction
	result      chan error // one element when the job ends
}

func newBatcher(observe func(int)) *batcher {
	b := &batcher{predict: predict, observe: observe, stopped: make(chan struct{})}
	for i := range b.lanes {
		b.lanes[i] = &lane{number: i, shares: newShares(), wake: make(chan struct{}, 1)}
	}
	return b
}

// run predicts until ctx ends; by then nobody may call do any more.
func (b *batcher) run(ctx context.Context) {
	defer close(b.stopped)
	var lanes sync.WaitGroup
	for _, l := range b.lanes {
		lanes.Go(func() { b.runLane(ctx, l) })
	}
	lanes.Wait()
}

func (b *batcher) runLane(ctx context.Context, l *lane) {
	for {
		for {
			batch := b.take(l)
			if batch == nil {
				break
			}
			batch.run(b)
		}
		select {
		case <-l.wake:
		case <-ctx.Done():
			return
		}
	}
}

// do predicts calls of a client, or returns an error when ctx ends.
func (b *batcher) do(ctx context.Context, c client, p *conversion.Predictor, calls []transcript.Call, byTurn bool) ([]conversion.Prediction, error) {
	j := &job{
		ctx: ctx, client: c, predictor: p, byTurn: byTurn, calls: calls,
		predictions: make([]conversion.Prediction, len(calls)), result: make(chan error, 1),
	}
	for i, call := range calls {
		which := 0
		if len(call.Text) > batchBytes {
			which = 1
		}
		j.next[which] = append(j.next[which], i)
	}
	b.mu.Lock()
	for i, l := range b.lanes {
		if j.next[i] == nil {
			continue
		}
		l.waiting = append(l.waiting, j)
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
	b.jobs++
	b.mu.Unlock()
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
	all := map[*job]bool{}
	for _, l := range b.lanes {
		for _, j := range l.waiting {
			all[j] = true
		}
	}
	return len(all)
}

// A batch is calls that are predicted together, and the job and place of each.
type batch struct {
	calls []transcript.Call
	jobs  []*job
	at    []int
}

// take makes a batch of the calls that wait in a lane: of jobs that want the same of the same predictor as the first. Jobs whose
// client has left are dropped.
func (b *batcher) take(l *lane) *batch {
	b.mu.Lock()
	defer b.mu.Unlock()
	l.drop(func(j *job) bool { return j.ctx.Err() != nil })
	t, size := new(batch), 0
	full := map[*job]bool{} // jobs whose next call has no room in the batch
	for len(t.calls) < batchCalls {
		at := l.shares.next(len(l.waiting), func(i int) client { return l.waiting[i].client }, func(i int) bool {
			j := l.waiting[i]
			return !full[j] && (len(t.jobs) == 0 || j.predictor == t.jobs[0].predictor && j.byTurn == t.jobs[0].byTurn)
		})
		if at < 0 {
			break
		}
		j := l.waiting[at]
		next := j.next[l.number][0]
		bytes := len(j.calls[next].Text)
		if len(t.calls) > 0 && size+bytes > batchBytes {
			full[j] = true
			continue
		}
		t.calls, t.jobs, t.at = append(t.calls, j.calls[next]), append(t.jobs, j), append(t.at, next)
		size += bytes
		l.shares.charge(j.client, bytes)
		l.waiting = slices.Delete(l.waiting, at, at+1)
		if j.next[l.number] = j.next[l.number][1:]; len(j.next[l.number]) > 0 {
			l.waiting = append(l.waiting, j)
		}
	}
	if len(t.calls) == 0 {
		return nil
	}
	return t
}

// drop removes jobs from those that wait. The caller holds the batcher's lock.
func (l *lane) drop(gone func(*job) bool) { l.waiting = slices.DeleteFunc(l.waiting, gone) }

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
		for _, l := range b.lanes {
			l.drop(func(other *job) bool { return other == j })
		}
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
