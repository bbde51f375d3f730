//go:build !purego

package kernel

// peaks are the multiply-adds of a thousand loops of a back end's peak function.
var peaks = map[string]func(){
	"avx512": func() { peakAVX512(1000) },
	"avx2":   func() { peakAVX2(1000) },
}

const peakLoops = 1000 * 12

var peakFlops = map[string]float64{"avx512": peakLoops * 32, "avx2": peakLoops * 16}
