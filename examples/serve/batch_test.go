package main

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/transcript"
)

// A fake predicts nothing but keeps what it is given, batch by batch; each batch waits for an element of pass.
type fake struct {
	began chan []string
	pass  chan error
}

func (f *fake) predict(ctx context.Context, _ *conversion.Predictor, calls []transcript.Call, _ *conversion.PredictOptions) ([]conversion.Prediction, error) {
	var names []string
	all := make([]conversion.Prediction, len(calls))
	for i, c := range calls {
		names = append(names, c.ID)
		all[i].ID = c.ID
	}
	f.began <- names
	select {
	case err := <-f.pass:
		return all, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func newFake(t *testing.T) (*batcher, *fake) {
	f := &fake{began: make(chan []string), pass: make(chan error)}
	b := newBatcher(func(int) {})
	b.predict = f.predict
	ctx, stop := context.WithCancel(context.Background())
	go b.run(ctx)
	t.Cleanup(func() {
		stop()
		<-b.stopped
	})
	return b, f
}

func named(name string, n, bytes int) []transcript.Call {
	calls := make([]transcript.Call, n)
	for i := range calls {
		calls[i] = transcript.Call{ID: fmt.Sprint(name, i), Text: strings.Repeat("x", bytes)}
	}
	return calls
}

// ask asks in the background and returns once the job waits or is predicted.
func ask(b *batcher, ctx context.Context, c client, calls []transcript.Call) chan error {
	done := make(chan error, 1)
	was := b.entered()
	go func() {
		all, err := b.do(ctx, c, nil, calls, false)
		for i := range all {
			if err == nil && all[i].ID != calls[i].ID {
				err = fmt.Errorf("call %d has the prediction of %q", i, all[i].ID)
			}
		}
		done <- err
	}()
	for b.entered() == was {
		runtime.Gosched()
	}
	return done
}

// entered counts the jobs that were given to the batcher.
func (b *batcher) entered() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.jobs
}

// What arrives while a batch is predicted is the next, the calls of each client in turn.
func TestBatches(t *testing.T) {
	b, f := newFake(t)
	ctx := t.Context()
	first := ask(b, ctx, client{}, named("a", 1, 1))
	if got := <-f.began; !reflect.DeepEqual(got, []string{"a0"}) {
		t.Errorf("the first batch is %v", got)
	}
	large := ask(b, ctx, client{}, named("b", 3, batchBytes/2))
	small := ask(b, ctx, client{}, named("c", 2, 1))
	f.pass <- nil
	if got := <-f.began; !reflect.DeepEqual(got, []string{"b0", "c0", "c1"}) {
		t.Errorf("the second batch is %v", got)
	}
	f.pass <- nil
	if err := errors.Join(<-first, <-small); err != nil {
		t.Error(err)
	}
	if got := <-f.began; !reflect.DeepEqual(got, []string{"b1", "b2"}) {
		t.Errorf("the third batch is %v", got)
	}
	f.pass <- nil
	if err := <-large; err != nil {
		t.Error(err)
	}
}

// Who asks for much has its turn after those who ask for little, and again before they have had as much.
func TestClientsInTurn(t *testing.T) {
	b, f := newFake(t)
	ctx := t.Context()
	first := ask(b, ctx, client{1}, named("a", 1, 1))
	<-f.began
	all := []chan error{first,
		ask(b, ctx, client{1}, named("b", 3, batchBytes/2)), ask(b, ctx, client{1}, named("c", 3, batchBytes/2)), ask(b, ctx, client{2}, named("d", 5, batchBytes/4))}
	for _, want := range [][]string{{"d0", "b0", "d1"}, {"d2", "c0", "d3"}, {"d4", "b1"}, {"c1", "b2"}, {"c2"}} {
		f.pass <- nil
		if got := <-f.began; !reflect.DeepEqual(got, want) {
			t.Errorf("the next batch is %v, want %v", got, want)
		}
	}
	f.pass <- nil
	for _, done := range all {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// Small calls are predicted while a large one is, also those of its own request, and the large ones one after the other.
func TestLargeCalls(t *testing.T) {
	b, f := newFake(t)
	large := append(named("large", 2, batchBytes+1), named("small", 1, 1)...)
	first := ask(b, t.Context(), client{1}, large)
	got := []string{strings.Join(<-f.began, " "), strings.Join(<-f.began, " ")}
	slices.Sort(got)
	if !reflect.DeepEqual(got, []string{"large0", "small0"}) {
		t.Errorf("%v are predicted, want a large call and a small one", got)
	}
	if n := b.depth(); n != 1 {
		t.Errorf("%d requests wait, want 1", n)
	}
	go func() {
		for range large {
			f.pass <- nil
		}
	}()
	if got := <-f.began; !reflect.DeepEqual(got, []string{"large1"}) {
		t.Errorf("then %v is predicted", got)
	}
	if err := <-first; err != nil {
		t.Error(err)
	}
}

// A batch goes on for the clients that stay, and ends when all have left. Those who leave while they wait cost nothing.
func TestClientsLeave(t *testing.T) {
	b, f := newFake(t)
	left, leave := context.WithCancel(t.Context())
	first := ask(b, t.Context(), client{}, named("a", 1, 1))
	<-f.began
	gone, stays := ask(b, left, client{}, named("b", 1, 1)), ask(b, t.Context(), client{}, named("c", 1, 1))
	f.pass <- nil
	<-f.began
	leave()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("who left: %v", err)
	}
	waited := ask(b, left, client{}, named("d", 1, 1))
	f.pass <- nil
	if err := errors.Join(<-first, <-stays); err != nil {
		t.Errorf("who stayed: %v", err)
	}
	if err := <-waited; !errors.Is(err, context.Canceled) {
		t.Errorf("who left before: %v", err)
	}
	alone, leave := context.WithCancel(t.Context())
	last := ask(b, alone, client{}, named("e", 1, 1))
	if got := <-f.began; !reflect.DeepEqual(got, []string{"e0"}) {
		t.Errorf("after those who left comes %v", got)
	}
	leave()
	if err := <-last; !errors.Is(err, context.Canceled) {
		t.Errorf("the last: %v", err)
	}
	if n := b.depth(); n != 0 {
		t.Errorf("%d requests wait", n)
	}
}

// An error and a panic end the requests of their batch and nothing else.
func TestBatchFails(t *testing.T) {
	b, f := newFake(t)
	failure := errors.New("broken")
	first := ask(b, t.Context(), client{}, named("a", 200, 1)) // several batches
	<-f.began
	f.pass <- failure
	if err := <-first; !errors.Is(err, failure) {
		t.Errorf("error %v", err)
	}
	second := ask(b, t.Context(), client{}, named("b", 1, 1))
	if got := <-f.began; !reflect.DeepEqual(got, []string{"b0"}) {
		t.Errorf("after a request that failed comes %v", got)
	}
	f.pass <- nil
	if err := <-second; err != nil {
		t.Error(err)
	}
	b = newBatcher(func(int) {})
	b.predict = func(context.Context, *conversion.Predictor, []transcript.Call, *conversion.PredictOptions) ([]conversion.Prediction, error) {
		panic("bug")
	}
	if _, err := b.recovered(t.Context(), nil, nil, false); err == nil || !strings.Contains(err.Error(), "bug") {
		t.Errorf("error %v", err)
	}
}
