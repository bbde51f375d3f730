// Command serve serves predictions over HTTP, in one binary that contains the embedded model.
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
// WebVTT and SRT, gzipped or not. Errors are problems of RFC 9457, which name the field. Every response has an
// X-Request-Id, from the request or generated.
//
// # Requests
//
// Calls are predicted in batches that are shared fairly among clients, by bytes; a client is an API key or, without keys, an
// address. Requests beyond the limits (the -max flags) are refused: 413 for size, 429 for too many requests of a client at a
// time, 503 for too many in all, 504 for time. A request counts towards -max-requests from the time its body has arrived until
// its response begins; /healthz, /readyz and /metrics always answer. Bodies larger than 64 KiB may take eight times -max-body in
// all at a time; a line of a call counts as 100 bytes. A body may have 262,144 values, cells or lines, at most half of them
// lines, or one for each 32 bytes of -max-body. Of each limit a client may use as much as is still free, so a single client may
// use half.
//
// # Calls in progress
//
// The probability during a call is by a separate model for calls in progress, and "slipping" is its alarm: GET /v1/model has
// under "during_call" the threshold, the bound on the share of won calls with an alarm, and the evaluation of both on held-out
// calls. When the call is ended, it is predicted as a whole, for the store and for clients that stream its events: the event
// `end` has that prediction.
//
// # Cross-origin requests
//
// Requests that browsers send for pages of other origins are refused with 403, except for the origins of -cors, whose pages
// may also read responses.
//
// # Model
//
// DIR is checked every few seconds, and on SIGHUP. When a file in it has changed, all files are verified; a new
// predictor is loaded, tested, and serves all requests that begin from then on, while requests in progress keep the old
// one. A predictor that cannot be loaded never serves: the old one stays. finetune replaces the directory atomically.
//
// # Experiments
//
// With -variant NAME=DIR a second model predicts a share of the calls, half of them by default. A stable hash of the customer
// (metadata.customer_id), or of the id of a call without one, decides which: all calls of a customer are of one variant, in
// every instance. The store keeps the variant of each prediction, control or NAME, and watch -ab control=0.5,NAME=0.5
// compares them. Calls without customer and id are not in the experiment.
//
// # Store
//
// With -log, predictions are written to a store; package store describes what is kept: no text. Explanations are not
// written, as their calls are predicted too. Requests never wait for the store. While it is slow or unavailable, up to
// 20,000 predictions wait in memory; further ones are lost, and counted in salesconv_store_lost_total.
//
// # Traces
//
// With -traces, a span of each request, and within it one of the model's work, is sent to an OpenTelemetry collector by
// OTLP over HTTP, as part of the client's trace if the request names one (traceparent). Spans have routes, statuses and
// numbers of calls: no text. Requests never wait for the collector; spans that it does not accept are lost and logged.
//
// # Several instances
//
// A call in progress is held by the instance where it began: the load balancer must send all its requests there. Other
// requests may go to any instance.
//
// # Shutdown
//
// On SIGTERM or SIGINT, /readyz fails at once. After -drain the service accepts no more connections, finishes the requests
// it has accepted, writes the waiting predictions to the store, and ends. A second signal ends it at once.
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
