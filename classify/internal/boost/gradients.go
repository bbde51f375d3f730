package boost

import (
	"math"

	"github.com/org/salesconv/internal/parallel"
)

// Gradients are added up as whole numbers, scaled by powers of two so that the sums over all rows just fit. Such sums are
// the same in any order, so that results do not depend on the number of processors, and what is taken from a histogram
// leaves no rounding error: an empty bin is 0. Second derivatives are rounded down, so that no child is lighter than it
// may be.
//
// Most trees take packed gradients: the first derivative in the upper and the second in the lower 32 bits of one word,
// so that a row costs a bin one addition. Of n rows each then keeps 31 - log₂n bits of its derivatives, on average: 22
// for 400 rows and 15 for 50,000, where XGBoost adds float32 of 24 bits to float64. Splits whose gains are closer than
// that may be chosen differently. Where some row would keep fewer than leastBits, as where rows are nearly saturated or
// weights span orders of magnitude, the tree takes full gradients, of a word of 62 bits for each derivative. These keep
// all bits of a derivative that is no smaller than 2⁻³⁸ of the sum over all rows.
type summands struct {
	words            int // of each bin of a histogram: packedWords or fullWords
	scales           scales
	packed, packedTo []int64 // in the order of the grower's rows, and room to partition them
	full, fullTo     []whole
}

const (
	packedWords, fullWords = 1, 2
	leastBits              = 8
)

// whole is the derivatives of a row, or their sums, in whole numbers.
type whole struct{ grad, hess int64 }

func (a whole) plus(b whole) whole  { return whole{a.grad + b.grad, a.hess + b.hess} }
func (a whole) minus(b whole) whole { return whole{a.grad - b.grad, a.hess - b.hess} }

func unpack(p int64) whole { return whole{p >> 32, int64(uint32(p))} }

// scales are the derivatives of which a whole number is a multiple.
type scales struct{ grad, hess float64 }

// float is the derivatives of whole numbers.
func (s *summands) float(w whole) sums {
	return sums{float64(w.grad) * s.scales.grad, float64(w.hess) * s.scales.hess}
}

// fix takes the gradients of a tree, 0 for rows that are left out, and returns their sum.
func (s *summands) fix(from []Gradient) (total whole) {
	all := magnitudesOf(from)
	slack := float64(len(from)) / 2 // of rounding
	up := scales{powerOfTwo((math.MaxInt32 - slack) / all.grad), powerOfTwo((math.MaxUint32 - slack) / all.hess)}
	if s.words = packedWords; min(all.leastGrad*up.grad, all.leastHess*up.hess) < 1<<leastBits {
		s.words = fullWords
		const most = 1 << 62 // half of what fits, as sums of float64 are rounded too
		up = scales{powerOfTwo(most / all.grad), powerOfTwo(most / all.hess)}
	}
	s.scales = scales{1 / up.grad, 1 / up.hess}
	s.makeRoom(len(from))
	totals := make([]whole, chunks(len(from)))
	parallel.Do(len(totals), func(k int) {
		for i, end := chunk(len(from), k); i < end; i++ {
			v := from[i]
			w := whole{int64(math.RoundToEven(float64(v.Grad) * up.grad)), int64(float64(max(0, v.Hess)) * up.hess)}
			if totals[k] = totals[k].plus(w); s.words == packedWords {
				s.packed[i] = w.grad<<32 + w.hess
			} else {
				s.full[i] = w
			}
		}
	})
	for _, t := range totals {
		total = total.plus(t)
	}
	return total
}

// magnitudes are sums and least values of the derivatives that are not 0, without their signs.
type magnitudes struct{ grad, hess, leastGrad, leastHess float64 }

// magnitudesOf adds up chunk by chunk, so that the sums do not depend on the number of processors.
func magnitudesOf(of []Gradient) magnitudes {
	parts := make([]magnitudes, chunks(len(of)))
	parallel.Do(len(parts), func(k int) {
		p := magnitudes{leastGrad: math.Inf(1), leastHess: math.Inf(1)}
		for i, end := chunk(len(of), k); i < end; i++ {
			if a := math.Abs(float64(of[i].Grad)); a > 0 {
				p.grad += a
				p.leastGrad = min(p.leastGrad, a)
			}
			if h := float64(of[i].Hess); h > 0 {
				p.hess += h
				p.leastHess = min(p.leastHess, h)
			}
		}
		parts[k] = p
	})
	all := parts[0]
	for _, p := range parts[1:] {
		all = magnitudes{all.grad + p.grad, all.hess + p.hess, min(all.leastGrad, p.leastGrad), min(all.leastHess, p.leastHess)}
	}
	return all
}

// chunkRows is how many rows a task takes where rows are shared out.
const chunkRows = 1 << 14

// chunks is into how many chunks n rows are cut, and chunk the bounds of the k-th.
func chunks(n int) int               { return (n + chunkRows - 1) / chunkRows }
func chunk(n, k int) (from, end int) { return k * chunkRows, min(n, (k+1)*chunkRows) }

// makeRoom makes room for the gradients of n rows.
func (s *summands) makeRoom(n int) {
	switch {
	case s.words == packedWords && s.packed == nil:
		s.packed, s.packedTo = make([]int64, n), make([]int64, n)
	case s.words == fullWords && s.full == nil:
		s.full, s.fullTo = make([]whole, n), make([]whole, n)
	}
}

// powerOfTwo is the largest power of two up to v, or 1 for infinity.
func powerOfTwo(v float64) float64 {
	if math.IsInf(v, 1) {
		return 1
	}
	_, e := math.Frexp(v)
	return math.Ldexp(1, min(e-1, 1000))
}

// sum adds up the gradients of rows from one place to another.
func (s *summands) sum(from, to int) (total whole) {
	if s.words == packedWords {
		packed := int64(0)
		for _, p := range s.packed[from:to] {
			packed += p
		}
		return unpack(packed)
	}
	for _, w := range s.full[from:to] {
		total = total.plus(w)
	}
	return total
}

// binOf is a bin of the histogram of a column, with the given number of words in each bin.
func binOf(h []int64, at, words int) whole {
	if words == packedWords {
		return unpack(h[at])
	}
	return whole{h[fullWords*at], h[fullWords*at+1]}
}

// bins are the first n bins of the histogram of a column.
func (s *summands) bins(h []int64, n int) []whole {
	all := make([]whole, n)
	for i := range all {
		all[i] = binOf(h, i, s.words)
	}
	return all
}
