package triplet

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// sampler deals out the batches of a run. What it deals in a step depends on the seed and the number of the step
// alone, so nothing is kept but a permutation of each label, and a run that is taken up again goes on with the same
// batches.
type sampler struct {
	seed    uint64
	labels  []int
	groups  []string // of documents, or nil
	size    int      // documents in a batch
	pairs   int      // triplets for each document of a batch as anchor; 0: the loss mines its own
	byLabel [2][]int // documents of each label
	orders  map[order][]int
}

// order names a permutation of the documents of a label.
type order struct{ label, round int }

func newSampler(seed uint64, labels []int, groups []string, l Loss, size, pairs int) *sampler {
	s := &sampler{seed: seed, labels: labels, groups: slices.Clone(groups), size: size}
	for i, g := range groups {
		if g == "" {
			s.groups[i] = fmt.Sprintf("\x00%d", i) // unknown: alone in its group
		}
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

// deal returns the documents of a step, each once and as many of one label as of the other, and for losses that draw
// them the triplets, as places among these documents. With groups, a batch has documents of both labels from the same
// groups, as far as there are such: both labels go through the groups of an epoch in one order, at one pace.
func (s *sampler) deal(step int) (documents []int, triplets [][3]int) {
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
	r := rand.New(rand.NewPCG(s.seed, uint64(step)<<1|1))
	for range s.pairs {
		for anchor := range documents {
			triplets = append(triplets, s.draw(documents, anchor, r))
		}
	}
	return documents, triplets
}

// draw picks positive and negative for an anchor among the documents of a batch. With groups, the positive comes from
// another group and the negative from the anchor's own where there are such, so that the group tells nothing about the
// label.
func (s *sampler) draw(documents []int, anchor int, r *rand.Rand) [3]int {
	a := documents[anchor]
	var all, apart [2][]int // places of negatives and positives; those of them that the group does not give away
	for i, d := range documents {
		if i == anchor {
			continue
		}
		positive := 0
		if s.labels[d] == s.labels[a] {
			positive = 1
		}
		all[positive] = append(all[positive], i)
		if s.groups != nil && (s.groups[d] == s.groups[a]) == (positive == 0) {
			apart[positive] = append(apart[positive], i)
		}
	}
	pick := func(kind int) int {
		from := apart[kind]
		if len(from) == 0 {
			from = all[kind]
		}
		return from[r.IntN(len(from))]
	}
	return [3]int{anchor, pick(1), pick(0)}
}

// order returns a permutation, and forgets those of the same documents in earlier rounds.
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
		slices.SortStableFunc(p, func(i, j int) int { return rank[s.groups[i]] - rank[s.groups[j]] })
	}
	if s.orders == nil {
		s.orders = make(map[order][]int)
	}
	s.orders[o] = p
	return p
}

// rank puts the groups into an order.
func (s *sampler) rank(round int) map[string]int {
	names := slices.Compact(slices.Sorted(slices.Values(s.groups)))
	rank := make(map[string]int, len(names))
	for i, p := range rand.New(rand.NewPCG(s.seed, uint64(round)<<9)).Perm(len(names)) {
		rank[names[i]] = p
	}
	return rank
}
