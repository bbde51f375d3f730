package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/org/salesconv/classify/evaluate/sequential"
)

// Calls are divided between two models by customer or else by id, alike by all operations, and the store has the variants.
func TestExperiment(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "predictions.db")
	r := start(t, func(o *options) {
		o.store, o.trial = file, trial{name: "v2", dir: filepath.Join(dir, "second"), share: 0.25}
		save(t, o.trial.dir, 1)
	})
	second, err := fitted()
	if err != nil {
		t.Fatal(err)
	}
	versions := []string{r.predictor.Version(), second[1].Version()}
	want := map[string]int{} // the variant of each call
	var calls []string
	const n = 200
	for i := range n {
		id, who, customer := fmt.Sprint("call", i), fmt.Sprint("call", i), ""
		if i%2 == 0 {
			who = fmt.Sprint("customer", i/10)
			customer = fmt.Sprintf(`, "metadata": {"customer_id": %q}`, who)
		}
		if want[id], err = sequential.Assign(who, "v2", []float64{0.75, 0.25}); err != nil {
			t.Fatal(err)
		}
		calls = append(calls, fmt.Sprintf(`{"id": %q, "transcript": "Agent: Hi\nCustomer: Hello there"%s}`, id, customer))
	}
	const nobody = 20 // calls without an id, which would be of both variants if they were numbered
	for range nobody {
		calls = append(calls, `{"transcript": "Agent: Hi\nCustomer: Hello there"}`)
	}
	var got struct{ Models []string }
	r.send("POST", "v1/predict", "["+strings.Join(calls, ",")+"]").decode(t, &got)
	for i := range n {
		if got.Models[i] != versions[want[fmt.Sprint("call", i)]] {
			t.Errorf("call %d is predicted by %s", i, got.Models[i])
		}
	}
	if slices.Index(got.Models, versions[1]) < 0 || slices.Index(got.Models[n:], versions[1]) >= 0 {
		t.Errorf("no call is of the second model, or one of nobody is: %v", got.Models)
	}
	for i := range 6 {
		var explained, live struct{ Model string }
		r.send("POST", "v1/explain?words=0", calls[i]).decode(t, &explained)
		body := fmt.Sprintf(`{"call": "call%d"}`, i)
		if i%2 == 0 {
			body = fmt.Sprintf(`{"call": "call%d", "customer": "customer%d"}`, i, i/10)
		}
		r.send("POST", "v1/live", body).decode(t, &live)
		if v := versions[want[fmt.Sprint("call", i)]]; explained.Model != v || live.Model != v {
			t.Errorf("call %d is explained by %s and followed by %s, want %s", i, explained.Model, live.Model, v)
		}
	}
	if err := r.end(); err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, p := range kept(t, file) {
		rows++
		variant := []string{"control", "v2"}[want[p.CallID]]
		if p.CallID == "" {
			variant = ""
		}
		if p.Variant != variant || p.Version != versions[want[p.CallID]] {
			t.Errorf("call %q: variant %q of version %s, want %q", p.CallID, p.Variant, p.Version, variant)
		}
	}
	if rows != n+nobody {
		t.Errorf("%d predictions are kept, want %d", rows, n+nobody)
	}
}

func TestExperimentFlags(t *testing.T) {
	for _, text := range []string{"", "v2", "=dir", "v2=", "control=dir"} {
		if err := new(trial).set(text); err == nil {
			t.Errorf("-variant %q is taken", text)
		}
	}
	for _, text := range []string{"", "0", "1", "-1", "NaN", "x"} {
		if err := new(trial).setShare(text); err == nil {
			t.Errorf("-share %q is taken", text)
		}
	}
	var x trial
	if err := x.set("v2=/a=b"); err != nil || x.name != "v2" || x.dir != "/a=b" {
		t.Errorf("%+v, error %v", x, err)
	}
}
