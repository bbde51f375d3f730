package shap

import (
	"context"
	"math"
	"math/bits"
)

// nested numbers the groups of each level from 0, so that groups of different outer groups differ.
func nested(levels [][]int) [][]int {
	numbered := make([][]int, len(levels))
	for k, level := range levels {
		numbered[k] = make([]int, len(level))
		number := map[[2]int]int{}
		for i, group := range level {
			within := [2]int{0, group}
			if k > 0 {
				within[0] = numbered[k-1][i]
			}
			if _, ok := number[within]; !ok {
				number[within] = len(number)
			}
			numbered[k][i] = number[within]
		}
	}
	return numbered
}

// union is a group of players with its inner groups, or one player.
type union struct {
	players []int
	parts   []*union // none for one player
}

// unite makes a tree of the players, by the groups of nested.
func unite(levels [][]int, players int) *union {
	all := &union{}
	for i := range players {
		all.players = append(all.players, i)
	}
	all.divide(levels)
	return all
}

func (u *union) divide(levels [][]int) {
	if len(u.players) < 2 {
		return
	}
	part := map[int]*union{}
	for _, i := range u.players {
		group := i
		if len(levels) > 0 {
			group = levels[0][i]
		}
		if part[group] == nil {
			part[group] = &union{}
			u.parts = append(u.parts, part[group])
		}
		part[group].players = append(part[group].players, i)
	}
	for _, p := range u.parts {
		if len(levels) > 0 {
			p.divide(levels[1:])
		}
	}
}

// coalitions is the number of those that the values of a union's players depend on, or a little more: every set of
// parts, and of the parts of a part with every set of the other parts.
func (u *union) coalitions() float64 {
	sets := math.Exp2(float64(len(u.parts)))
	total := sets
	for _, p := range u.parts {
		if p.parts != nil {
			total += sets / 2 * p.coalitions()
		}
	}
	return total
}

// owen is what Owen values are summed from.
type owen struct {
	players    int
	coalitions [][]bool
	number     map[string]int // of each coalition
	terms      []term
}

// term is what a player adds to a coalition, by the numbers of the coalitions without and with it.
type term struct {
	player, without, with int
	weight                float64
}

// exact returns the Owen values of the players.
func (u *union) exact(ctx context.Context, players int, value Value) (*Explanation, error) {
	g := &owen{players: players, number: map[string]int{}}
	none := g.coalition(make([]bool, players))
	g.visit(u, make([]bool, players), 1)
	var outputs []float64
	const batch = 1024
	for from := 0; from < len(g.coalitions); from += batch {
		v, err := evaluate(ctx, value, g.coalitions[from:min(from+batch, len(g.coalitions))])
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, v...)
	}
	e := &Explanation{Base: outputs[none], Values: make([]float64, players)}
	for _, t := range g.terms {
		e.Values[t.player] += t.weight * (outputs[t.with] - outputs[t.without])
	}
	return e, finite(e)
}

// visit lists what the players of a union add to those who are there before any of them, a case of the given weight. A
// part of the union joins them with each set of the other parts.
func (g *owen) visit(u *union, there []bool, weight float64) {
	if u.parts == nil {
		for _, player := range u.players {
			without := g.coalition(there)
			there[player] = true
			g.terms = append(g.terms, term{player, without, g.coalition(there), weight})
			there[player] = false
		}
		return
	}
	weights := shapleyWeights(len(u.parts))
	for set := range 1 << len(u.parts) {
		for k, part := range u.parts {
			if set>>k&1 == 1 {
				part.join(there, true)
			}
		}
		for k, part := range u.parts {
			if set>>k&1 == 0 {
				g.visit(part, there, weight*weights[bits.OnesCount(uint(set))])
			}
		}
		u.join(there, false)
	}
}

func (u *union) join(there []bool, in bool) {
	for _, i := range u.players {
		there[i] = in
	}
}

// coalition returns the number of a coalition, which it keeps a copy of.
func (g *owen) coalition(there []bool) int {
	key := make([]byte, g.players)
	for i, in := range there {
		if in {
			key[i] = 1
		}
	}
	n, ok := g.number[string(key)]
	if !ok {
		n = len(g.coalitions)
		g.number[string(key)] = n
		g.coalitions = append(g.coalitions, append([]bool{}, there...))
	}
	return n
}
