// Command serve gives predictions over HTTP: a service for a load balancer, in one binary with the embedded model inside.
//
//	go run ./examples/serve -models DIR [-addr HOST:PORT] [-log DSN] [-api-keys FILE] [-tls-cert FILE -tls-key FILE]
//	    [-variant NAME=DIR [-share X]] [-cors ORIGINS] [-traces URL] [-reload TIME] [-drain TIME] [-health] [-log-level LEVEL] [-max-… LIMIT]
//
// DIR is the directory that finetune wrote to. The API is described at /openapi.json (OpenAPI 3.1) and /docs:
//
//	POST /v1/predict             a call or an array of calls → {"predictions":[{"id":…,"probability":…},…],"model":…}
//	POST /v1/explain             a call → what each turn contributes, as examples/explain writes it
//	POST /v1/live                begins a call in progress; POST /v1/live/ID/turns adds a turn, at the cost of this turn alone,
//	                             GET /v1/live/ID/events streams the state after each turn, DELETE /v1/live/ID ends it
//	GET  /v1/model               the model, its training data and held-out figures
//	GET  /healthz, /readyz       for load balancers
//	GET  /metrics                for Prometheus
//	GET  /                       a page to paste a call
//
// Calls are JSON in the form that finetune reads by default; by their content type also JSON Lines of any form, CSV, text,
// WebVTT and SRT, packed by gzip or not. Errors are problems of RFC 9457, which name the field. Every response has an
// X-Request-Id, taken over from the request or made.
//
// # Requests
//
// The calls of all clients are predicted together, some at a time and of each client in turn by their bytes; a client is an API
// key or, without keys, an address. Requests beyond the limits (the -max flags) are refused: 413 for size, 429 for a client
// with too many at a time, 503 for too many of all, 504 for time. A request counts among -max-requests once its body is there and
// until its response begins; /healthz, /readyz and /metrics always answer. Of bodies larger than 64 KiB there may be as many at
// a time as have eight times the bytes of -max-body; a line of a call counts as 100 bytes. A body may have 262,144 values, cells
// or lines, half as many of them lines, or one for each 32 bytes of -max-body. Of whatever is limited, a client may have as much as
// is left, and so half if it is alone.
//
// # Calls in progress
//
// The probability during a call is the chance of a call in progress, by a model of its own, and "slipping" is its alarm:
// GET /v1/model has under "during_call" the threshold, the share of won calls that may be called slipping, and how both did on
// calls held out. When the call is ended, it is predicted as a whole, for the store and for who listens: the event
// `end` has that prediction.
//
// # Pages of others
//
// What pages of other origins have a browser send is refused with 403, but for the origins of -cors, whose pages may also read
// responses.
//
// # Model
//
// DIR is looked at every few seconds, and at SIGHUP. When a file in it was changed, all are verified; when its content is another
// predictor, that one is loaded, tried, and serves the requests that begin from then on; those in progress keep theirs. One that cannot be loaded never serves: the old
// one serves on. finetune replaces the directory atomically.
//
// # Experiments
//
// With -variant NAME=DIR a second model predicts a share of the calls, half of them by default. A stable hash of the customer
// (metadata.customer_id), or of the id where a call names none, decides which: a customer's calls are all of one variant, at
// every instance. The store keeps the variant of each prediction, control or NAME, and
// watch -ab control=0.5,NAME=0.5 compares them. Calls without either are no part of the experiment.
//
// # Store
//
// With -log, predictions are written to a store of package store, which describes what is kept: no text. Explanations are not:
// calls are predicted, and then explained. Requests never wait for
// it. While it is slow or gone, up to 20,000 predictions wait in memory; those beyond are counted in salesconv_store_lost_total.
//
// # Traces
//
// With -traces, a span of each request, and within it one of the model's work, goes to a collector of OpenTelemetry by OTLP over HTTP,
// as a part of the client's trace where it names one (traceparent). They have routes, statuses and numbers of calls: no text.
// Requests never wait for the collector; spans that it does not take are lost, and the log says so.
//
// # Several instances
//
// Calls in progress live in the instance where they began: a load balancer sends the requests of one to the same instance.
// Everything else may go to any.
//
// # End
//
// SIGTERM and SIGINT: /readyz says no at once, and after -drain the service takes no connections any more, finishes what it
// accepted, writes what waits for the store, and ends. A second signal ends it at once.
package main

import (
	"context"
	"log/slog"
	"net"
	"os/signal"
	"sync"

	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/store"
)

func main() { cli.Main(run) }

func run(ctx context.Context, env *cli.Env) error {
	o, err := parse(env)
	if err != nil {
		return err
	}
	if o.health {
		return health(ctx, o.addr)
	}
	l, err := net.Listen("tcp", o.addr)
	if err != nil {
		return err
	}
	defer l.Close()
	return o.serve(ctx, l, slog.New(slog.NewJSONHandler(env.Stderr, &slog.HandlerOptions{Level: o.level})))
}

// serve puts the parts together, serves at l until ctx ends, and takes them apart again.
func (o *options) serve(ctx context.Context, l net.Listener, log *slog.Logger) error {
	k, err := readKeys(o.apiKeys)
	if err != nil {
		return err
	}
	m := newMetrics()
	first, err := openModel(o.models, log, m)
	if err != nil {
		return err
	}
	models := []*model{first}
	var e *experiment
	if o.trial.name != "" {
		second, err := openModel(o.trial.dir, log, m)
		if err != nil {
			return err
		}
		e, models = &experiment{o.trial, second}, append(models, second)
	}
	t, err := newTraces(ctx, o.traces, log)
	if err != nil {
		return err
	}
	recorder := newRecorder(o.openStore(), log, m)
	s := newService(o.limits, log, m, first, e, recorder, t)
	h, err := s.handler(o, k)
	if err != nil {
		return err
	}
	background, stop := context.WithCancel(context.Background())
	storing, stopStoring := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { s.run(background) })
	for _, model := range models {
		hup := hangups()
		defer signal.Stop(hup)
		running.Go(func() { model.watch(background, o.reload, hup) })
	}
	go recorder.run(storing)
	log.Info("serving", "address", l.Addr().String(), "model", first.predictor().Version(), "variant", o.trial.name, "tls", o.certificate != "", "keys", len(k), "store", o.store != "")
	err = s.serve(ctx, newServer(h, &o.limits, log), l, o)
	ending, stopEnding := context.WithTimeout(background, o.limits.Time)
	defer stopEnding()
	s.live.endAll(ending, func(*liveCall) bool { return true })
	stop()
	running.Wait()
	recorder.close(stopStoring)
	t.end()
	log.Info("ended")
	return err
}

// openStore returns what opens the store, or nil.
func (o *options) openStore() func(context.Context) (sink, error) {
	if o.store == "" {
		return nil
	}
	return func(ctx context.Context) (sink, error) {
		s, err := store.Open(ctx, o.store)
		if err != nil {
			return nil, err
		}
		return s, nil
	}
}
