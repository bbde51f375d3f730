package transcript

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// A Fold is a split of calls: indices of those to train on and of those to test on, both in ascending order.
type Fold struct{ Train, Test []int }

// splitStream keeps the random numbers of splits apart from others of the same seed.
const splitStream = 0x5b117

const outcomes = 3

// Split splits the calls into a training and a test set, with the same share of each outcome in both, as far as
// whole calls allow. share, in (0, 1), is the share of the test set; each outcome keeps at least one call on both
// sides. The same seed gives the same split. Calls without an outcome count as an outcome of their own.
func Split(calls []Call, share float64, seed uint64) (Fold, error) {
	if err := checkSplit(calls, share); err != nil {
		return Fold{}, err
	}
	test := make([]bool, len(calls))
	for _, class := range shuffledByOutcome(calls, seed) {
		if len(class) < 2 {
			return Fold{}, fmt.Errorf("transcript: split: %d call is %s, want 2 or more, so that both sides have one", len(class), calls[class[0]].Outcome)
		}
		n := int(math.Round(share * float64(len(class))))
		for _, i := range class[:min(max(n, 1), len(class)-1)] {
			test[i] = true
		}
	}
	return fold(test), nil
}

// SplitGroups splits the calls as [Split] does, but keeps the calls of a group on one side; groups names the group of
// each call, as [Groups] finds them. The shares are met approximately: groups are assigned one by one, the largest
// first, each to the side where it keeps the shares of each outcome closest to the target.
func SplitGroups(calls []Call, groups []string, share float64, seed uint64) (Fold, error) {
	if err := checkSplit(calls, share); err != nil {
		return Fold{}, err
	}
	if len(groups) != len(calls) {
		return Fold{}, fmt.Errorf("transcript: split: %d groups for %d calls, want one for each", len(groups), len(calls))
	}
	members := make(map[string][]int)
	var names []string
	for _, i := range rand.New(rand.NewPCG(seed, splitStream)).Perm(len(calls)) {
		if members[groups[i]] == nil {
			names = append(names, groups[i])
		}
		members[groups[i]] = append(members[groups[i]], i)
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(len(members[b]), len(members[a])) })
	var total, tested, trained [outcomes]float64 // calls of each outcome
	for _, c := range calls {
		total[c.Outcome]++
	}
	test := make([]bool, len(calls))
	for _, name := range names {
		lead := 0.0 // of the imbalance with the group in the test over that without it
		var has [outcomes]float64
		for _, i := range members[name] {
			has[calls[i].Outcome]++
		}
		for o, n := range has {
			if n > 0 {
				in := (tested[o]+n)/share - trained[o]/(1-share)
				out := tested[o]/share - (trained[o]+n)/(1-share)
				lead += (in*in - out*out) / (total[o] * total[o])
			}
		}
		side := &trained
		if lead < 0 {
			side = &tested
			for _, i := range members[name] {
				test[i] = true
			}
		}
		for o, n := range has {
			side[o] += n
		}
	}
	f := fold(test)
	if len(f.Test) == 0 || len(f.Train) == 0 {
		return Fold{}, fmt.Errorf("transcript: split: the %d groups cannot be split at a share of %v, the largest has %d of %d calls; group by something finer", len(names), share, len(members[names[0]]), len(calls))
	}
	return f, nil
}

// SplitForward splits the calls by their time: the latest ones, the given share, are the test set, the earlier ones the
// training set. Calls of the same moment stay on one side.
func SplitForward(calls []Call, share float64) (Fold, error) {
	if err := checkSplit(calls, share); err != nil {
		return Fold{}, err
	}
	times := make([]time.Time, len(calls))
	for i, c := range calls {
		if times[i] = c.Metadata.CallTime; times[i].IsZero() {
			return Fold{}, fmt.Errorf("transcript: split: call %q (number %d) has no call_time; give it one, as 2025-03-04T15:30:00Z, or leave the call out", c.ID, i+1)
		}
	}
	sorted := slices.SortedFunc(slices.Values(times), time.Time.Compare)
	first := sorted[len(sorted)-max(1, int(math.Round(share*float64(len(sorted)))))]
	if first.Equal(sorted[0]) { // so that something is left to train on
		k := slices.IndexFunc(sorted, func(t time.Time) bool { return t.After(first) })
		if k < 0 {
			return Fold{}, errors.New("transcript: split: all calls have the same call_time")
		}
		first = sorted[k]
	}
	test := make([]bool, len(calls))
	for i, t := range times {
		test[i] = !t.Before(first)
	}
	return fold(test), nil
}

