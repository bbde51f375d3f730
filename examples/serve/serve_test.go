package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/transcript"
)

// fitted are two predictors on a small random encoder.
var fitted = sync.OnceValues(func() (two [2]*conversion.Predictor, err error) {
	for i := range two {
		two[i], _, err = conversion.Fit(context.Background(), transcript.Sample()[:20+2*i],
			&conversion.Options{Model: os.DirFS("../../encoder/testdata/models/mean12"), Frozen: true, Folds: 2})
		if err != nil {
			return two, err
		}
	}
	return two, nil
})

// save puts one of the predictors into a directory.
func save(t *testing.T, dir string, which int) *conversion.Predictor {
	t.Helper()
	two, err := fitted()
	if err != nil {
		t.Fatal(err)
	}
	if err := two[which].Save(dir); err != nil {
		t.Fatal(err)
	}
	return two[which]
}

// A running is a service that serves.
type running struct {
	t         *testing.T
	url       string
	address   string
	options   *options
	predictor *conversion.Predictor
	log       *synced
	end       func() error // as SIGTERM does, and waits until it has ended
}

// synced is a buffer that several goroutines may write to.
type synced struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *synced) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *synced) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// start starts a service with the default limits, which change may change.
func start(t *testing.T, change func(*options)) *running {
	t.Helper()
	o := &options{models: filepath.Join(t.TempDir(), "models"), reload: 20 * time.Millisecond}
	o.limits.flags(flag.NewFlagSet("", flag.ContinueOnError))
	p := save(t, o.models, 0)
	if change != nil {
		change(o)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	log, ended := new(synced), make(chan error, 1)
	go func() {
		ended <- o.serve(ctx, l, slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	}()
	r := &running{t: t, url: "http://" + l.Addr().String() + "/", address: l.Addr().String(), options: o, predictor: p, log: log}
	r.end = sync.OnceValue(func() error {
		stop()
		return <-ended
	})
	t.Cleanup(func() { r.end() })
	return r
}

// an answer is a response that was read.
type answer struct {
	*http.Response
	body []byte
}

// send sends a request with headers given as "Name: value".
func (r *running) send(method, path, body string, headers ...string) answer {
	r.t.Helper()
	a, err := r.try(method, path, strings.NewReader(body), headers...)
	if err != nil {
		r.t.Fatal(err)
	}
	return a
}

func (r *running) try(method, path string, body io.Reader, headers ...string) (answer, error) {
	q, err := http.NewRequest(method, r.url+path, body)
	if err != nil {
		return answer{}, err
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		q.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return answer{resp, text}, err
}

func (a answer) decode(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		t.Fatalf("%s: %v: %.500s", a.Status, err, a.body)
	}
}

func marshal(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// near reports whether probabilities are equal to within the rounding of sums in another order.
func near(a, b float64) bool { return a-b < 1e-6 && b-a < 1e-6 }

type predicted struct {
	Predictions []conversion.Prediction
	Model       string
}

func TestPredict(t *testing.T) {
	r := start(t, nil)
	calls := transcript.Sample()[20:60]
	want, err := r.predictor.Predict(t.Context(), calls, &conversion.PredictOptions{ByTurn: true})
	if err != nil {
		t.Fatal(err)
	}
	a := r.send("POST", "v1/predict?by_turn=true", marshal(t, calls), "Content-Type: application/json", "X-Request-Id: mine-1")
	var got predicted
	a.decode(t, &got)
	if a.StatusCode != 200 || a.Header.Get("X-Request-Id") != "mine-1" || len(got.Predictions) != len(calls) || got.Model != r.predictor.Version() {
		t.Fatalf("%s, %d predictions by %s: %.300s", a.Status, len(got.Predictions), got.Model, a.body)
	}
	for i, p := range got.Predictions {
		if w := want[i]; p.ID != calls[i].ID || !near(p.Probability, w.Probability) || len(p.ByTurn) != len(w.ByTurn) {
			t.Errorf("call %d: %+v, want %+v", i, p, w)
		}
	}
	// One call, and one without an ID or anything else.
	var one predicted
	r.send("POST", "v1/predict", marshal(t, calls[0])).decode(t, &one)
	if len(one.Predictions) != 1 || one.Predictions[0].ID != calls[0].ID || !near(one.Predictions[0].Probability, want[0].Probability) {
		t.Errorf("one call: %+v, want %+v", one.Predictions, want[0])
	}
	one = predicted{}
	r.send("POST", "v1/predict", `{"transcript": "Agent: Hi\nCustomer: Hello"}`).decode(t, &one)
	if len(one.Predictions) != 1 || one.Predictions[0].ID != "" || one.Predictions[0].ByTurn != nil {
		t.Errorf("a call of two words: %+v", one)
	}
	if s := r.log.String(); strings.Contains(s, "Hello") || !strings.Contains(s, `"route":"/v1/predict","status":200`) || !strings.Contains(s, `"request":"mine-1"`) {
		t.Errorf("the log has text of a call, or lacks a request: %s", s)
	}
}

// Each format gives the probability of the call that it holds.
func TestFormats(t *testing.T) {
	r := start(t, nil)
	const said = "Agent: Hello, we spoke about the offer.\nCustomer: Yes, send me the contract."
	want, err := r.predictor.Predict(t.Context(), []transcript.Call{{Text: said}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	vtt := "WEBVTT\n\n00:01.000 --> 00:02.000\nAgent: Hello, we spoke about the offer.\n\n00:03.000 --> 00:04.000\nCustomer: Yes, send me the contract.\n"
	turns := `[{"speaker":"Agent","text":"Hello, we spoke about the offer."},{"speaker":"Customer","text":"Yes, send me the contract."}]`
	for kind, body := range map[string]string{
		"text/plain; charset=utf-8": said,
		"text/vtt":                  vtt,
		"application/x-subrip":      "1\n00:00:01,000 --> 00:00:02,000\nAgent: Hello, we spoke about the offer.\n\n2\n00:00:03,000 --> 00:00:04,000\nCustomer: Yes, send me the contract.\n",
		"text/csv":                  "id,transcript\n1,\"" + said + "\"\n",
		"application/x-ndjson":      marshal(t, map[string]string{"transcript": said}) + "\n",
		"application/json":          `{"transcript":` + turns + `}`,
		"application/jsonl":         `{"messages":` + strings.ReplaceAll(turns, `"text"`, `"content"`) + "}\n",
	} {
		a := r.send("POST", "v1/predict", body, "Content-Type: "+kind)
		var got predicted
		a.decode(t, &got)
		if a.StatusCode != 200 || len(got.Predictions) != 1 || !near(got.Predictions[0].Probability, want[0].Probability) {
			t.Errorf("%s: %s %s, want %v", kind, a.Status, a.body, want[0].Probability)
		}
		packed := r.send("POST", "v1/predict", packed(t, body), "Content-Type: "+kind, "Content-Encoding: gzip")
		if !bytes.Equal(packed.body, a.body) {
			t.Errorf("%s, packed: %s %s, want %s", kind, packed.Status, packed.body, a.body)
		}
	}
}

func TestExplain(t *testing.T) {
	r := start(t, nil)
	call := transcript.Sample()[30]
	a := r.send("POST", "v1/explain?words=1", marshal(t, call))
	var got conversion.Explanation
	a.decode(t, &got)
	sum, words := got.Base, 0
	for _, turn := range got.Turns {
		sum += turn.Contribution
		if turn.Words != nil {
			words++
		}
	}
	if a.StatusCode != 200 || got.ID != call.ID || !near(sum, got.LogOdds) || words != 1 {
		t.Errorf("%s: contributions add up to %v, want %v; %d turns have words, want 1: %.300s", a.Status, sum, got.LogOdds, words, a.body)
	}
	if a := r.send("POST", "v1/explain", marshal(t, transcript.Sample()[:2])); a.StatusCode != 422 {
		t.Errorf("two calls: %s %s", a.Status, a.body)
	}
}

func TestModel(t *testing.T) {
	r := start(t, nil)
	var got map[string]any
	r.send("GET", "v1/model", "").decode(t, &got)
	if got["version"] != r.predictor.Version() || got["data"].(map[string]any)["calls"] != 20.0 || got["out_of_fold"] == nil || got["created"] == nil {
		t.Errorf("model %v", got)
	}
}

// What load balancers, browsers and Prometheus ask for.
func TestOthers(t *testing.T) {
	r := start(t, nil)
	r.send("POST", "v1/predict", `{"transcript": "Agent: Hi\nCustomer: Hello"}`)
	for path, want := range map[string]string{
		"healthz":      "ok",
		"readyz":       "ok",
		"metrics":      `salesconv_requests_total{code="200",method="POST",route="/v1/predict"} 1`,
		"openapi.json": `"openapi":"3.1.0"`,
		"docs":         "<h1>API of salesconv",
		"docs.js":      "openapi.json",
		"":             "<h1>Will this call convert?",
		"page.js":      "v1/predict",
		"page.css":     "color-scheme",
	} {
		a := r.send("GET", path, "")
		if a.StatusCode != 200 || !strings.Contains(string(a.body), want) {
			t.Errorf("/%s: %s, without %q: %.300s", path, a.Status, want, a.body)
		}
		h := a.Header
		if h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "default-src 'none'") || h.Get("X-Request-Id") == "" || h.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("/%s: headers %v", path, h)
		}
	}
	for _, c := range []struct {
		method, path string
		status       int
		allow        string
	}{{"GET", "nothing", 404, ""}, {"PUT", "v1/predict", 405, "POST"}, {"POST", "healthz", 405, "GET, HEAD"}, {"GET", "v1/live/x", 404, ""},
		{"GET", "/v1/predict", 404, ""}, {"GET", "v1/../v1/model", 404, ""}, {"GET", "v1//model", 404, ""}, {"GET", "v1/live/%2e%2e", 404, ""}, {"GET", "v1%2fmodel", 404, ""}} {
		a := r.send(c.method, c.path, "")
		if a.StatusCode != c.status || a.Header.Get("Allow") != c.allow || a.Header.Get("Content-Type") != problemType {
			t.Errorf("%s /%s: %s, Allow %q, %s", c.method, c.path, a.Status, a.Header.Get("Allow"), a.body)
		}
	}
}

func TestHealth(t *testing.T) {
	r := start(t, nil)
	if err := health(t.Context(), r.address); err != nil {
		t.Error(err)
	}
	if err := r.end(); err != nil {
		t.Error(err)
	}
	if err := health(t.Context(), r.address); err == nil {
		t.Error("a service that has ended is ready")
	}
}

// TestModels keeps a small model for whoever wants to start the service with one.
func TestModels(t *testing.T) {
	dir := os.Getenv("MODELS")
	if dir == "" {
		t.Skip("MODELS names no directory to keep a small model in")
	}
	save(t, dir, 0)
}
