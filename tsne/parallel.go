package tsne

import "github.com/org/salesconv/internal/kernel"

// parallel calls f for runs that cover 0 to n. f must write only what its run owns, and what it computes must not
// depend on where runs begin.
func parallel(pool *kernel.Pool, n int, f func(lo, hi int)) {
	runs := min(n, 8*pool.Workers())
	pool.Do(runs, func(_, run int) { f(run*n/runs, (run+1)*n/runs) })
}
