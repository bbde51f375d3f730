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

// tokenizing compares the tokenizers on one thread, the reference's way of taking many texts at once too.
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
	rust, err := b.peers.tokenizers(ctx)
	if err != nil {
		return err
	}
	defer rust.close()
	if _, err := rust.read("start"); err != nil {
		return err
	}
	for _, p := range []*process{b.contenders[0], rust} {
		if _, err := p.ask(request{Do: "texts", Name: name, Texts: texts}); err != nil {
			return err
		}
	}
	r := row{unit: "MB/s", value: func(s float64) float64 { return float64(size) / 1e6 / s }, faster: true, asked: "≥ 1",
		name: name + " (then: tokenizers in Rust one by one, as a batch)"}
	for _, c := range []contender{{b.contenders[0], request{Do: "tokenize"}}, {rust, request{Do: "tokenize"}}, {rust, request{Do: "batch"}}} {
		c.do.Name = name
		r.contenders = append(r.contenders, c)
	}
	results, err := r.run(b.rounds)
	if err == nil {
		b.table.line(&r, results)
	}
	return err
}

// fresh starts a contender and lets it do one thing after another; it returns the last answer and the seconds since
// the start.
func fresh(ctx context.Context, start starter, requests ...request) (a answer, seconds float64, err error) {
	began := time.Now()
	p, err := start(ctx)
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
	times := make([][]float64, 3)
	for range b.rounds {
		for j, start := range b.starters() {
			_, seconds, err := fresh(ctx, start, request{Do: "texts", Name: "first", Texts: []string{"price"}}, request{Do: "embed", Name: "first"})
			if err != nil {
				return err
			}
			times[j] = append(times[j], seconds)
		}
	}
	r := row{name: name, unit: "ms", value: milliseconds, asked: "≤ 150 ms"}
	b.table.line(&r, r.results(times))
	return nil
}

// memory measures the most that a process holds in a training step and in encoding.
func (b *bench) memory(ctx context.Context) error {
	s, err := newSource()
	if err != nil {
		return err
	}
	for _, m := range []struct {
		name, do, asked string
		contenders      int
		texts           []string
	}{
		{"memory, training step on 48 texts of 256 pieces", "train", "≤ 0.5", 2, s.texts(48, 260, 300)},
		{"memory, encoding 64 texts of 256 pieces", "encode", "≤ 300 MB", 3, s.texts(64, 260, 300)},
	} {
		if !b.wants(m.name) {
			continue
		}
		peaks := make([][]float64, m.contenders)
		for j, start := range b.starters()[:m.contenders] {
			do := request{Do: m.do, Name: "memory"}
			requests := []request{{Do: "texts", Name: "memory", Texts: m.texts}, do}
			if j > 0 { // ours has taken several steps by now
				requests = append(requests, do)
			}
			a, _, err := fresh(ctx, start, append(requests, request{Do: "peak"})...)
			if err != nil {
				return err
			}
			peaks[j] = []float64{float64(a.Bytes)}
		}
		r := row{name: m.name, unit: "MB", value: func(bytes float64) float64 { return bytes / 1e6 }, asked: m.asked}
		b.table.line(&r, r.results(peaks))
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
	for _, kind := range []struct{ name, benchmark, asked string }{
		{"matrix products x·Wᵀ, 128 rows and more", "Gemm", "≥ 90 %"}, {"matrix products for weight gradients", "GemmTN", "≥ 85 %"},
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
		fmt.Fprintf(b.env.Stdout, "| %s | %.0f–%.0f %% of peak | – | – | – | %s |\n", kind.name, worst, best, kind.asked)
	}
	return nil
}
