package main

import (
	"bufio"
	"context"
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/transcript"
)

// events reads the events of a stream, as "event data", until it ends.
func (r *running) events(id string) <-chan string {
	r.t.Helper()
	resp, err := http.Get(r.url + "v1/live/" + id + "/events")
	if err != nil {
		r.t.Fatal(err)
	}
	if kind := resp.Header.Get("Content-Type"); resp.StatusCode != 200 || kind != "text/event-stream" {
		r.t.Fatalf("%s, %s", resp.Status, kind)
	}
	all := make(chan string, 100)
	go func() {
		defer resp.Body.Close()
		defer close(all)
		event := ""
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
			if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				event = name
			} else if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				all <- event + " " + data
			}
		}
	}()
	return all
}

// A call in progress has the probability that the turns so far have, for who adds them and for who listens.
func TestLive(t *testing.T) {
	r := start(t, nil)
	var begun liveState
	a := r.send("POST", "v1/live", `{"call": "c1"}`)
	a.decode(t, &begun)
	if a.StatusCode != 201 || a.Header.Get("Location") != "/v1/live/"+begun.ID || begun.Probability != nil || begun.Call != "c1" {
		t.Fatalf("%s %s", a.Status, a.body)
	}
	path, events := "v1/live/"+begun.ID, r.events(begun.ID)
	if e := <-events; !strings.Contains(e, `"turns":0,"probability":null`) {
		t.Errorf("the first event is %s", e)
	}
	call := transcript.Sample()[25]
	live := r.predictor.Live()
	for i, turn := range call.Turns() {
		want, err := live.Add(t.Context(), turn)
		if err != nil {
			t.Fatal(err)
		}
		var now liveState
		a := r.send("POST", path+"/turns", marshal(t, map[string]string{"speaker": turn.Speaker, "text": turn.Text}))
		a.decode(t, &now)
		if a.StatusCode != 200 || now.Turns != i+1 || math.Abs(*now.Probability-want.Probability) > 1e-4 || now.Slipping != want.Slipping {
			t.Errorf("turn %d: %s %s, want %v", i, a.Status, a.body, want)
		}
		var heard liveState
		if err := json.Unmarshal([]byte(strings.TrimPrefix(<-events, "prediction ")), &heard); err != nil || heard.Turns != i+1 || *heard.Probability != *now.Probability {
			t.Errorf("heard %+v after turn %d, error %v", heard, i, err)
		}
	}
	if a := r.send("POST", path+"/turns", `{"text": " "}`); a.StatusCode != 422 {
		t.Errorf("an empty turn: %s %s", a.Status, a.body)
	}
	if a := r.send("DELETE", path, ""); a.StatusCode != 204 {
		t.Errorf("%s %s", a.Status, a.body)
	}
	whole, err := r.predictor.Predict(t.Context(), []transcript.Call{call}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var end liveState
	last := <-events
	if err := json.Unmarshal([]byte(strings.TrimPrefix(last, "end ")), &end); err != nil || math.Abs(*end.Probability-whole[0].Probability) > 1e-4 || end.Turns != len(call.Turns()) {
		t.Errorf("the last event is %s, want the probability %v", last, whole[0].Probability)
	}
	if e, more := <-events; more {
		t.Errorf("after the end comes %s", e)
	}
	for _, c := range [][2]string{{"GET", ""}, {"DELETE", ""}, {"POST", "/turns"}, {"GET", "/events"}} {
		if a := r.send(c[0], path+c[1], `{"text": "a"}`); a.StatusCode != 404 {
			t.Errorf("%s%s of a call that has ended: %s", c[0], c[1], a.Status)
		}
	}
}

func TestLiveLimits(t *testing.T) {
	r := start(t, func(o *options) {
		o.limits.Live, o.limits.LiveTurns, o.limits.Text = 1, 2, 10
	})
	var begun liveState
	r.send("POST", "v1/live", "").decode(t, &begun)
	if a := r.send("POST", "v1/live", ""); a.StatusCode != 503 {
		t.Errorf("one call too many: %s", a.Status)
	}
	path := "v1/live/" + begun.ID + "/turns"
	for i, c := range []struct {
		text   string
		status int
	}{{"12345678901", 413}, {"a", 200}, {"1234567890", 413}, {"b", 200}, {"c", 413}} {
		if a := r.send("POST", path, `{"text": "`+c.text+`"}`); a.StatusCode != c.status {
			t.Errorf("turn %d: %s %s, want %d", i, a.Status, a.body, c.status)
		}
	}
}

func TestLiveCallsExpire(t *testing.T) {
	r := start(t, func(o *options) { o.limits.LiveIdle = 20 * time.Millisecond })
	var begun liveState
	r.send("POST", "v1/live", "").decode(t, &begun)
	until(t, "a call that nobody adds to has ended", func() bool { return r.send("GET", "v1/live/"+begun.ID, "").StatusCode == 404 })
}

// Turns that are added at the same time are added one after the other, and a client that leaves leaves the call as it was.
func TestLiveTogether(t *testing.T) {
	r := start(t, nil)
	var begun, now liveState
	r.send("POST", "v1/live", "").decode(t, &begun)
	done := make(chan error)
	for range 8 {
		go func() {
			_, err := r.try("POST", "v1/live/"+begun.ID+"/turns", strings.NewReader(`{"text": "Yes, send me the contract."}`))
			done <- err
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	r.send("GET", "v1/live/"+begun.ID, "").decode(t, &now)
	if now.Turns != 8 {
		t.Errorf("%d turns, want 8", now.Turns)
	}
	left, leave := context.WithCancel(t.Context())
	q, err := http.NewRequestWithContext(left, "GET", r.url+"v1/live/"+begun.ID+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	leave()
	resp.Body.Close()
	if a := r.send("POST", "v1/live/"+begun.ID+"/turns", `{"text": "Good."}`); a.StatusCode != 200 {
		t.Errorf("after a listener has left: %s", a.Status)
	}
}

// The alarm stays with the turn of the first one, and a call counts once.
func TestSlipping(t *testing.T) {
	m := newMetrics()
	c := &liveCall{alarms: m.alarms, changed: make(chan struct{})}
	for turn, slipping := range []bool{false, true, false, true} {
		now, err := c.set(conversion.Prediction{Slipping: slipping}, turn+1)
		if want := map[bool]int{false: 0, true: 2}[turn > 0]; err != nil || now.Slipping != slipping || now.Alarm != want {
			t.Errorf("turn %d: %+v, %v, want the alarm of turn %d", turn+1, now, err, want)
		}
	}
	if n := testutil.ToFloat64(m.alarms); n != 1 {
		t.Errorf("%v calls were slipping, want 1", n)
	}
}