// Groups names the group of each call, such that calls with the same value of any of the keys are in the same group. A
// key is one of the metadata, such as agent_id or customer_id, or transcript for calls with the same words. Calls
// without a value for a key are not grouped by that key. A key that no call has is an error.
func Groups(calls []Call, keys ...string) ([]string, error) {
	group := make([]int, len(calls)) // a call of the same group that comes before, or the call itself
	find := func(i int) int {
		for group[i] != i {
			group[i] = group[group[i]]
			i = group[i]
		}
		return i
	}
	for i := range calls {
		group[i] = i
	}
	for _, key := range keys {
		first := make(map[string]int)
		for i, c := range calls {
			value := c.Text
			if key != "transcript" {
				value = c.Metadata.Value(key)
			}
			if value == "" {
				continue
			}
			if j, ok := first[value]; ok {
				a, b := find(i), find(j)
				group[max(a, b)] = min(a, b)
			} else {
				first[value] = i
			}
		}
		if len(first) == 0 {
			return nil, fmt.Errorf("transcript: groups: no call has a value for %q in its metadata%s", key, keysOf(calls))
		}
	}
	names := make([]string, len(calls))
	for i := range calls {
		root := find(i)
		names[i] = fmt.Sprintf("%d", root+1)
		if len(keys) == 1 && keys[0] != "transcript" {
			names[i] = cmp.Or(calls[root].Metadata.Value(keys[0]), "call "+names[i])
		}
	}
	return names, nil
}

// keysOf lists the keys of the metadata that calls have.
func keysOf(calls []Call) string {
	there := make(map[string]bool)
	for i := range calls {
		for _, f := range fields {
			if calls[i].Metadata.has(f.key) {
				there[f.key] = true
			}
		}
		for key := range calls[i].Metadata.Extra {
			there[key] = true
		}
	}
	if len(there) == 0 {
		return "; the calls have none"
	}
	return ", only " + clip(strings.Join(slices.Sorted(maps.Keys(there)), ", "))
}

// Crossing returns the groups that have calls on both sides, in order; a valid test has none.
func (f Fold) Crossing(groups []string) []string {
	trained := make(map[string]bool)
	for _, i := range f.Train {
		trained[groups[i]] = true
	}
	var both []string
	for _, i := range f.Test {
		if trained[groups[i]] {
			both = append(both, groups[i])
		}
	}
	slices.Sort(both)
	return slices.Compact(both)
}

// checkSplit returns an error if the calls cannot be split.
func checkSplit(calls []Call, share float64) error {
	switch {
	case len(calls) < 2:
		return fmt.Errorf("transcript: split: there are %d calls, want 2 or more", len(calls))
	case !(share > 0 && share < 1):
		return fmt.Errorf("transcript: split: the test share is %v, want it between 0 and 1", share)
	}
	return nil
}

// shuffledByOutcome returns the places of the calls of each outcome that occurs, in a random order.
func shuffledByOutcome(calls []Call, seed uint64) [][]int {
	random := rand.New(rand.NewPCG(seed, splitStream))
	order := random.Perm(len(calls))
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(calls[a].Outcome, calls[b].Outcome) })
	var classes [][]int
	for from, i := range order {
		if from == 0 || calls[i].Outcome != calls[order[from-1]].Outcome {
			classes = append(classes, nil)
		}
		last := &classes[len(classes)-1]
		*last = append(*last, i)
	}
	return classes
}

func fold(test []bool) Fold {
	var f Fold
	for i, t := range test {
		if t {
			f.Test = append(f.Test, i)
		} else {
			f.Train = append(f.Train, i)
		}
	}
	return f
}
