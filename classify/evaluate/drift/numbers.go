package drift

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// exactCells is up to how many pairs of rows Kolmogorov–Smirnov is computed exactly, in about 5 ns each.
const exactCells = 5_000_000

// KolmogorovSmirnov tests whether two samples of numbers have the same distribution. The statistic is the largest distance
// between their cumulative distributions, from 0 to 1. P is exact for samples without ties up to 5 million pairs of rows,
// with ties too high (conservative); beyond, it is the limit distribution with Stephens's correction.
func KolmogorovSmirnov(reference, recent []float64) (Test, error) {
	a, b, err := checkSamples(reference, recent)
	if err != nil {
		return Test{}, err
	}
	// The distance in units of 1/(len(a) len(b)), which are whole numbers.
	n, m, far := len(a), len(b), 0
	for i, j := 0, 0; i < n && j < m; {
		v := min(a[i], b[j])
		for i < n && a[i] == v {
			i++
		}
		for j < m && b[j] == v {
			j++
		}
		far = max(far, i*m-j*n, j*n-i*m)
	}
	d := float64(far) / (float64(n) * float64(m))
	if n*m <= exactCells {
		return Test{d, pathsOutside(n, m, far)}, nil
	}
	e := math.Sqrt(float64(n) * float64(m) / float64(n+m))
	return Test{d, kolmogorov((e + 0.12 + 0.11/e) * d)}, nil
}

// pathsOutside is the share of lattice paths from (0, 0) to (n, m) that somewhere are far or more from the diagonal, in
// units of |i m - j n|. A random path to (i, j) comes from (i-1, j) with probability i/(i+j).
func pathsOutside(n, m, far int) float64 {
	if far == 0 {
		return 1
	}
	outside := make([]float64, m+1) // of paths to (i, j), by j
	for i := range n + 1 {
		for j := range m + 1 {
			switch {
			case i*m-j*n >= far || j*n-i*m >= far:
				outside[j] = 1
			case i == 0 && j > 0:
				outside[j] = outside[j-1]
			case j > 0:
				outside[j] = (float64(i)*outside[j] + float64(j)*outside[j-1]) / float64(i+j)
			}
		}
	}
	return outside[m]
}

// kolmogorov is the survival function of Kolmogorov's limit distribution.
func kolmogorov(x float64) float64 {
	if x < 0.2 {
		return 1 // to 12 places
	}
	sum := 0.0
	for k, sign := 1.0, 1.0; k < 40; k, sign = k+1, -sign {
		sum += sign * math.Exp(-2*k*k*x*x)
	}
	return min(1, max(0, 2*sum))
}

// Welch tests whether two samples have the same mean, with variances that may differ (Welch 1947). The statistic is the
// difference of the means, recent - reference. If no row differs from its sample's mean, p is 1 or 0.
func Welch(reference, recent []float64) (Test, error) {
	if _, _, err := checkSamples(reference, recent); err != nil {
		return Test{}, err
	}
	if min(len(reference), len(recent)) < 2 {
		return Test{}, fmt.Errorf("drift: means of %d and %d rows, want 2 or more of each", len(reference), len(recent))
	}
	a, va := meanAndVariance(reference)
	b, vb := meanAndVariance(recent)
	va, vb = va/float64(len(reference)), vb/float64(len(recent))
	d, v := b-a, va+vb
	switch {
	case d == 0:
		return Test{d, 1}, nil
	case v == 0:
		return Test{d, 0}, nil
	}
	freedom := v * v / (va*va/float64(len(reference)-1) + vb*vb/float64(len(recent)-1))
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: freedom}
	return Test{d, 2 * t.CDF(-math.Abs(d)/math.Sqrt(v))}, nil
}

func meanAndVariance(x []float64) (mean, variance float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x)-1)
	}
	return mean, variance
}

// PSI is the population stability index of two samples of numbers, in bins that hold equal shares of the reference sample,
// as far as ties allow: the sum over bins of (b - a) ln(b/a) for the shares a and b of the samples. By convention less than
// 0.1 is stable and more than 0.25 a shift; chance alone gives about (bins - 1) (1/n + 1/m) for n and m rows. To keep the
// index finite, each sample gets one pseudo-row, divided among the bins in the shares of the pooled samples. bins is 2 or
// more.
func PSI(reference, recent []float64, bins int) (float64, error) {
	a, b, err := checkSamples(reference, recent)
	if err != nil {
		return 0, err
	}
	if bins < 2 {
		return 0, fmt.Errorf("drift: %d bins, want 2 or more", bins)
	}
	n, m := make([]int, bins), make([]int, bins)
	i, j := 0, 0
	for k := range bins {
		upTo := a[max(1, (k+1)*len(a)/bins)-1] // the bin's highest number; the last bin has no limit
		for ; i < len(a) && a[i] <= upTo; i++ {
			n[k]++
		}
		for ; j < len(b) && (b[j] <= upTo || k == bins-1); j++ {
			m[k]++
		}
	}
	return stability(n, m), nil
}

// stability is the population stability index of counts by bin.
func stability(reference, recent []int) (psi float64) {
	n, m := 0.0, 0.0
	for k := range reference {
		n, m = n+float64(reference[k]), m+float64(recent[k])
	}
	for k := range reference {
		both := float64(reference[k]+recent[k]) / (n + m)
		if both > 0 {
			a, b := (float64(reference[k])+both)/(n+1), (float64(recent[k])+both)/(m+1)
			psi += (b - a) * math.Log(b/a)
		}
	}
	return psi
}
