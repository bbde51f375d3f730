package triplet

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// labelled draws labels with at least two of each.
func labelled(t *rapid.T) []int {
	return append([]int{0, 1, 1, 0}, rapid.SliceOfN(rapid.IntRange(0, 1), 0, 40).Draw(t, "labels")...)
}

func TestSamplerTriplets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		labels, size, pairs := labelled(t), rapid.IntRange(1, 20).Draw(t, "size"), rapid.IntRange(1, 3).Draw(t, "pairs")
		s := newSampler(rapid.Uint64().Draw(t, "seed"), labels, nil, Loss{Kind: Triplets}, size, pairs)
		for i := range 2 * s.steps() {
			docs, triplets := s.deal(i)
			if len(triplets) != pairs*len(docs) {
				t.Fatalf("%d triplets of %d documents, want %d each", len(triplets), len(docs), pairs)
			}
			for k, x := range triplets {
				a, p, n := docs[x[0]], docs[x[1]], docs[x[2]]
				if x[0] != k%len(docs) || a == p || labels[a] != labels[p] || labels[a] == labels[n] {
					t.Fatalf("triplet %d %d %d of labels %d %d %d", a, p, n, labels[a], labels[p], labels[n])
				}
			}
		}
	})
}

func TestSamplerBalanced(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		labels, size := labelled(t), rapid.IntRange(1, 20).Draw(t, "size")
		s := newSampler(rapid.Uint64().Draw(t, "seed"), labels, nil, Loss{Kind: BatchAll}, size, 1)
		seen := map[int]bool{}
		for i := range s.steps() {
			docs, triplets := s.deal(i)
			var count [2]int
			for _, d := range docs {
				count[labels[d]]++
				seen[d] = true
			}
			if unique := slices.Compact(slices.Sorted(slices.Values(docs))); len(unique) != len(docs) || triplets != nil {
				t.Fatalf("documents %v, triplets %v", docs, triplets)
			}
			if count[0] < 2 || count[1] < 2 {
				t.Fatalf("labels %v in a batch of %d", count, size)
			}
		}
		if len(seen) != len(labels) {
			t.Fatalf("%d of %d documents dealt in an epoch", len(seen), len(labels))
		}
	})
}

// A sampler that starts in the middle deals what one from the beginning does.
func TestSamplerResumes(t *testing.T) {
	labels := []int{0, 1, 1, 0, 1, 0, 0, 1, 1}
	for _, kind := range []Kind{Triplets, BatchHard} {
		one := newSampler(3, labels, nil, Loss{Kind: kind}, 5, 2)
		for step := range 40 {
			d, x := one.deal(step)
			d2, x2 := newSampler(3, labels, nil, Loss{Kind: kind}, 5, 2).deal(step)
			if !reflect.DeepEqual(d, d2) || !reflect.DeepEqual(x, x2) {
				t.Fatalf("%s: step %d deals %v %v, then %v %v", kind, step, d, x, d2, x2)
			}
		}
		if len(one.orders) > 6 {
			t.Errorf("%d permutations kept", len(one.orders))
		}
	}
}

// Positives come from other groups, negatives from the same, where there are such, and batches see to it that there are.
func TestSamplerGroups(t *testing.T) {
	var labels []int
	var groups []string
	for i := range 240 {
		label := 0
		if i%3 == 0 {
			label = 1
		}
		labels, groups = append(labels, label), append(groups, fmt.Sprint(i/6)) // 4 of label 0 and 2 of 1 in each
	}
	s := newSampler(1, labels, groups, Loss{Kind: Triplets}, 16, 3)
	sameNegative, all := 0, 0
	seen := map[int]bool{}
	for i := range s.steps() {
		docs, triplets := s.deal(i)
		for _, x := range triplets {
			a, p, n := docs[x[0]], docs[x[1]], docs[x[2]]
			if groups[a] == groups[p] {
				t.Error("positive of the anchor's group")
			}
			if groups[a] == groups[n] {
				sameNegative++
			}
			seen[a], all = true, all+1
		}
	}
	if sameNegative < all*6/10 || len(seen) != len(labels) {
		t.Errorf("%d of %d negatives from the anchor's group, %d documents seen", sameNegative, all, len(seen))
	}
	alone := newSampler(1, []int{0, 0, 1, 1}, make([]string, 4), Loss{}, 4, 1)
	if alone.groups[0] == alone.groups[1] {
		t.Error("documents without a group share one")
	}
}
