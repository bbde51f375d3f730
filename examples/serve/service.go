package main

import (
	"context"
	"log/slog"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/transcript"
)

// limits are what a request may take.
type limits struct {
	Body      int64         // bytes, unpacked
	Calls     int           // of a request
	Text      int           // bytes of a call
	Time      time.Duration // of a request
	Read      time.Duration // until its body is there
	Requests  int           // at a time
	PerClient int           // at a time, of one API key or address
	Live      int           // calls in progress
	LiveTurns int           // of a call in progress
	LiveIdle  time.Duration // until a call in progress that nobody adds to is ended
}

// A service is everything that outlives a request.
type service struct {
	limits  limits
	log     *slog.Logger
	metrics *metrics
	model   *model
	// experiment, if one runs, has a second model; otherwise nil.
	experiment *experiment
	admission  *admission
	batcher    *batcher
	live       *liveCalls
	record     *recorder
	traces     traces
	schemas    schemas
	// Those who use the model outside of the batches: turns of calls in progress, explanations, and those of either that are large.
	turns, explanations, large *gate
	decoding                   *gate // large bodies
	draining                   atomic.Bool
	closing                    chan struct{} // closed when streams are to end
}

func newService(l limits, log *slog.Logger, m *metrics, o *model, e *experiment, r *recorder, t traces) *service {
	s := &service{
		limits: l, log: log, metrics: m, model: o, experiment: e, record: r, traces: t, batcher: newBatcher(func(n int) { m.batch.Observe(float64(n)) }),
		turns: newGate(runtime.GOMAXPROCS(0)), explanations: newGate(runtime.GOMAXPROCS(0)), large: newGate(1), decoding: newGate(2), closing: make(chan struct{}),
	}
	s.admission = newAdmission(&s.limits, m)
	s.live = newLiveCalls(s)
	m.watch("waiting_requests", "Requests with calls that wait to be predicted.", func() float64 { return float64(s.batcher.depth()) })
	m.watch("store_waiting", "Predictions that wait to be written to the store.", func() float64 { return float64(len(r.queue)) })
	return s
}

// run does the work in the background until ctx ends.
func (s *service) run(ctx context.Context) {
	go s.live.expire(ctx)
	s.batcher.run(ctx)
}

// alone runs f on some bytes of a client while few others do, and returns its error or ctx's.
func (s *service) alone(ctx context.Context, g *gate, c client, bytes int, f func(context.Context) error) error {
	if bytes > batchBytes {
		g = s.large
	}
	leave, err := g.pass(ctx, c, bytes)
	if err != nil {
		return err
	}
	defer leave()
	return s.traces.work(ctx, 1, f)
}

// predicted counts and records the prediction of a call.
func (s *service) predicted(version, variant string, call transcript.Call, p conversion.Prediction) {
	s.metrics.predicted(p)
	s.record.add(version, variant, p, call.Turns())
}
