package shap

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// Value gives the output of a model for each of a batch of coalitions: coalition[i] is whether player i takes part.
// How the others are treated (left out, replaced by a mean) is up to the function. It must not keep or change the
// coalitions.
type Value func(ctx context.Context, coalitions [][]bool) ([]float64, error)

// SampleOptions are the settings of Sample, Words and CorrelatedRows. A nil pointer means the defaults.
type SampleOptions struct {
	// Permutations is the number of orders in which players join, rounded up to pairs of an order and its reverse, at
	// least two pairs. Default 32, at most 1048576.
	Permutations int
	// Groups are levels of groups, the outermost first: Groups[k][i] is the group of player i, such as the turn of a word,
	// then its phrase. The players of a group join together, and within a group those of each inner group. The values are
	// Owen's (1977) instead of Shapley's: the players of a group add up to what the group adds. Default: no groups.
	Groups [][]int
	// Seed of the orders. Default 0.
	Seed uint64
}

// complete returns the options with defaults set, for a number of players.
func (o *SampleOptions) complete(players int) (SampleOptions, error) {
	var c SampleOptions
	if o != nil {
		c = *o
	}
	if c.Permutations == 0 {
		c.Permutations = 32
	}
	if players < 0 || players > maxPlayers {
		return c, fmt.Errorf("shap: %d players, want 0 to %d: let several be one player", players, maxPlayers)
	}
	if c.Permutations < 0 || c.Permutations > maxPermutations {
		return c, fmt.Errorf("shap: %d permutations, want 0 (the default) to %d", c.Permutations, maxPermutations)
	}
	for _, level := range c.Groups {
		if len(level) != players {
			return c, fmt.Errorf("shap: %d groups for %d players, want one each", len(level), players)
		}
	}
	c.Groups = nested(c.Groups)
	return c, nil
}

// Limits of a game: what a pair of orders asks for takes 2·players² bytes, and a million orders take longer than they
// are worth.
const (
	maxPlayers      = 1 << 13
	maxPermutations = 1 << 20
)

// pairs is the number of pairs of an order and its reverse.
func (o *SampleOptions) pairs() int { return max(2, (o.Permutations+1)/2) }

// Sample estimates the Shapley values of players from a value function: the mean, over random orders, of what a player
// adds to those who joined before (Castro et al. 2009). Orders come in pairs of reverses, which cancels much of the
// noise. The values add up to the output for all players exactly. Errors are standard errors from the variance over
// pairs: the player's own, combined with the mean over all players, as few pairs estimate it poorly. The value function
// is called once for each pair. The same seed gives the same values.
//
// If the orders would visit at least as many coalitions as exact values need, those are visited instead, and the values
// are exact.
func Sample(ctx context.Context, players int, value Value, opts *SampleOptions) (*Explanation, error) {
	o, err := opts.complete(players)
	if err != nil {
		return nil, err
	}
	budget := float64(o.Permutations)*float64(max(1, players-1)) + 2
	if len(o.Groups) == 0 && players <= maxExact && float64(int(1)<<players) <= budget {
		return Exact(ctx, players, value)
	}
	if u := unite(o.Groups, players); len(o.Groups) > 0 && u.coalitions() <= min(budget, 1<<maxExact) {
		return u.exact(ctx, players, value)
	}
	ends, err := evaluate(ctx, value, [][]bool{make([]bool, players), slices.Repeat([]bool{true}, players)})
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(o.Seed, 0))
	sums := newMoments(players)
	for range o.pairs() {
		order := o.order(players, random)
		backwards := slices.Clone(order)
		slices.Reverse(backwards)
		v, err := evaluate(ctx, value, append(prefixes(order), prefixes(backwards)...))
		if err != nil {
			return nil, err
		}
		there := slices.Concat(ends[:1], v[:players-1], ends[1:]) // output after 0, 1, … players have joined
		back := slices.Concat(ends[:1], v[players-1:], ends[1:])
		added := make([]float64, players)
		for k, i := range order {
			j := players - k // player i joins as number k there, as number j-1 on the way back
			added[i] = (there[k+1] - there[k] + back[j] - back[j-1]) / 2
		}
		sums.add(added)
	}
	e := &Explanation{Base: ends[0]}
	e.Values, e.Errors = sums.estimate(1)
	return e, finite(e)
}

