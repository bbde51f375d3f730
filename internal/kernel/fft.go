package kernel

import "math"

// FFTLanes is the number of transforms that an FFT takes side by side.
const FFTLanes = 8

// Lanes are FFTLanes sequences of complex numbers side by side: number k of sequence l is at k·FFTLanes+l.
type Lanes struct{ Re, Im []float64 }

// NewLanes returns sequences of n zeros.
func NewLanes(n int) Lanes { return Lanes{make([]float64, n*FFTLanes), make([]float64, n*FFTLanes)} }

// Clear makes all numbers 0.
func (l Lanes) Clear() {
	clear(l.Re)
	clear(l.Im)
}

// An FFT computes discrete Fourier transforms of one length n, Σ_j x_j exp(-2πi jk/n), by Stockham's algorithm, which needs no
// bit reversal. It is safe for concurrent use.
type FFT struct{ passes []fftPass }

// An fftPass transforms x into y by butterflies of the given radix. The inputs of a butterfly are parts·stride apart, its
// outputs stride; output k > 0 is multiplied by twiddle k-1 of its part.
type fftPass struct {
	radix, parts, stride int // numbers of all lanes
	twiddles             []float64
}

// NewFFT prepares transforms of n numbers, where n has no prime factors above 5.
func NewFFT(n int) *FFT {
	f := new(FFT)
	for stride, rest := 1, n; rest > 1; {
		p := fftPass{radix: fftRadix(rest), stride: stride * FFTLanes}
		p.parts = rest / p.radix
		for part := range p.parts {
			for k := 1; k < p.radix; k++ {
				sin, cos := math.Sincos(-2 * math.Pi * float64(part*k) / float64(rest))
				p.twiddles = append(p.twiddles, cos, sin)
			}
		}
		f.passes = append(f.passes, p)
		stride, rest = stride*p.radix, p.parts
	}
	return f
}

func fftRadix(n int) int {
	for _, r := range []int{5, 3, 4, 2} {
		if n%r == 0 {
			return r
		}
	}
	panic("kernel: length of a transform has a prime factor above 5")
}

// Transform replaces x by its transforms. work is scratch of the same size; the two may exchange their slices.
func (f *FFT) Transform(x, work *Lanes) {
	for i := range f.passes {
		active32.fft(&f.passes[i], x, work)
		*x, *work = *work, *x
	}
}

// Inverse is Transform with exp(2πi jk/n), without a division: after Transform it gives n·x.
func (f *FFT) Inverse(x, work *Lanes) {
	x.Re, x.Im = x.Im, x.Re
	f.Transform(x, work)
	x.Re, x.Im = x.Im, x.Re
}

// A leg is a part of the input or the output of a pass, at the same place in it as the other legs.
type leg struct{ re, im []float64 }

func (l Lanes) leg(from, n int) leg { return leg{l.Re[from : from+n], l.Im[from : from+n]} }

func (l *leg) at(i int) complex128     { return complex(l.re[i], l.im[i]) }
func (l *leg) set(i int, v complex128) { l.re[i], l.im[i] = real(v), imag(v) }

func fftGeneric(p *fftPass, x, y *Lanes) {
	n := p.stride
	for part := range p.parts {
		var in, out [5]leg
		var w [5]complex128
		for k := range p.radix {
			in[k], out[k] = x.leg((k*p.parts+part)*n, n), y.leg((part*p.radix+k)*n, n)
			if at := 2 * (part*(p.radix-1) + k - 1); k > 0 {
				w[k] = complex(p.twiddles[at], p.twiddles[at+1])
			}
		}
		switch p.radix {
		case 2:
			for i := range n {
				a, b := in[0].at(i), in[1].at(i)
				out[0].set(i, a+b)
				out[1].set(i, w[1]*(a-b))
			}
		case 3:
			for i := range n {
				a, b, c := butterfly3(in[0].at(i), in[1].at(i), in[2].at(i))
				out[0].set(i, a)
				out[1].set(i, w[1]*b)
				out[2].set(i, w[2]*c)
			}
		case 4:
			for i := range n {
				a, b, c, d := butterfly4(in[0].at(i), in[1].at(i), in[2].at(i), in[3].at(i))
				out[0].set(i, a)
				out[1].set(i, w[1]*b)
				out[2].set(i, w[2]*c)
				out[3].set(i, w[3]*d)
			}
		case 5:
			for i := range n {
				a, b, c, d, e := butterfly5(in[0].at(i), in[1].at(i), in[2].at(i), in[3].at(i), in[4].at(i))
				out[0].set(i, a)
				out[1].set(i, w[1]*b)
				out[2].set(i, w[2]*c)
				out[3].set(i, w[3]*d)
				out[4].set(i, w[4]*e)
			}
		}
	}
}

func times(c complex128, x float64) complex128 { return complex(real(c)*x, imag(c)*x) }
func minusI(c complex128) complex128           { return complex(imag(c), -real(c)) }

// Transforms of 3, 4 and 5 numbers.

func butterfly3(a, b, c complex128) (_, _, _ complex128) {
	const sin = 0.86602540378443864676 // of a third of a turn
	middle, cross := a-times(b+c, 0.5), minusI(times(b-c, sin))
	return a + b + c, middle + cross, middle - cross
}

func butterfly4(a, b, c, d complex128) (_, _, _, _ complex128) {
	even, odd, cross := a+c, b+d, minusI(b-d)
	return even + odd, a - c + cross, even - odd, a - c - cross
}

func butterfly5(a, b, c, d, e complex128) (_, _, _, _, _ complex128) {
	const (
		cos1, sin1 = 0.30901699437494742410, 0.95105651629515357212 // of a fifth of a turn
		cos2, sin2 = -0.80901699437494742410, 0.58778525229247312917
	)
	near, far := b+e, c+d
	middle1, cross1 := a+times(near, cos1)+times(far, cos2), minusI(times(b-e, sin1)+times(c-d, sin2))
	middle2, cross2 := a+times(near, cos2)+times(far, cos1), minusI(times(b-e, sin2)-times(c-d, sin1))
	return a + near + far, middle1 + cross1, middle2 + cross2, middle2 - cross2, middle1 - cross1
}
