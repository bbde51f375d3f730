package drift

import (
	"context"
	"fmt"
	"math"
)

// Fisher tests whether a share is the same in two samples, where hits of n reference rows and recentHits of m recent
// rows are counted: Fisher's exact test, whose p adds up the probabilities of all tables that are no likelier than the
// observed one. The statistic is the difference of the shares, recent - reference.
func Fisher(hits, n, recentHits, m int) (Test, error) {
	if n < 1 || m < 1 || hits < 0 || hits > n || recentHits < 0 || recentHits > m {
		return Test{}, fmt.Errorf("drift: %d of %d and %d of %d rows are not shares of two samples", hits, n, recentHits, m)
	}
	all := hits + recentHits
	log := func(k int) float64 { return choose(n, k) + choose(m, all-k) - choose(n+m, all) }
	seen, p := log(hits), 0.0
	for k := max(0, all-m); k <= min(n, all); k++ {
		if l := log(k); l <= seen+1e-7 {
			p += math.Exp(l)
		}
	}
	return Test{float64(recentHits)/float64(m) - float64(hits)/float64(n), min(1, p)}, nil
}

// choose is the logarithm of the number of ways to choose k of n.
func choose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}

// Categories tests whether names, such as products, have the same shares in two samples. The statistic is their population
// stability index, see [PSI], with a bin for each name; p is by permutation, and valid however rare a name is.
func Categories(ctx context.Context, reference, recent []string, opts *Options) (Test, error) {
	o, err := opts.withDefaults()
	if err != nil {
		return Test{}, err
	}
	if len(reference) == 0 || len(recent) == 0 {
		return Test{}, errNoRows
	}
	number, rows := map[string]int{}, make([]int, 0, len(reference)+len(recent))
	for _, names := range [][]string{reference, recent} {
		for _, name := range names {
			k, known := number[name]
			if !known {
				k = len(number)
				number[name] = k
			}
			rows = append(rows, k)
		}
	}
	statistic := func(order []int) float64 {
		var counts [2][]int
		counts[0], counts[1] = make([]int, len(number)), make([]int, len(number))
		for i, row := range order {
			of := 0
			if i >= len(reference) {
				of = 1
			}
			counts[of][rows[row]]++
		}
		return stability(counts[0], counts[1])
	}
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	seen := statistic(order)
	p, err := o.permute(ctx, len(rows), seen, statistic)
	return Test{seen, p}, err
}
