package main

import (
	"context"
	"crypto/rand"
	"log/slog"
	"strings"
	"time"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/internal/store"
	"github.com/org/salesconv/transcript"
)

// A recorder writes predictions to the store in the background: requests never wait for it. While the store is slow
// or gone, predictions wait in memory; those beyond the room there are counted as lost.
type recorder struct {
	open    func(context.Context) (sink, error) // nil: nothing is recorded
	log     *slog.Logger
	metrics *metrics
	queue   chan store.Prediction
	stopped chan struct{}
	wait    func(context.Context, time.Duration) // between attempts

	sink sink // open, or nil
}

// A sink is what a recorder needs of a store.
type sink interface {
	AddPredictions(context.Context, []store.Prediction) error
	Close() error
}

const (
	recorderRoom  = 20000 // predictions that wait
	recorderBatch = 512   // predictions that are written together
	writeTime     = 10 * time.Second
	firstWait     = 100 * time.Millisecond
	longestWait   = 10 * time.Second
)

func newRecorder(open func(context.Context) (sink, error), log *slog.Logger, m *metrics) *recorder {
	if open != nil {
		m.registry.MustRegister(m.storeUp)
	}
	return &recorder{open: open, log: log, metrics: m, queue: make(chan store.Prediction, recorderRoom), stopped: make(chan struct{}), wait: pause}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// add records a prediction of a call of some turns, by a version of the predictor and a variant of an experiment, if one runs.
func (r *recorder) add(version, variant string, p conversion.Prediction, turns []transcript.Turn) {
	if r.open == nil {
		return
	}
	row := store.Prediction{
		UID: rand.Text(), CallID: p.ID, Time: time.Now().UTC(), Version: version, Variant: variant, Probability: p.Probability, LogOdds: p.LogOdds, Turns: len(turns),
	}
	for _, t := range turns {
		row.Words += len(strings.Fields(t.Text))
	}
	for _, w := range p.Warnings {
		row.Warnings = append(row.Warnings, string(w))
	}
	if err := row.Validate(); err != nil {
		r.lose(1, "a prediction cannot be written", err)
		return
	}
	select {
	case r.queue <- row:
	default:
		r.metrics.lost.Inc() // logged by the attempts to write those before it
	}
}

func (r *recorder) lose(n int, message string, err error) {
	r.metrics.lost.Add(float64(n))
	r.log.Error(message, "error", err, "lost", n)
}

// run writes until the queue is closed and empty. After ctx has ended, the first attempt that fails is the last.
func (r *recorder) run(ctx context.Context) {
	defer close(r.stopped)
	if r.open != nil {
		r.write(ctx, nil) // so that the log says at the start if the store is gone
	}
	for {
		batch := r.take()
		if batch == nil {
			break
		}
		r.write(ctx, batch)
	}
	if r.sink != nil {
		if err := r.sink.Close(); err != nil {
			r.log.Error("the store was not closed in order", "error", err)
		}
	}
}

// take waits for a prediction and returns it with those that wait too; nil at the end.
func (r *recorder) take() []store.Prediction {
	first, ok := <-r.queue
	if !ok {
		return nil
	}
	batch := []store.Prediction{first}
	for len(batch) < recorderBatch {
		select {
		case p, ok := <-r.queue:
			if !ok {
				return batch
			}
			batch = append(batch, p)
		default:
			return batch
		}
	}
	return batch
}

// write tries until the batch is written, or until ctx ends. The store leaves out what an attempt wrote whose answer was lost.
func (r *recorder) write(ctx context.Context, batch []store.Prediction) {
	wait := firstWait
	for {
		err := r.try(batch)
		if err == nil {
			r.metrics.storeUp.Set(1)
			r.metrics.stored.Add(float64(len(batch)))
			return
		}
		r.metrics.storeUp.Set(0)
		if ctx.Err() != nil {
			left := len(batch)
			for range r.queue {
				left++
			}
			r.lose(left, "the service ends and the store does not accept predictions", err)
			return
		}
		r.log.Error("the store does not accept predictions: they wait in memory", "error", err, "waiting", len(r.queue)+len(batch))
		r.wait(ctx, wait)
		wait = min(2*wait, longestWait)
	}
}

func (r *recorder) try(batch []store.Prediction) error {
	ctx, stop := context.WithTimeout(context.Background(), writeTime)
	defer stop()
	if r.sink == nil {
		s, err := r.open(ctx)
		if err != nil {
			return err
		}
		r.sink = s
	}
	err := r.sink.AddPredictions(ctx, batch)
	if err != nil { // it may have been removed, or be another by now
		r.sink.Close()
		r.sink = nil
	}
	return err
}

// close ends the recorder when nobody adds any more: what waits is written, unless an attempt fails.
func (r *recorder) close(stop context.CancelFunc) {
	close(r.queue)
	stop()
	<-r.stopped
}
