package transcript

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func outcomes(t *rapid.T, least int) []Call {
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
		calls := outcomes(t, 2)
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

func TestFolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		calls := outcomes(t, 7)
		k := rapid.IntRange(2, 7).Draw(t, "k")
		folds, err := Folds(calls, k, 1)
		if err != nil {
			t.Fatal(err)
		}
		var tested []int
		for _, f := range folds {
			tested = append(tested, f.Test...)
			if len(f.Train)+len(f.Test) != len(calls) || len(f.Test) < len(calls)/k || len(f.Test) > len(calls)/k+1 {
				t.Errorf("fold of %d and %d", len(f.Train), len(f.Test))
			}
			for _, o := range []Outcome{Lost, Won} {
				if n, total := count(calls, f.Test, o), count(calls, all(len(calls)), o); n < total/k || n > total/k+1 {
					t.Errorf("%d of %d %s calls in one of %d folds", n, total, o, k)
				}
			}
		}
		if slices.Sort(tested); !slices.Equal(tested, all(len(calls))) {
			t.Errorf("tested %v, want each once", tested)
		}
	})
}

func TestSplitErrors(t *testing.T) {
	won, lost := Call{Outcome: Won}, Call{Outcome: Lost}
	for want, err := range map[string]error{
		"the test share is 1":     second(Split([]Call{won, won, lost, lost}, 1, 0)),
		"1 call is won":           second(Split([]Call{lost, lost, won}, 0.5, 0)),
		"there are no calls":      second(Split(nil, 0.5, 0)),
		"k is 1":                  second(Folds([]Call{won, lost}, 1, 0)),
		"1 calls are lost":        second(Folds([]Call{won, won, lost}, 2, 0)),
		`call "x" (number 2) has`: second(Labels([]Call{won, {ID: "x"}})),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

func second[T any](_ T, err error) error { return err }
