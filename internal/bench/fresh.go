package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/org/salesconv/internal/kernel"
)

// tokenizing compares the tokenizers on one thread, the reference also with many texts at once.
func (b *bench) tokenizing(ctx context.Context) error {
	const name = "tokenize, one thread"
	if !b.wants(name) {
		return nil
	}
	s, err := newSource()
	if err != nil {
		return err
	}
	texts := s.texts(2000, 5, 190)
	size := len(strings.Join(texts, ""))
	rust, err := b.references.tokenizers(ctx)
	if err != nil {
		return err
	}
	defer rust.close()
	if _, err := rust.read("start"); err != nil {
		return err
	}
	self, err := b.self(ctx)
	if err != nil {
		return err
	}
	for _, p := range []*process{self, rust} {
		if _, err := p.ask(request{Do: "texts", Name: name, Texts: texts}); err != nil {
			return err
		}
	}
	return b.measure(row{name: name, unit: "MB/s", value: func(s float64) float64 { return float64(size) / 1e6 / s }, faster: true, entries: []entry{
		{self, request{Do: "tokenize", Name: name}, self.name},
		{rust, request{Do: "tokenize", Name: name}, rust.name},
		{rust, request{Do: "batch", Name: name}, rust.name + ", as a batch"},
	}})
}

// fresh starts a system and lets it do one thing after another; it returns the last answer and the seconds since
// the start.
func fresh(ctx context.Context, s starter, requests ...request) (a answer, seconds float64, err error) {
	began := time.Now()
	p, err := s.start(ctx)
	if err != nil {
		return a, 0, err
	}
	defer p.close()
	if _, err := p.read("start"); err != nil {
		return a, 0, err
	}
	for _, r := range requests {
		if a, err = p.ask(r); err != nil {
			return a, 0, err
		}
	}
	return a, time.Since(began).Seconds(), nil
}

// starting measures from the start of a process to its first embedding.
func (b *bench) starting(ctx context.Context) error {
	const name = "process start to first embedding"
	if !b.wants(name) {
		return nil
	}
	r := row{name: name, unit: "ms", value: milliseconds}
	var times [][]float64
	for _, s := range b.starters {
		if s.plain {
			r.entries, times = append(r.entries, entry{name: s.name}), append(times, nil)
		}
	}
	for range b.rounds {
		j := 0
		for _, s := range b.starters {
			if !s.plain {
				continue
			}
			_, seconds, err := fresh(ctx, s, request{Do: "texts", Name: "first", Texts: []string{"price"}}, request{Do: "embed", Name: "first"})
			if err != nil {
				return err
			}
			times[j] = append(times[j], seconds)
			j++
		}
	}
	b.table.row(&r, r.results(times))
	return nil
}

// memory measures the most that a process holds in a training step and in encoding.
func (b *bench) memory(ctx context.Context) error {
	s, err := newSource()
	if err != nil {
		return err
	}
	for _, m := range []struct {
		name, do string
		has      func(starter) bool
		texts    []string
	}{
		{"memory, training step on 48 texts of 256 tokens", "train", trains, s.texts(48, 260, 300)},
		{"memory, encoding 64 texts of 256 tokens", "encode", encodes, s.texts(64, 260, 300)},
	} {
		if !b.wants(m.name) {
			continue
		}
		r := row{name: m.name, unit: "MB", value: func(bytes float64) float64 { return bytes / 1e6 }}
		var peaks [][]float64
		for i, s := range b.starters {
			if !s.plain || !m.has(s) {
				continue
			}
			do := request{Do: m.do, Name: "memory"}
			requests := []request{{Do: "texts", Name: "memory", Texts: m.texts}, do}
			if i > 0 { // ours has taken several steps by now
				requests = append(requests, do)
			}
			a, _, err := fresh(ctx, s, append(requests, request{Do: "peak"})...)
			if err != nil {
				return err
			}
			r.entries, peaks = append(r.entries, entry{name: s.name}), append(peaks, []float64{float64(a.Bytes)})
		}
		b.table.row(&r, r.results(peaks))
	}
	return nil
}

var benchmarkLine = regexp.MustCompile(`^Benchmark(Gemm|GemmTN)/(\S+)/(\w+)-\d+ .* ([\d.]+) %peak`)

// products runs the benchmarks of the matrix products and prints the worst and best of the encoder's shapes, in percent
// of the multiply-adds that one thread does alone.
func (b *bench) products(ctx context.Context) error {
	if !b.wants("matrix products") {
		return nil
	}
	out, err := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^Benchmark(Gemm|GemmTN)$/"+"/"+kernel.Backend()+"$",
		"-benchtime", "200x", "github.com/org/salesconv/internal/kernel").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%s", bytes.TrimSpace(append(out, exit.Stderr...)))
		}
		return fmt.Errorf("matrix products, measured from inside the module: %w", err)
	}
	for _, kind := range []struct{ name, benchmark string }{
		{"matrix products x·Wᵀ, 128 rows and more", "Gemm"}, {"matrix products for weight gradients", "GemmTN"},
	} {
		worst, best := 1e9, 0.0
		for line := range strings.Lines(string(out)) {
			m := benchmarkLine.FindStringSubmatch(line)
			if m == nil || m[1] != kind.benchmark || strings.HasPrefix(m[2], "m=16,") {
				continue
			}
			percent, err := strconv.ParseFloat(m[4], 64)
			if err != nil {
				return err
			}
			worst, best = min(worst, percent), max(best, percent)
		}
		b.table.line(kind.name, "ours", fmt.Sprintf("%.0f–%.0f %% of peak", worst, best), "–")
	}
	return nil
}
