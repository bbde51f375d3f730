package boost

import (
	"cmp"
	"fmt"
	"math"

	"github.com/org/salesconv/internal/matrix"
	"github.com/org/salesconv/internal/parallel"
	"gonum.org/v1/gonum/mat"
)

// Columns copies x to columns of float32. NaN is a missing value; infinities and, in columns of categories,
// anything but whole numbers from 0 on are errors.
func Columns(x mat.Matrix, categorical []bool) ([][]float32, error) {
	n, d := x.Dims()
	rows := matrix.Of(x)
	data := make([]float32, n*d)
	columns := make([][]float32, d)
	for j := range columns {
		columns[j] = data[j*n : (j+1)*n : (j+1)*n]
	}
	const block = 64 // rows: four lines of the cache in each column
	bad := make([]error, (n+block-1)/block)
	parallel.Do(len(bad), func(b int) {
		buf := make([]float32, d)
		for i := b * block; i < min(n, (b+1)*block); i++ {
			row := rows.Row32(i, buf)
			if hasMissing(row) || categorical != nil {
				bad[b] = cmp.Or(bad[b], CheckRow(i, row, categorical))
			}
			for j, v := range row {
				columns[j][i] = v
			}
		}
	})
	for _, err := range bad {
		if err != nil {
			return nil, err
		}
	}
	return columns, nil
}

// hasMissing reports whether any value is NaN or infinite. Sums that overflow count too: that only costs time.
func hasMissing(v []float32) bool {
	var a, b, c, d, e, f, g, h float32
	for ; len(v) >= 8; v = v[8:] {
		a, b, c, d = a+v[0], b+v[1], c+v[2], d+v[3]
		e, f, g, h = e+v[4], f+v[5], g+v[6], h+v[7]
	}
	for _, v := range v {
		a += v
	}
	sum := a + b + c + d + e + f + g + h
	return sum-sum != 0
}

// CheckRow names the first value of a row that trees cannot learn from.
func CheckRow(i int, row []float32, categorical []bool) error {
	for j, v := range row {
		switch {
		case math.IsInf(float64(v), 0):
			return fmt.Errorf("row %d, column %d is %v as float32, want a finite number or NaN for a missing one", i, j, v)
		case categorical == nil || !categorical[j] || v != v:
		case v < 0 || v > MaxCategory || v != float32(int(v)):
			return fmt.Errorf("row %d, column %d is %v, want a category: a whole number from 0 to %d", i, j, v, MaxCategory)
		}
	}
	return nil
}

// sortKey maps float32 to unsigned integers of the same order.
func sortKey(v float32) uint32 {
	b := math.Float32bits(v)
	return b ^ (uint32(int32(b)>>31) | 1<<31)
}

// sortedValue is the inverse of sortKey.
func sortedValue(k uint32) float32 {
	return math.Float32frombits(k ^ (^uint32(int32(k)>>31) | 1<<31))
}

// sortByKey sorts by the upper halves, stably, by radix. It returns a or scratch, which has the same length.
func sortByKey(a, scratch []uint64) []uint64 {
	const digits = 11
	for shift := 32; shift < 64; shift += digits {
		var count [1 << digits]int
		for _, v := range a {
			count[v>>shift&(1<<digits-1)]++
		}
		at := 0
		for d, c := range count {
			count[d], at = at, at+c
		}
		for _, v := range a {
			d := v >> shift & (1<<digits - 1)
			scratch[count[d]] = v
			count[d]++
		}
		a, scratch = scratch, a
	}
	return a
}
