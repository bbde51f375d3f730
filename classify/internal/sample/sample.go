// Package sample holds what packages classify and evaluate share: the checks of labels, weights and groups, and the
// selection of rows. Its errors carry no prefix: callers add the name of their package.
package sample

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// CheckLabels checks that y has n labels, 0 or 1, both with some weight; nil weights are all 1.
func CheckLabels(n int, y []int, weight []float64) error {
	if n == 0 {
		return errors.New("no rows")
	}
	if len(y) != n {
		return fmt.Errorf("%d labels for %d rows", len(y), n)
	}
	if err := CheckWeights(n, weight); err != nil {
		return err
	}
	var count [2]int
	var mass [2]float64
	for i, label := range y {
		if label != 0 && label != 1 {
			return fmt.Errorf("row %d: label %d, want 0 or 1", i, label)
		}
		count[label]++
		mass[label] += WeightAt(weight, i)
	}
	for k := range 2 {
		if count[k] == 0 {
			return fmt.Errorf("all %d labels are %d: both classes are needed", n, 1-k)
		}
		if mass[k] == 0 {
			return fmt.Errorf("every row of label %d has weight 0: both classes are needed", k)
		}
	}
	return nil
}

// CheckWeights checks that there are n weights (or nil), finite and not negative, with a finite sum above 0.
func CheckWeights(n int, weight []float64) error {
	if weight == nil {
		return nil
	}
	if len(weight) != n {
		return fmt.Errorf("%d weights for %d rows", len(weight), n)
	}
	sum := 0.0
	for i, w := range weight {
		if !(w >= 0) || math.IsInf(w, 1) {
			return fmt.Errorf("row %d: weight %v, want a finite number, 0 or more", i, w)
		}
		sum += w
	}
	switch {
	case sum == 0:
		return errors.New("all weights are 0")
	case math.IsInf(sum, 1):
		return errors.New("the sum of the weights overflows: scale them down")
	}
	return nil
}

// CheckGroups checks that there is a group for each of n rows, or that groups is nil.
func CheckGroups(n int, groups []string) error {
	if groups != nil && len(groups) != n {
		return fmt.Errorf("%d groups for %d rows", len(groups), n)
	}
	return nil
}

// WeightAt returns the weight of row i; nil weights are all 1.
func WeightAt(weight []float64, i int) float64 {
	if weight == nil {
		return 1
	}
	return weight[i]
}

// Groups lists the rows of each group, groups in the order in which they appear. With nil groups, and where the group
// is "", a row is a group of its own.
func Groups(n int, groups []string) [][]int {
	var members [][]int
	at := make(map[string]int)
	for i := range n {
		if groups == nil || groups[i] == "" {
			members = append(members, []int{i})
			continue
		}
		g, ok := at[groups[i]]
		if !ok {
			g = len(members)
			at[groups[i]] = g
			members = append(members, nil)
		}
		members[g] = append(members[g], i)
	}
	return members
}

// Pick returns the elements of v at index; nil for a nil v.
func Pick[T any](v []T, index []int) []T {
	if v == nil {
		return nil
	}
	w := make([]T, len(index))
	for k, i := range index {
		w[k] = v[i]
	}
	return w
}

// All lists 0 to n-1.
func All(n int) []int {
	index := make([]int, n)
	for i := range index {
		index[i] = i
	}
	return index
}

// Descending lists the rows from the highest score to the lowest, ties in row order.
func Descending(p []float64) []int {
	order := All(len(p))
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[b], p[a]) })
	return order
}

// Midranks gives each row the mean position, from the lowest, of the rows with its score.
func Midranks(p []float64) []float64 {
	order, ranks := Descending(p), make([]float64, len(p))
	slices.Reverse(order)
	for lo := 0; lo < len(order); {
		hi := lo
		for hi < len(order) && p[order[hi]] == p[order[lo]] {
			hi++
		}
		for _, i := range order[lo:hi] {
			ranks[i] = float64(lo+hi-1) / 2
		}
		lo = hi
	}
	return ranks
}

// Quantile is a quantile of ascending values, linear between them.
func Quantile(values []float64, q float64) float64 {
	at := q * float64(len(values)-1)
	k := min(int(at), len(values)-1)
	if k == len(values)-1 {
		return values[k]
	}
	return values[k] + (at-float64(k))*(values[k+1]-values[k])
}

// PermutationP is the p value of a permutation test by whether the statistic of each permutation is at least the one seen,
// which counts as one of them.
func PermutationP(larger []bool) float64 {
	count := 1
	for _, l := range larger {
		if l {
			count++
		}
	}
	return float64(count) / float64(len(larger)+1)
}

// Logit is the inverse of the logistic function, finite for probabilities of 0 and 1.
func Logit(p float64) float64 {
	p = min(max(p, 1e-15), 1-1e-15)
	return math.Log(p) - math.Log1p(-p)
}

// LogLoss is the log loss of one row of label y predicted with probability p, which is kept 2⁻⁵² away from 0 and 1.
func LogLoss(p float64, y int) float64 {
	const eps = 0x1p-52
	p = min(max(p, eps), 1-eps)
	if y == 1 {
		return -math.Log(p)
	}
	return -math.Log1p(-p)
}

// Placement gives for each row the share of the rows of the other label that it is on the right side of, ties half.
func Placement(p []float64, y []int) []float64 {
	order := Descending(p)
	var total, above [2]int
	for _, label := range y {
		total[label]++
	}
	at := make([]float64, len(p))
	for lo := 0; lo < len(order); {
		hi := lo
		var tied [2]int
		for ; hi < len(order) && p[order[hi]] == p[order[lo]]; hi++ {
			tied[y[order[hi]]]++
		}
		for _, i := range order[lo:hi] {
			other := 1 - y[i]
			better := float64(above[other]) + float64(tied[other])/2
			at[i] = better / float64(total[other]) // of label 0: those above
			if y[i] == 1 {
				at[i] = 1 - at[i]
			}
		}
		above[0], above[1] = above[0]+tied[0], above[1]+tied[1]
		lo = hi
	}
	return at
}
