package triplet

import (
	"math/rand/v2"
	"slices"
)

// sampler deals out the batches of a run. What it deals in a step depends on the seed and the number of the step
// alone, so nothing is kept but one permutation, and a run that is taken up again goes on with the same batches.
type sampler struct {
	seed     uint64
	labels   []int
	groups   []string // of documents, or nil
	triplets bool     // draw triplets, else label-balanced batches
	size     int      // triplets or documents in a batch
	rounds   int      // times that each document is an anchor in an epoch

	byLabel [2][]int // documents of each label
	orders  map[order][]int
}

// order names a permutation: of the documents of one label, or of all for -1.
type order struct{ label, round int }

func newSampler(seed uint64, labels []int, groups []string, l Loss, size, rounds int) *sampler {
	s := &sampler{seed: seed, labels: labels, groups: groups, triplets: l.drawsTriplets(), size: size, rounds: rounds}
	for i, l := range labels {
		s.byLabel[l] = append(s.byLabel[l], i)
	}
	return s
}

// steps returns the number of steps in an epoch: all triplets of all rounds, or as many balanced batches as it
// takes to see every document of the commonest label.
func (s *sampler) steps() int {
	if s.triplets {
		return (len(s.labels)*s.rounds + s.size - 1) / s.size
	}
	n := 0
	for l := range s.byLabel {
		n = max(n, s.parts(l))
	}
	return n * s.rounds
}

// parts returns into how many batches' parts the documents of a label divide.
func (s *sampler) parts(label int) int {
	n := len(s.byLabel[label])
	return n / min(n, max(2, s.size/2))
}

// deal returns the documents of a step, each once, and for losses that draw them the triplets, as places among these
// documents.
func (s *sampler) deal(step int) (documents []int, triplets [][3]int) {
	if !s.triplets {
		for l := range s.byLabel {
			parts := s.parts(l)
			o := s.order(l, step/parts)
			i, n := step%parts, len(o)
			documents = append(documents, o[n*i/parts:n*(i+1)/parts]...)
		}
		return documents, nil
	}
	place := make(map[int]int)
	at := func(document int) int {
		i, ok := place[document]
		if !ok {
			i = len(documents)
			place[document], documents = i, append(documents, document)
		}
		return i
	}
	epoch, i := step/s.steps(), step%s.steps()
	n := len(s.labels)
	for t := i * s.size; t < min((i+1)*s.size, n*s.rounds); t++ {
		a := s.order(-1, epoch*s.rounds+t/n)[t%n]
		p, q := s.draw(a, rand.New(rand.NewPCG(s.seed, uint64(epoch)<<40|uint64(t)<<1|1)))
		triplets = append(triplets, [3]int{at(a), at(p), at(q)})
	}
	return documents, triplets
}

// draw picks a positive and a negative for an anchor. With groups, the positive comes from another group and the
// negative from the same one where chance finds such in a few tries, so that the group tells nothing about the label.
func (s *sampler) draw(anchor int, r *rand.Rand) (positive, negative int) {
	const tries = 16
	label := s.labels[anchor]
	for i := range tries {
		positive = pick(s.byLabel[label], r)
		if positive != anchor && (s.groups == nil || s.groups[positive] != s.groups[anchor] || i == tries-1) {
			break
		}
	}
	for positive == anchor {
		positive = pick(s.byLabel[label], r)
	}
	for range tries {
		negative = pick(s.byLabel[1-label], r)
		if s.groups == nil || s.groups[negative] == s.groups[anchor] {
			break
		}
	}
	return positive, negative
}

func pick(from []int, r *rand.Rand) int { return from[r.IntN(len(from))] }

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
	var p []int
	if label < 0 {
		for i := range s.labels {
			p = append(p, i)
		}
	} else {
		p = slices.Clone(s.byLabel[label])
	}
	r := rand.New(rand.NewPCG(s.seed, uint64(round)<<9|uint64(label+1)<<1))
	r.Shuffle(len(p), func(i, j int) { p[i], p[j] = p[j], p[i] })
	if s.orders == nil {
		s.orders = make(map[order][]int)
	}
	s.orders[o] = p
	return p
}
