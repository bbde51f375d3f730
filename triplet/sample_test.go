package triplet

import (
	"fmt"
	"runtime"
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
			docs, drawn := s.draw(i)
			all := slices.Collect(drawn.all)
			if len(all) != pairs*len(docs) || drawn.n != len(all) || !slices.Equal(slices.Collect(drawn.all), all) {
				t.Fatalf("%d triplets of %d documents, %d said, want %d each, and the same again", len(all), len(docs), drawn.n, pairs)
			}
			for k, x := range all {
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
			docs, triplets := s.draw(i)
			var count [2]int
			for _, d := range docs {
				count[labels[d]]++
				seen[d] = true
			}
			if unique := slices.Compact(slices.Sorted(slices.Values(docs))); len(unique) != len(docs) || triplets.n != 0 {
				t.Fatalf("documents %v, %d triplets", docs, triplets.n)
			}
			if count[0] < 2 || count[1] < 2 {
				t.Fatalf("labels %v in a batch of %d", count, size)
			}
		}
		if len(seen) != len(labels) {
			t.Fatalf("%d of %d documents drawn in an epoch", len(seen), len(labels))
		}
	})
}

// A sampler that starts in the middle draws what one from the beginning does.
func TestSamplerResumes(t *testing.T) {
	labels := []int{0, 1, 1, 0, 1, 0, 0, 1, 1}
	for _, kind := range []LossKind{Triplets, BatchHard} {
		one := newSampler(3, labels, nil, Loss{Kind: kind}, 5, 2)
		for step := range 40 {
			d, x := one.draw(step)
			d2, x2 := newSampler(3, labels, nil, Loss{Kind: kind}, 5, 2).draw(step)
			if !slices.Equal(d, d2) || x.n != x2.n || x.n > 0 && !slices.Equal(slices.Collect(x.all), slices.Collect(x2.all)) {
				t.Fatalf("%s: step %d draws %v, then %v", kind, step, d, d2)
			}
		}
		if len(one.orders) > 6 {
			t.Errorf("%d permutations kept", len(one.orders))
		}
	}
}

// Positives come from other groups and negatives from the same, where there are such, and batches are composed so that
// there are.
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
	s := newSampler(1, labels, [][]string{groups}, Loss{Kind: Triplets}, 16, 3)
	sameNegative, all := 0, 0
	seen := map[int]bool{}
	for i := range s.steps() {
		docs, triplets := s.draw(i)
		for x := range triplets.all {
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
	alone := newSampler(1, []int{0, 0, 1, 1}, [][]string{make([]string, 4)}, Loss{}, 4, 1)
	if alone.shared(0, 1) != 0 {
		t.Error("documents without a group share one")
	}
}

// With agent, customer and day to avoid, positives share as few of them as can be and negatives as many.
func TestSamplerConfounders(t *testing.T) {
	labels := []int{0, 0, 0, 0, 1, 1, 1, 1}
	s := newSampler(1, labels, [][]string{
		{"ann", "ann", "ben", "ben", "ann", "ann", "ben", "ann"},
		{"x", "y", "x", "y", "x", "y", "y", "x"},
		{"mon", "tue", "mon", "tue", "tue", "mon", "mon", "mon"},
	}, Loss{}, 8, 1)
	all := []int{0, 1, 2, 3, 4, 5, 6, 7}
	for anchor, want := range map[int]choice{
		0: {positives: []int{3}, negatives: []int{7}}, // 3 shares nothing, 7 all
		6: {positives: []int{4}, negatives: []int{2, 3}},
	} {
		if got := s.choice(all, anchor); !slices.Equal(got.positives, want.positives) || !slices.Equal(got.negatives, want.negatives) {
			t.Errorf("anchor %d: %v, want %v", anchor, got, want)
		}
	}
}

// Ten thousand times as many triplets take no more memory, neither to be drawn nor to be compared.
func TestSamplerStreams(t *testing.T) {
	docs, labels := calls(1, 32)
	for _, kind := range []LossKind{Triplets, MultipleNegatives} {
		taken := func(pairs int) uint64 {
			l, err := Loss{Kind: kind}.withDefaults()
			if err != nil {
				t.Fatal(err)
			}
			c, x, grad := comparison{Loss: l}, make([]float64, 16*len(docs)), make([]float64, 16*len(docs))
			for i := range x {
				x[i] = float64(i%7) - 3
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			s := newSampler(1, labels, nil, l, len(docs), pairs)
			b := &batch{labels: labels}
			b.documents, b.triplets = s.draw(0)
			c.of(b, 16, x, grad)
			runtime.ReadMemStats(&after)
			if c.compared != pairs*len(docs) {
				t.Errorf("%s: %d compared, want %d", kind, c.compared, pairs*len(docs))
			}
			return after.TotalAlloc - before.TotalAlloc
		}
		few, many := taken(1), taken(10000)
		t.Logf("%s: %d bytes for 32 triplets, %d for 320,000", kind, few, many)
		if many > few+4096 {
			t.Errorf("%s: %d bytes for 32 triplets, %d for 320,000", kind, few, many)
		}
	}
}