// moments are the means of what players add over pairs of orders, and the sums of squares about them.
type moments struct {
	pairs         float64
	mean, squares []float64
}

func newMoments(n int) *moments {
	return &moments{mean: make([]float64, n), squares: make([]float64, n)}
}

func (m *moments) add(added []float64) {
	m.pairs++
	for i, v := range added {
		off := v - m.mean[i]
		m.mean[i] += off / m.pairs
		m.squares[i] += off * (v - m.mean[i])
	}
}

// estimate returns the means and their standard errors, where every n values belong to one game. Few pairs may
// agree by chance, above all where two or three are all there are. So a variance is the variance of the player, with one
// degree of freedom less than there are pairs, together with the variance of the mean player of the game, which counts as priorPairs.
func (m *moments) estimate(games int) (values, errs []float64) {
	const priorPairs = 2
	pool := make([]float64, games)
	for i, s := range m.squares {
		pool[i%games] += s / (m.pairs - 1) * float64(games) / float64(len(m.squares))
	}
	errs = make([]float64, len(m.mean))
	for i, s := range m.squares {
		variance := (s + priorPairs*pool[i%games]) / (m.pairs - 1 + priorPairs)
		errs[i] = math.Sqrt(variance / m.pairs)
	}
	return m.mean, errs
}

// order returns the players at random, group by group.
func (o *SampleOptions) order(players int, random *rand.Rand) []int {
	order := random.Perm(players)
	for _, level := range slices.Backward(o.Groups) {
		place := random.Perm(slices.Max(level) + 1)
		slices.SortStableFunc(order, func(a, b int) int { return place[level[a]] - place[level[b]] })
	}
	return order
}

// prefixes returns the coalitions of the first 1, 2, … players, all but the last.
func prefixes(order []int) [][]bool {
	list := make([][]bool, len(order)-1)
	for k := range list {
		list[k] = make([]bool, len(order))
		if k > 0 {
			copy(list[k], list[k-1])
		}
		list[k][order[k]] = true
	}
	return list
}

// maxExact is the most players that Exact takes: a million coalitions.
const maxExact = 20

// Exact returns the Shapley values of at most 20 players from the output for all coalitions.
func Exact(ctx context.Context, players int, value Value) (*Explanation, error) {
	if players < 0 || players > maxExact {
		return nil, fmt.Errorf("shap: %d players have too many coalitions for exact values, want 0 to %d: use Sample", players, maxExact)
	}
	v := make([]float64, 0, 1<<players) // bit i of the index: player i takes part
	const batch = 1024
	for lo := 0; lo < 1<<players; lo += batch {
		coalitions := make([][]bool, 0, batch)
		for set := lo; set < min(lo+batch, 1<<players); set++ {
			c := make([]bool, players)
			for i := range c {
				c[i] = set>>i&1 == 1
			}
			coalitions = append(coalitions, c)
		}
		outputs, err := evaluate(ctx, value, coalitions)
		if err != nil {
			return nil, err
		}
		v = append(v, outputs...)
	}
	weight := shapleyWeights(players)
	e := &Explanation{Base: v[0], Values: make([]float64, players)}
	for set := range v {
		size := bits.OnesCount(uint(set))
		for i := range e.Values {
			if set>>i&1 == 0 {
				e.Values[i] += weight[size] * (v[set|1<<i] - v[set])
			}
		}
	}
	return e, finite(e)
}

// shapleyWeights returns s!(n-1-s)!/n! for s from 0 to n-1: the share of orders in which a player joins as the next
// after s given others.
func shapleyWeights(n int) []float64 {
	w := make([]float64, n)
	for s := range w {
		if s == 0 {
			w[0] = 1 / float64(n)
		} else {
			w[s] = w[s-1] * float64(s) / float64(n-s)
		}
	}
	return w
}

// evaluate calls the value function and checks what it gives.
func evaluate(ctx context.Context, value Value, coalitions [][]bool) ([]float64, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if value == nil {
		return nil, errors.New("shap: no value function: it is nil")
	}
	v, err := value(ctx, coalitions)
	if err != nil {
		return nil, err
	}
	if len(v) != len(coalitions) {
		return nil, fmt.Errorf("shap: the value function gave %d outputs for %d coalitions", len(v), len(coalitions))
	}
	for i, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, fmt.Errorf("shap: the value function gave %v for coalition %v", x, coalitions[i])
		}
	}
	return v, nil
}
