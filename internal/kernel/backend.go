package kernel

import (
	"fmt"
	"os"
	"strings"
	"sync"
)

// Float is the element type of every kernel. float32 is the product and runs on the vector back end;
// float64 runs on the generic one, for checks against finite differences.
type Float interface{ float32 | float64 }

// backend is one implementation of the loops that everything else is composed of. Lengths have been checked by
// the callers; rows are contiguous, ld… is the distance between rows in elements, and no length is 0 in
// the loops over rows and columns.
type backend[T Float] struct {
	name   string
	mr, nr int // rows and columns of the tile in registers; nr is the width of a panel
	strip  int // distance of rows of a packed left operand, at least mr

	// product: c[m,n] = a·b, then + bias[n], then + residual[m,n]. a(i,p) is a[i*rs+p*ks]; b is one panel [k][nr].
	// residual may be c. Every element is one chain of multiply-adds in the order of k.
	product func(m, n, k int, a []T, rs, ks int, b, c []T, ldc int, bias, residual []T, ldr int)
	// transpose: dst(c,r) = src(r,c). pack: dst(r,c) = src(r,c). There are at most nr rows, or columns, and what is left of
	// the nr or strip elements in a row of dst may be overwritten.
	transpose func(rows, cols int, src []T, lds int, dst []T, ldd int)
	pack      func(rows, cols int, src []T, lds int, dst []T, ldd int)
	// fetch brings the first nr elements of each row, which are needed soon, into cache.
	fetch func(rows int, x []T, ldx int)

	// gelu: y = x·Φ(x), y may be x. geluGrad: dx = dy·gelu'(x), dx may be dy, and x becomes gelu(x).
	gelu     func(rows, cols int, x []T, ldx int, y []T, ldy int)
	geluGrad func(rows, cols int, x []T, ldx int, dy []T, ldd int, dx []T, ldo int)
	exp      func(x, y []T)
	tanh     func(x, y []T)

	// attend sets out to the attention of one head of attentionDim columns, in float32; nil: it is composed of the loops here. s is
	// scratch of attendScratch elements.
	attend func(h head[T], out []T, ldo int, s []T)
	// softmax: each row of x becomes softmax(scale·x). softmaxBackward: dp becomes scale·p·(dp-delta).
	softmax         func(rows, cols int, x []T, ldx int, scale T)
	softmaxBackward func(p, dp []T, delta, scale T)
	// dropout: y = x·(0 or keep), y may be x.
	dropout func(s stream, keep T, x, y []T)

	// layerNorm: y = (x-mean)·rstd·gamma + beta. layerNormBackward adds to dgamma and dbeta; dx may be dy.
	layerNorm         func(x, gamma, beta, y []T, eps T) (mean, rstd T)
	layerNormBackward func(x, gamma, dy []T, mean, rstd T, dx, dgamma, dbeta []T)

	add   func(x, y, z []T)      // z = x + y
	axpy  func(a T, x, y []T)    // y += a·x
	dot   func(x, y []T) float64 // in float64
	adamW func(w, g, m, v []T, c *adamW[T])

	// half, bfloat: dst are the little-endian numbers at src.
	half, bfloat func(src []byte, dst []float32)

	// walk is Forest.AddRows, of one tree or more.
	walk func(f *Forest, trees int, rows []float32, width int, margin *[ForestRows]float32)

	// attract is Attract.
	attract func(p Point, points []Point, near []int32, w []float64) Point

	// fft is a pass of FFT.
	fft func(p *fftPass, x, y *Lanes)

	// bestCut is BestCut.
	bestCut func(h []int64, packed bool, start, total [2]int64, least int64, lambda float64) float64

	int8 *int8Loops

	buffers sync.Pool // of *[]T: scratch of tasks
}

// scratch returns a buffer of n elements of unknown content, to be given back with release.
func (b *backend[T]) scratch(n int) *[]T {
	s, _ := b.buffers.Get().(*[]T)
	if s == nil {
		s = new([]T)
	}
	if cap(*s) < n {
		*s = make([]T, n)
	}
	*s = (*s)[:n]
	return s
}

func (b *backend[T]) release(s *[]T) { b.buffers.Put(s) }

var (
	backends32 = append(simd(), genericBackend[float32]()) // those this processor runs, best first
	active64   = genericBackend[float64]()

	active32, selection = choose(os.Getenv(variable))
)

const variable = "SALESCONV_KERNEL"

// choose returns the back end of the given name, the best one for no name. It returns the best one with an error
// if the name is not to be had.
func choose(name string) (*backend[float32], error) {
	if name == "" {
		return backends32[0], nil
	}
	var names []string
	for _, b := range backends32 {
		if b.name == name {
			return b, nil
		}
		names = append(names, b.name)
	}
	return backends32[0], fmt.Errorf("no back end %q (%s) on this processor: unset %s, or set it to %s",
		name, variable, variable, strings.Join(names, " or "))
}

// Check returns an error if SALESCONV_KERNEL names a back end that is not available. Every function that makes
// something that runs on kernels (loads a model, fits a classifier, lays out a map) returns that error.
func Check() error { return selection }

// active returns the back end of the element type.
func active[T Float]() *backend[T] {
	if b, ok := any(active32).(*backend[T]); ok {
		return b
	}
	return any(active64).(*backend[T])
}

// Backend returns the name of the float32 back end in use: amx, avx512, avx2, neon or generic. It belongs to the identity
// of a run whose bytes are to be the same again, as back ends differ by rounding.
func Backend() string { return active32.name }
