package triplet

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
)

// sampler draws the batches of a run. What it draws in a step depends on the seed and the number of the step
// alone, so nothing is kept but a permutation of each label, and a run that is resumed continues with the same
// batches.
type sampler struct {
	seed    uint64
	labels  []int
	groups  [][]string // of documents, by each confounder
	size    int        // documents in a batch
	pairs   int        // triplets for each document of a batch as anchor; 0: the loss mines its own
	byLabel [2][]int   // documents of each label
	orders  map[order][]int
}

// order names a permutation of the documents of a label.
type order struct{ label, round int }

func newSampler(seed uint64, labels []int, confounders [][]string, l Loss, size, pairs int) *sampler {
	s := &sampler{seed: seed, labels: labels, size: size}
	for _, groups := range confounders {
		groups = slices.Clone(groups)
		for i, g := range groups {
			if g == "" {
				groups[i] = fmt.Sprintf("\x00%d", i) // unknown: alone in its group
			}
		}
		s.groups = append(s.groups, groups)
	}
	if l.drawsTriplets() {
		s.pairs = pairs
	}
	for i, l := range labels {
		s.byLabel[l] = append(s.byLabel[l], i)
	}
	return s
}

// steps returns the number of steps in an epoch: as many batches as it takes to see every document of the commonest
// label once.
func (s *sampler) steps() int { return max(s.parts(0), s.parts(1)) }

// parts returns into how many batches' parts the documents of a label divide.
func (s *sampler) parts(label int) int {
	n := len(s.byLabel[label])
	return n / min(n, max(2, s.size/2))
}

// draw returns the documents of a step, each once and as many of one label as of the other, and for losses that draw
// them the triplets, as places among these documents. With confounders, a batch has documents of both labels from the same
// groups of the first, as far as there are such: both labels go through the groups of an epoch in one order, at one pace.
func (s *sampler) draw(step int) (documents []int, triplets triplets) {
	for l := range s.byLabel {
		parts := s.parts(l)
		round, i := step/parts, step%parts
		if s.groups != nil {
			round, i = step/s.steps(), step%s.steps()*parts/s.steps()
		}
		o := s.order(l, round)
		n := len(o)
		documents = append(documents, o[n*i/parts:n*(i+1)/parts]...)
	}
	return documents, s.triplets(step, documents)
}

// triplets are triplets of anchor, positive and negative in a batch. They are drawn again, the same ones, each time
// they are gone through, so that it takes no memory to have many.
type triplets struct {
	n   int
	all iter.Seq[[3]int]
}

func (s *sampler) triplets(step int, documents []int) triplets {
	if s.pairs == 0 {
		return triplets{}
	}
	choices := make([]choice, len(documents))
	for anchor := range documents {
		choices[anchor] = s.choice(documents, anchor)
	}
	return triplets{s.pairs * len(documents), func(yield func([3]int) bool) {
		r := rand.New(rand.NewPCG(s.seed, uint64(step)<<1|1))
		for range s.pairs {
			for anchor, c := range choices {
				if !yield([3]int{anchor, c.positives[r.IntN(len(c.positives))], c.negatives[r.IntN(len(c.negatives))]}) {
					return
				}
			}
		}
	}}
}

// choice is what an anchor's positive and negative are drawn from, places among the documents of a batch.
type choice struct{ positives, negatives []int }

// choice returns the choices of an anchor. With confounders, positives are those that share the fewest groups with the
// anchor and negatives those that share the most, so that the groups do not predict the label.
func (s *sampler) choice(documents []int, anchor int) (c choice) {
	a := documents[anchor]
	fewest, most := len(s.groups), 0
	for i, d := range documents {
		shared := s.shared(a, d)
		switch {
		case i == anchor:
		case s.labels[d] == s.labels[a]:
			if shared < fewest {
				fewest, c.positives = shared, c.positives[:0]
			}
			if shared == fewest {
				c.positives = append(c.positives, i)
			}
		default:
			if shared > most {
				most, c.negatives = shared, c.negatives[:0]
			}
			if shared == most {
				c.negatives = append(c.negatives, i)
			}
		}
	}
	return c
}

// shared counts the confounders by which two documents are of one group.
func (s *sampler) shared(a, b int) (n int) {
	for _, groups := range s.groups {
		if groups[a] == groups[b] {
			n++
		}
	}
	return n
}

// order returns a permutation, and forgets the permutations of the same documents in earlier rounds.
func (s *sampler) order(label, round int) []int {
	o := order{label, round}
	if p, ok := s.orders[o]; ok {
		return p
	}
	for old := range s.orders {
		if old.label == label && old.round < round-1 {
			delete(s.orders, old)
		}
	}
	p := slices.Clone(s.byLabel[label])
	r := rand.New(rand.NewPCG(s.seed, uint64(round)<<9|uint64(label+1)<<1))
	r.Shuffle(len(p), func(i, j int) { p[i], p[j] = p[j], p[i] })
	if s.groups != nil {
		rank := s.rank(round)
		slices.SortStableFunc(p, func(i, j int) int { return rank[s.groups[0][i]] - rank[s.groups[0][j]] })
	}
	if s.orders == nil {
		s.orders = make(map[order][]int)
	}
	s.orders[o] = p
	return p
}

// rank puts the groups of the first confounder into an order.
func (s *sampler) rank(round int) map[string]int {
	names := slices.Compact(slices.Sorted(slices.Values(s.groups[0])))
	rank := make(map[string]int, len(names))
	for i, p := range rand.New(rand.NewPCG(s.seed, uint64(round)<<9)).Perm(len(names)) {
		rank[names[i]] = p
	}
	return rank
}
