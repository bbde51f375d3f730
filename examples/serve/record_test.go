package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/internal/store"
	"github.com/org/salesconv/transcript"
)

// A faulty sink fails as long as it has an error.
type faulty struct {
	mu     sync.Mutex
	err    error
	rows   []store.Prediction
	tried  int
	closed bool
}

func (f *faulty) AddPredictions(_ context.Context, rows []store.Prediction) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tried++
	if f.err != nil {
		return f.err
	}
	f.rows = append(f.rows, rows...)
	return nil
}

func (f *faulty) Close() error {
	f.closed = true
	return nil
}

func (f *faulty) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *faulty) attempts() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tried
}

// recording starts a recorder that waits for an element of again between attempts.
func recording(f *faulty, again chan struct{}) (*recorder, context.CancelFunc) {
	r := newRecorder(func(context.Context) (sink, error) {
		if f.err == errGone {
			return nil, f.err
		}
		return f, nil
	}, slog.New(slog.NewTextHandler(io.Discard, nil)), newMetrics())
	r.wait = func(ctx context.Context, _ time.Duration) {
		select {
		case <-again:
		case <-ctx.Done():
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	go r.run(ctx)
	return r, stop
}

var errGone = errors.New("connection refused")

var aTurn = []transcript.Turn{{Text: "two words"}}

func (r *recorder) check(t *testing.T, stored, lost, up float64) {
	t.Helper()
	if s, l, u := testutil.ToFloat64(r.metrics.stored), testutil.ToFloat64(r.metrics.lost), testutil.ToFloat64(r.metrics.storeUp); s != stored || l != lost || u != up {
		t.Errorf("%v stored, %v lost, up %v; want %v, %v, %v", s, l, u, stored, lost, up)
	}
}

// The disk under the store is full, and later it is not: what was predicted meanwhile is written.
func TestStoreIsFull(t *testing.T) {
	f, again := &faulty{err: syscall.ENOSPC}, make(chan struct{})
	r, stop := recording(f, again)
	for range 3 {
		r.add("v", "", conversion.Prediction{ID: "c", Probability: .5}, aTurn)
	}
	again <- struct{}{}
	again <- struct{}{}
	r.check(t, 0, 0, 0)
	f.set(nil)
	close(again)
	r.close(stop)
	r.check(t, 3, 0, 1)
	if len(f.rows) != 3 || f.rows[0].Words != 2 || f.rows[0].Turns != 1 || f.rows[0].UID == f.rows[1].UID || !f.closed {
		t.Errorf("written %+v, closed %v", f.rows, f.closed)
	}
}

// While the store is gone, predictions beyond the room in memory are counted as lost, and so is what is left at the end. Nobody
// waits.
func TestStoreIsGone(t *testing.T) {
	f, again := &faulty{err: errGone}, make(chan struct{})
	r, stop := recording(f, again)
	again <- struct{}{}
	const more = 10
	for range recorderRoom + more {
		r.add("v", "", conversion.Prediction{ID: "c", Probability: .5}, nil)
	}
	r.check(t, 0, more, 0)
	r.add("v", "", conversion.Prediction{ID: "a\x00b", Probability: .5}, nil) // which no store takes
	r.close(stop)
	r.check(t, 0, recorderRoom+more+1, 0)
	if f.attempts() != 0 {
		t.Error("a store that cannot be opened was written to")
	}
}

// What the service predicts is in the store after it has ended: of requests and of calls in progress.
func TestStore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "predictions.db")
	r := start(t, func(o *options) { o.store = file })
	calls := transcript.Sample()[20:30]
	var got predicted
	r.send("POST", "v1/predict", marshal(t, calls)).decode(t, &got)
	var live liveState
	r.send("POST", "v1/live", `{"call": "in progress"}`).decode(t, &live)
	r.send("POST", "v1/live/"+live.ID+"/turns", `{"text": "two words"}`).decode(t, &live)
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	found := map[string]store.Prediction{}
	for _, p := range kept(t, file) {
		found[p.CallID] = p
	}
	whole, err := r.predictor.Predict(t.Context(), []transcript.Call{{ID: "in progress", Text: "two words"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range append(got.Predictions, whole...) {
		if p := found[want.ID]; !near(p.Probability, want.Probability) || !near(p.LogOdds, want.LogOdds) || p.Version != r.predictor.Version() || p.Turns == 0 || p.Words < 2 {
			t.Errorf("kept %+v, want %+v", p, want)
		}
	}
	if len(found) != len(calls)+1 {
		t.Errorf("%d predictions kept, want %d", len(found), len(calls)+1)
	}
}

// A store whose file is removed while serving is begun anew: what is counted as written is in it.
func TestStoreIsRemoved(t *testing.T) {
	file := filepath.Join(t.TempDir(), "predictions.db")
	r := start(t, func(o *options) { o.store = file })
	ask := func(id string, written int) {
		r.send("POST", "v1/predict", `{"id": "`+id+`", "transcript": "Agent: hi"}`)
		until(t, id+" is counted as written", func() bool {
			return strings.Contains(string(r.send("GET", "metrics", "").body), fmt.Sprintf("salesconv_store_written_total %d\n", written))
		})
	}
	ask("before", 1)
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	ask("after", 2)
	if all := kept(t, file); len(all) != 1 || all[0].CallID != "after" {
		t.Errorf("the new file has %+v", all)
	}
	if s := r.log.String(); !strings.Contains(s, "removed or replaced") {
		t.Errorf("the log does not tell: %s", s)
	}
}

// kept are the predictions in a store.
func kept(t *testing.T, dsn string) (all []store.Prediction) {
	t.Helper()
	s, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for p, err := range s.Predictions(t.Context(), time.Time{}, time.Time{}) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	return all
}
