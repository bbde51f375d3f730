package transcript

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func draw(t *rapid.T, least int) []Call {
	lost, won := rapid.IntRange(least, 40).Draw(t, "lost"), rapid.IntRange(least, 40).Draw(t, "won")
	calls := make([]Call, lost+won)
	for i := range calls {
		calls[i].Outcome = Lost
		if i < won {
			calls[i].Outcome = Won
		}
	}
	return calls
}

func count(calls []Call, places []int, o Outcome) (n int) {
	for _, i := range places {
		if calls[i].Outcome == o {
			n++
		}
	}
	return n
}

func all(n int) []int {
	places := make([]int, n)
	for i := range places {
		places[i] = i
	}
	return places
}

func TestSplit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		calls := draw(t, 2)
		share := rapid.Float64Range(0.01, 0.99).Draw(t, "share")
		seed := rapid.Uint64().Draw(t, "seed")
		f, err := Split(calls, share, seed)
		if err != nil {
			t.Fatal(err)
		}
		if both := slices.Sorted(slices.Values(slices.Concat(f.Train, f.Test))); !slices.Equal(both, all(len(calls))) {
			t.Fatalf("places %v, want each once", both)
		}
		for _, o := range []Outcome{Lost, Won} {
			total, test := count(calls, all(len(calls)), o), count(calls, f.Test, o)
			if off := float64(test) - share*float64(total); test < 1 || test == total || (off > 1 || off < -1) {
				t.Errorf("%d of %d %s calls test, share %v", test, total, o, share)
			}
		}
		if again, _ := Split(calls, share, seed); !reflect.DeepEqual(f, again) {
			t.Error("the same seed gave another split")
		}
	})
}

func TestSplitGroups(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		calls := draw(t, 10)
		groups := rapid.SliceOfN(rapid.StringMatching("[a-j]"), len(calls), len(calls)).Draw(t, "groups")
		share := rapid.Float64Range(0.2, 0.5).Draw(t, "share")
		f, err := SplitGroups(calls, groups, share, 1)
		if err != nil {
			if strings.Contains(err.Error(), "group by something finer") {
				return
			}
			t.Fatal(err)
		}
		if both := slices.Sorted(slices.Values(slices.Concat(f.Train, f.Test))); !slices.Equal(both, all(len(calls))) {
			t.Fatalf("places %v, want each once", both)
		}
		if crossing := f.Crossing(groups); crossing != nil {
			t.Errorf("groups %v are on both sides", crossing)
		}
	})
	// Many small groups: the shares are met.
	s, err := Generate(600, nil)
	if err != nil {
		t.Fatal(err)
	}
	groups, err := Groups(s.Calls, "customer_id")
	if err != nil {
		t.Fatal(err)
	}
	f, err := SplitGroups(s.Calls, groups, 0.25, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []Outcome{Lost, Won} {
		total, test := count(s.Calls, all(600), o), count(s.Calls, f.Test, o)
		if off := float64(test) - 0.25*float64(total); off < -2 || off > 2 {
			t.Errorf("%d of %d %s calls test, want a quarter", test, total, o)
		}
	}
}

func TestGroups(t *testing.T) {
	calls := make([]Call, 5)
	for i, v := range [][3]string{{"A", "1", "x"}, {"B", "2", "y"}, {"A", "2", "z"}, {"", "3", "x"}, {"", "4", "w"}} {
		calls[i].Metadata.AgentID = v[0]
		calls[i].Metadata.set("customer_id", []byte(v[1]))
		calls[i].Text = v[2]
	}
	for want, keys := range map[string][]string{
		"A B A call 4 call 5": {"agent_id"},
		"1 2 2 3 4":           {"customer_id"},
		"1 2 3 1 5":           {"transcript"},
		"1 1 1 4 5":           {"agent_id", "customer_id"},
		"1 1 1 1 5":           {"customer_id", "transcript", "agent_id"},
	} {
		groups, err := Groups(calls, keys...)
		if got := strings.Join(groups, " "); err != nil || got != want {
			t.Errorf("%v: groups %s, %v; want %s", keys, got, err, want)
		}
	}
	if got := (Fold{Train: []int{0, 1}, Test: []int{2, 3}}).Crossing([]string{"b", "a", "a", "c"}); !slices.Equal(got, []string{"a"}) {
		t.Errorf("crossing %v, want a", got)
	}
}

func TestSplitForward(t *testing.T) {
	day := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(days ...int) []Call {
		calls := make([]Call, len(days))
		for i, d := range days {
			calls[i].Metadata.CallTime = day.AddDate(0, 0, d)
		}
		return calls
	}
	for _, c := range []struct {
		calls []Call
		share float64
		test  []int
	}{
		{at(3, 1, 2, 0), 0.25, []int{0}}, {at(3, 1, 2, 0), 0.5, []int{0, 2}}, {at(1, 2, 1, 2), 0.25, []int{1, 3}},
		{at(1, 2, 1, 2), 0.9, []int{1, 3}}, {at(0, 1), 0.01, []int{1}},
	} {
		f, err := SplitForward(c.calls, c.share)
		if err != nil || !slices.Equal(f.Test, c.test) || len(f.Train)+len(f.Test) != len(c.calls) {
			t.Errorf("share %v: %v, %v; want %v", c.share, f, err, c.test)
		}
	}
}

func TestSplitErrors(t *testing.T) {
	won, lost := Call{Outcome: Won}, Call{Outcome: Lost}
	for want, err := range map[string]error{
		"the test share is 1":          second(Split([]Call{won, won, lost, lost}, 1, 0)),
		"1 call is won":                second(Split([]Call{lost, lost, won}, 0.5, 0)),
		"there are 0 calls":            second(Split(nil, 0.5, 0)),
		"there are 1 calls":            second(SplitForward([]Call{won}, 0.5)),
		`call "" (number 1) has no`:    second(SplitForward([]Call{won, lost}, 0.5)),
		"3 groups for 2 calls":         second(SplitGroups([]Call{won, lost}, []string{"", "", ""}, 0.5, 0)),
		"the 1 groups cannot be":       second(SplitGroups([]Call{won, lost}, []string{"a", "a"}, 0.5, 0)),
		`no call has a value for "no"`: second(Groups([]Call{won, lost}, "no")),
		`call "x" (number 2) has`:      second(Labels([]Call{won, {ID: "x"}})),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestGroupsNamesTheKeys(t *testing.T) {
	calls := []Call{{Metadata: Metadata{AgentID: "7", Extra: map[string]json.RawMessage{"region": json.RawMessage(`"north"`)}}}}
	if _, err := Groups(calls, "agentid"); err != nil {
		t.Error(err)
	}
	if _, err := Groups(calls, "team"); err == nil || !strings.HasSuffix(err.Error(), ", only agent_id, region") {
		t.Errorf("error %v, want the keys", err)
	}
}

func TestDocuments(t *testing.T) {
	calls := []Call{{Text: "Agent: Hi\nCustomer: Yes\nAgent: Bye"}, {}}
	if got := Documents(calls); !reflect.DeepEqual(got, [][]string{{"Hi", "Yes", "Bye"}, nil}) {
		t.Errorf("documents %q", got)
	}
	if got := TurnRoles(calls); !reflect.DeepEqual(got, [][]int{{int(Agent), int(Customer), int(Agent)}, nil}) {
		t.Errorf("roles %v", got)
	}
}
