package main

import (
	"bytes"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

func untraced(t *testing.T) traces {
	none, err := newTraces(t.Context(), "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return none
}

// A collector gets a span of each request within the client's trace, and one of the model's work within that, without text.
func TestTraces(t *testing.T) {
	var mu sync.Mutex
	var sent []*spans.Span
	at := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		got := new(collector.ExportTraceServiceRequest)
		if err != nil || proto.Unmarshal(body, got) != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL, err)
		}
		if bytes.Contains(body, []byte("s3cret")) {
			t.Error("a span has text of a call")
		}
		mu.Lock()
		defer mu.Unlock()
		for _, resource := range got.ResourceSpans {
			for _, scope := range resource.ScopeSpans {
				sent = append(sent, scope.Spans...)
			}
		}
	}))
	defer at.Close()
	r := start(t, func(o *options) { o.traces = at.URL })
	const traced = "4bf92f3577b34da6a3ce929d0e0e4736"
	r.send("POST", "v1/predict", `{"transcript": "Agent: s3cret", "id": "s3cret"}`, "traceparent: 00-"+traced+"-00f067aa0ba902b7-01", "X-Request-Id: mine")
	r.send("POST", "v1/predict", `s3cret`)
	r.send("GET", "readyz", "")
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	names := map[string]*spans.Span{}
	for _, s := range sent {
		names[s.Name] = s
	}
	request, model := names["POST /v1/predict"], names["model"]
	if len(sent) != 3 || request == nil || model == nil {
		t.Fatalf("spans %v", sent)
	}
	for _, s := range sent {
		if s.Kind == spans.Span_SPAN_KIND_SERVER && len(s.ParentSpanId) > 0 {
			request = s
		}
	}
	if trace := hex.EncodeToString(request.TraceId); trace != traced || hex.EncodeToString(model.TraceId) != traced || !bytes.Equal(model.ParentSpanId, request.SpanId) {
		t.Errorf("request %v, model %v", request, model)
	}
	if s := request.String(); !strings.Contains(s, "mine") || !strings.Contains(s, "int_value:200") && !strings.Contains(s, "int_value: 200") {
		t.Errorf("the span of the request is %s", s)
	}
}

// Without a collector that answers, the service serves and ends, and says that traces are lost.
func TestTracesWithoutCollector(t *testing.T) {
	r := start(t, func(o *options) { o.traces = "http://127.0.0.1:1" })
	if a := r.send("POST", "v1/predict", `{"transcript": "Agent: hi"}`); a.StatusCode != 200 {
		t.Errorf("%s %s", a.Status, a.body)
	}
	if err := r.end(); err != nil {
		t.Error(err)
	}
	if !strings.Contains(r.log.String(), "traces are lost") {
		t.Errorf("the log is %s", r.log)
	}
}
