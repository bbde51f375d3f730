package main

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// traces are what is sent to a collector of OpenTelemetry: a span for each request but the ones of load balancers and Prometheus, and
// within it one for the work of the model. They have no text of a call.
type traces struct {
	trace.Tracer
	end func() // sends what is left
}

// traceTime is how long the last spans may take to be sent.
const traceTime = 5 * time.Second

// newTraces sends spans to a collector by OTLP over HTTP, such as http://localhost:4318; "" sends none. Requests never wait for it.
func newTraces(ctx context.Context, url string, log *slog.Logger) (traces, error) {
	if url == "" {
		return traces{noop.Tracer{}, func() {}}, nil
	}
	to, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(url))
	if err != nil {
		return traces{}, err
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces are lost", "error", err) }))
	p := sdk.NewTracerProvider(sdk.WithBatcher(to), sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "salesconv"))))
	return traces{p.Tracer("github.com/org/salesconv/examples/serve"), func() {
		ctx, stop := context.WithTimeout(context.Background(), traceTime)
		defer stop()
		if err := p.Shutdown(ctx); err != nil {
			log.Warn("traces are lost", "error", err)
		}
	}}, nil
}

// request begins the span of a request, within the client's own span if it names one (W3C Trace Context).
func (t traces) request(r *http.Request, id string) (context.Context, trace.Span) {
	if frequent[r.URL.Path] {
		return r.Context(), noop.Span{}
	}
	ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	return t.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.String("request.id", id)))
}

// answered names the span of a request by its route.
func answered(span trace.Span, method, route string, status int) {
	span.SetName(method + " " + route)
	span.SetAttributes(attribute.String("http.request.method", method), attribute.String("http.route", route), attribute.Int("http.response.status_code", status))
	if status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, http.StatusText(status))
	}
	span.End()
}

// work is f within a span for the work of the model on calls.
func (t traces) work(ctx context.Context, calls int, f func(context.Context) error) error {
	ctx, span := t.Start(ctx, "model", trace.WithAttributes(attribute.Int("calls", calls)))
	defer span.End()
	err := f(ctx)
	if err != nil {
		span.SetStatus(codes.Error, "")
	}
	return err
}

// frequent are the paths that are asked for again and again.
var frequent = map[string]bool{"/healthz": true, "/readyz": true, "/metrics": true}
