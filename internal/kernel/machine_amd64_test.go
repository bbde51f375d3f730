//go:build !purego

package kernel

import (
	"os"
	"strings"
)

// peaks are the multiply-adds of a thousand loops of a back end's peak function.
var peaks = map[string]func(){
	"amx":    func() { peakAVX512(1000) },
	"avx512": func() { peakAVX512(1000) },
	"avx2":   func() { peakAVX2(1000) },
}

const peakLoops = 1000 * 12

var peakFlops = map[string]float64{"amx": peakLoops * 32, "avx512": peakLoops * 32, "avx2": peakLoops * 16}

// expectedBackends asks the operating system which back ends this processor must run, best first.
func expectedBackends() []string {
	flags := map[string]bool{}
	for _, f := range strings.Fields(processorFlags()) {
		flags[f] = true
	}
	var names []string
	if flags["avx512f"] && flags["avx512bw"] && flags["avx512dq"] && flags["avx512vl"] {
		if flags["amx_tile"] && flags["amx_int8"] && flags["amx_bf16"] {
			names = append(names, "amx")
		}
		names = append(names, "avx512")
	}
	if flags["avx2"] && flags["fma"] && flags["f16c"] && flags["bmi2"] {
		names = append(names, "avx2")
	}
	return append(names, "generic")
}

// processorFlags returns the line of Linux's /proc/cpuinfo, or on other systems flags that follow from the choice made.
func processorFlags() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return map[string]string{"avx512": "avx512f avx512bw avx512dq avx512vl avx2 fma f16c bmi2", "avx2": "avx2 fma f16c bmi2"}[backends32[0].name]
	}
	_, rest, _ := strings.Cut(string(text), "flags")
	line, _, _ := strings.Cut(rest, "\n")
	return line
}
