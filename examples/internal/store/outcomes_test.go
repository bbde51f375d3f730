package store

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/org/salesconv/examples/internal/store/storetest"
)

func day(n int) time.Time { return time.Date(2026, 3, n, 9, 0, 0, 123456000, time.UTC) }

// TestOutcomes adds records, one after the other, and looks at what each does and at what applies after it.
func TestOutcomes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, dsn string) {
		s := open(t, dsn)
		if err := s.AddPredictions(t.Context(), []Prediction{{UID: "u", CallID: "a", Probability: 0.5}}); err != nil {
			t.Fatal(err)
		}
		for i, c := range []struct {
			record       Outcome
			want         Added
			won          bool // what applies afterwards
			contradicted int
		}{
			{Outcome{CallID: "a", Time: day(3), Won: true}, Added{New: 1}, true, 0},
			{Outcome{CallID: "a", Time: day(3), Won: true}, Added{Repeated: 1}, true, 0},               // the same record
			{Outcome{CallID: "a", Won: true}, Added{Repeated: 1}, true, 0},                             // nothing new
			{Outcome{CallID: "a", Time: day(2), Won: false}, Added{New: 1, Contradicted: 1}, true, 1},  // an earlier one, late
			{Outcome{CallID: "a", Time: day(4), Won: false}, Added{New: 1, Contradicted: 1}, false, 1}, // a later one
			{Outcome{CallID: "a", Time: day(3), Won: true}, Added{Repeated: 1}, false, 1},
			{Outcome{CallID: "a", Time: day(4), Won: true}, Added{New: 1, Contradicted: 1}, true, 1}, // of the same time: the last one added
			{Outcome{CallID: "a", Won: false}, Added{New: 1, Contradicted: 1}, false, 1},             // now
			{Outcome{CallID: "b 'ü'", Won: true, Metadata: map[string]string{"industry": "Retail"}}, Added{New: 1, Unpredicted: 1}, false, 1},
		} {
			got, err := s.AddOutcomes(t.Context(), []Outcome{c.record}, day(10+i))
			if err != nil || got != c.want {
				t.Errorf("record %d: %+v, %v, want %+v", i, got, err, c.want)
			}
			apply, contradicted, err := s.Outcomes(t.Context())
			if err != nil || apply["a"].Won != c.won || contradicted != c.contradicted {
				t.Errorf("after record %d %+v applies, %d contradicted, %v", i, apply["a"], contradicted, err)
			}
		}
		apply, _, _ := s.Outcomes(t.Context())
		want := Outcome{CallID: "b 'ü'", Time: day(18), Won: true, Metadata: map[string]string{"industry": "Retail"}}
		if !reflect.DeepEqual(apply["b 'ü'"], want) {
			t.Errorf("%+v, want %+v", apply["b 'ü'"], want)
		}
		// All of a batch or nothing.
		for want, bad := range map[string]Outcome{"names no call": {}, "NUL": {CallID: "a\x00"}, "not UTF-8": {CallID: "c", Metadata: map[string]string{"k": "\xff"}}} {
			if _, err := s.AddOutcomes(t.Context(), []Outcome{{CallID: "c"}, bad}, day(20)); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want one about %q", err, want)
			}
		}
		if apply, _, _ := s.Outcomes(t.Context()); len(apply) != 2 {
			t.Errorf("outcomes of %d calls, want 2: a bad batch was written", len(apply))
		}
	})
}

// TestOutcomesTogether: programs that add the same file at the same moment add it once.
func TestOutcomesTogether(t *testing.T) {
	storetest.Each(t, func(t *testing.T, dsn string) {
		records := make([]Outcome, 50)
		for i := range records {
			records[i] = Outcome{CallID: fmt.Sprint(i), Won: i%3 == 0}
		}
		var all sync.WaitGroup
		var sum Added
		var mutex sync.Mutex
		for range 3 {
			all.Go(func() {
				added, err := open(t, dsn).AddOutcomes(t.Context(), records, day(1))
				if err != nil {
					t.Error(err)
				}
				mutex.Lock()
				defer mutex.Unlock()
				sum.New, sum.Repeated = sum.New+added.New, sum.Repeated+added.Repeated
			})
		}
		all.Wait()
		if sum.New != 50 || sum.Repeated != 100 {
			t.Errorf("%+v, want 50 new and 100 repeated", sum)
		}
	})
}

func TestDecisions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, dsn string) {
		s := open(t, dsn)
		want := []Decision{
			{UID: "2", Time: day(1), Action: "promote", Serving: "v1", Candidate: "v2", Reason: "it is no worse", Figures: `{"p":0.5}`},
			{UID: "1", Time: day(2), Action: "rollback", Serving: "v2", Candidate: "v1", Reason: "as asked"},
		}
		for _, d := range []Decision{want[1], want[0], want[1]} {
			if err := s.AddDecision(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := collect(s.Decisions(t.Context())); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v, %v, want %+v", got, err, want)
		}
		for _, bad := range []Decision{{UID: "3"}, {Action: "keep"}, {UID: "3", Action: "keep", Reason: "\x00"}} {
			if s.AddDecision(t.Context(), bad) == nil {
				t.Errorf("%+v was added", bad)
			}
		}
	})
}
