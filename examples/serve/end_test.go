package main

import (
	"bytes"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/org/salesconv/examples/internal/store"
)

// goroutines lists those of this package and of its server.
func goroutines() string {
	var all bytes.Buffer
	pprof.Lookup("goroutine").WriteTo(&all, 2)
	var ours []string
	for g := range strings.SplitSeq(all.String(), "\n\n") {
		if strings.Contains(g, "examples/serve.") && !strings.Contains(g, "testing.tRunner(") || strings.Contains(g, "net/http.(*conn).serve") {
			ours = append(ours, g)
		}
	}
	return strings.Join(ours, "\n\n")
}

// The service ends under load: each request that it accepted is answered and its prediction is in the store, streams end, and
// nothing of it runs on.
func TestEndUnderLoad(t *testing.T) {
	file := filepath.Join(t.TempDir(), "predictions.db")
	r := start(t, func(o *options) { o.store, o.drain = file, 50*time.Millisecond })
	var live liveState
	r.send("POST", "v1/live", "").decode(t, &live)
	events := r.events(live.ID)
	<-events
	var clients sync.WaitGroup
	var answered atomic.Int64
	for k := range 8 {
		clients.Go(func() {
			client := &http.Client{Transport: &http.Transport{}} // with connections of its own
			defer client.CloseIdleConnections()
			for i := 0; ; i++ {
				resp, err := client.Post(r.url+"v1/predict", "application/json", strings.NewReader(fmt.Sprintf(`{"id": "%d-%d", "transcript": "Agent: Hi\nCustomer: Hello"}`, k, i)))
				if err != nil {
					return // it was not accepted, if there are as many answers as accepted requests
				}
				resp.Body.Close()
				if resp.StatusCode != 200 {
					t.Errorf("a request that was accepted: %s", resp.Status)
				}
				answered.Add(1)
			}
		})
	}
	until(t, "there is load", func() bool { return answered.Load() > 20 })
	if err := r.end(); err != nil {
		t.Error(err)
	}
	clients.Wait()
	for range events {
	}
	s, err := store.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	stored := int64(0)
	for _, err := range s.Predictions(t.Context(), time.Time{}, time.Time{}) {
		if err != nil {
			t.Fatal(err)
		}
		stored++
	}
	accepted := int64(strings.Count(r.log.String(), `"method":"POST","route":"/v1/predict"`))
	if n := answered.Load(); accepted != n || stored != n {
		t.Errorf("%d requests were accepted, %d answered, and there are %d predictions in the store", accepted, n, stored)
	}
	http.DefaultClient.CloseIdleConnections()
	for range 200 {
		if goroutines() == "" {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("goroutines that are left:\n%s", goroutines())
}

// quiet is a service that nothing runs of, and its handler.
func quiet(t *testing.T, l limits) (*service, http.Handler) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "models")
	save(t, dir, 0)
	log, m := slog.New(slog.DiscardHandler), newMetrics()
	model, err := openModel(dir, log, m)
	if err != nil {
		t.Fatal(err)
	}
	s := newService(l, log, m, model, nil, newRecorder(nil, log, m), untraced(t))
	h, err := s.handler(new(options), nil)
	if err != nil {
		t.Fatal(err)
	}
	return s, h
}

// Before it ends, the service is not ready, and sends its clients elsewhere.
func TestDraining(t *testing.T) {
	var l limits
	l.flags(flag.NewFlagSet("", flag.ContinueOnError))
	s, h := quiet(t, l)
	for _, draining := range []bool{false, true} {
		s.draining.Store(draining)
		for path, status := range map[string]int{"/readyz": 503, "/healthz": 200, "/v1/model": 200} {
			if !draining {
				status = 200
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
			if w.Code != status || (w.Header().Get("Connection") == "close") != draining {
				t.Errorf("draining %v: %s: %d, headers %v", draining, path, w.Code, w.Header())
			}
		}
	}
}
