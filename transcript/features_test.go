package transcript

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestFeatures(t *testing.T) {
	long := strings.Repeat("word ", 60)
	calls := []Call{{
		Text: "Agent: The price is $500 a month. Is that good?\nCustomer: That is bad, too expensive, I'm not sure.\nAgent: " + long +
			"\nCustomer: It is not bad. Great, send me the contract next week!",
		Metadata: Metadata{Industry: "Retail", CompanySize: "11-50", Duration: 2 * time.Minute, CallTime: time.Date(2025, 3, 4, 15, 30, 0, 0, time.UTC)},
	}, {
		Text: "[00:30] Someone: Hm\n[01:00] Sometwo: Hm", Metadata: Metadata{Industry: "Energy"},
	}}
	f, err := FitFeatures(calls)
	if err != nil {
		t.Fatal(err)
	}
	names, rows := f.Names(), f.Rows(append(calls, Call{Text: "Hi", Metadata: Metadata{Industry: "New"}}))
	for i, want := range []map[string]float64{
		{
			"turns": 4, "words": 9 + 8 + 60 + 11, "agent's share of words": 69. / 88, "agent's words a turn": 34.5, "customer's words a turn": 9.5,
			"agent's longest turn": 60, "customer's longest turn": 11, "agent's monologues": 1, "agent's questions": 1,
			"price mentions by agent": 3, "price mentions by customer": 1, "next-step mentions by customer": 3, "objections by customer": 3,
			"agent's sentiment": 0.5, "customer's sentiment": -1. / 6, "agent's sentiment trend": -0.5, "customer's sentiment trend": 2./3 + 0.75,
			"duration (minutes)": 2, "duration known": 1, "words a minute": 44, "hour of day": 15.5, "call time known": 1,
			"weekday = Tuesday": 1, "industry = Retail": 1, "company size = 11-50": 1,
		},
		{"turns": 2, "words": 2, "duration (minutes)": 1, "duration known": 1, "words a minute": 2, "industry = Energy": 1},
		{"turns": 1, "words": 1},
	} {
		if len(rows[i]) != len(names) {
			t.Fatalf("call %d: %d values, %d names", i, len(rows[i]), len(names))
		}
		for k, name := range names {
			if math.Abs(rows[i][k]-want[name]) > 1e-12 {
				t.Errorf("call %d: %s is %v, want %v", i, name, rows[i][k], want[name])
			}
			delete(want, name)
		}
		if len(want) > 0 {
			t.Errorf("no column %v", want)
		}
	}
	if slices.Sort(names); len(slices.Compact(names)) != len(rows[0]) {
		t.Error("two columns have the same name")
	}
}

func TestFeaturesKept(t *testing.T) {
	f, err := FitFeatures(Sample())
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	var g Features
	if err := json.Unmarshal(b, &g); err != nil || !reflect.DeepEqual(f, &g) {
		t.Errorf("%s read back to %+v, %v", b, g, err)
	}
	bad := strings.Replace(string(b), "words a minute", "words an hour", 1)
	if err := json.Unmarshal([]byte(bad), &g); err == nil || !strings.Contains(err.Error(), "fit again") {
		t.Errorf("other columns: error %v", err)
	}
	if _, err := FitFeatures(nil); err == nil {
		t.Error("no calls: no error")
	}
}
