package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/org/salesconv/examples/cli"
)

// bench is one run.
type bench struct {
	env    *cli.Env
	peers  *peers
	model  string // ours: a folder, or "" for the embedded one
	calls  string // a file of calls, or ""
	rounds int
	only   []string

	contenders []*process // ours, sentence-transformers, ONNX Runtime; started once
	table      table
}

// wants reports whether a row was asked for.
func (b *bench) wants(name string) bool {
	for _, word := range b.only {
		if strings.Contains(name, word) {
			return true
		}
	}
	return false
}

// run prints the table, a line as soon as it is measured.
func (b *bench) run(ctx context.Context) error {
	b.table = table{b.env.Stdout}
	fmt.Fprintf(b.env.Stdout, "%s\n\n", machine())
	defer func() {
		for _, p := range b.contenders {
			p.close()
		}
	}()
	if err := b.start(ctx); err != nil {
		return err
	}
	b.table.head()
	for _, part := range []func(context.Context) error{b.encoding, b.variants, b.training, b.tokenizing, b.starting, b.memory, b.products, b.learning} {
		if err := part(ctx); err != nil {
			return cmp.Or(ctx.Err(), err) // a killed contender only breaks off
		}
	}
	return nil
}

// start starts the three contenders of most rows and waits until they are ready.
func (b *bench) start(ctx context.Context) error {
	for _, f := range b.starters() {
		p, err := f(ctx)
		if err != nil {
			return err
		}
		b.contenders = append(b.contenders, p)
		if _, err := p.read("start"); err != nil {
			return err
		}
	}
	return nil
}

// starter starts a contender.
type starter func(context.Context) (*process, error)

func (b *bench) starters() []starter {
	return []starter{func(ctx context.Context) (*process, error) { return ours(ctx, b.model) }, b.peers.torch, b.peers.onnx}
}

// give hands a set of texts or documents to contenders and returns its number of pieces, about which they must agree.
func give(contenders []*process, r request) (pieces int, err error) {
	for i, p := range contenders {
		a, err := p.ask(r)
		if err != nil {
			return 0, err
		}
		if i > 0 && a.Pieces != pieces {
			return 0, fmt.Errorf("%s: %s reads %d pieces, ours %d", r.Name, p.name, a.Pieces, pieces)
		}
		pieces = a.Pieces
	}
	return pieces, nil
}

// compare measures a row in which all contenders are asked the same.
func (b *bench) compare(contenders []*process, do request, r row) error {
	for _, p := range contenders {
		r.contenders = append(r.contenders, contender{p, do})
	}
	results, err := r.run(b.rounds)
	if err == nil {
		b.table.line(&r, results)
	}
	return err
}

// rate shows seconds as pieces a second.
func rate(pieces int) func(float64) float64 {
	return func(seconds float64) float64 { return float64(pieces) / seconds }
}

func milliseconds(seconds float64) float64 { return 1e3 * seconds }

func (b *bench) encoding(context.Context) error {
	s, err := newSource()
	if err != nil {
		return err
	}
	for _, set := range []struct {
		name, asked string
		texts       []string
	}{
		{"encode 512 mixed texts", "≥ 3.0, ≥ 1.7", s.texts(512, 5, 190)},
		{"encode 64 texts of 256 pieces", "≥ 2.3, ≥ 1.5", s.texts(64, 260, 300)},
	} {
		if !b.wants(set.name) {
			continue
		}
		pieces, err := give(b.contenders, request{Do: "texts", Name: set.name, Texts: set.texts})
		if err != nil {
			return err
		}
		r := row{name: fmt.Sprintf("%s (%d)", set.name, pieces), unit: "pieces/s", value: rate(pieces), faster: true, asked: set.asked}
		if err := b.compare(b.contenders, request{Do: "encode", Name: set.name}, r); err != nil {
			return err
		}
	}
	const short = "one short text"
	if !b.wants(short) {
		return nil
	}
	pieces, err := give(b.contenders, request{Do: "texts", Name: short, Texts: []string{"What would have to be true for you to move this quarter?"}})
	if err != nil {
		return err
	}
	r := row{name: fmt.Sprintf("%s, latency (%d)", short, pieces), unit: "ms", value: milliseconds, asked: "≤ 0.33, ≤ 0.8"}
	return b.compare(b.contenders, request{Do: "one", Name: short, Times: 50}, r)
}

func (b *bench) training(ctx context.Context) error {
	s, err := newSource()
	if err != nil {
		return err
	}
	pair := b.contenders[:2]
	sets := []struct {
		asked string
		request
	}{
		{"≥ 3.5", request{Do: "texts", Name: "training step, 48 texts of 256 pieces", Texts: s.texts(48, 260, 300)}},
		{"≥ 6", request{Do: "texts", Name: "training step, 48 mixed texts", Texts: s.texts(48, 5, 190)}},
	}
	if b.calls != "" {
		calls, err := readCalls(ctx, b.calls, 12)
		if err != nil {
			return err
		}
		sets = append(sets, struct {
			asked string
			request
		}{"≥ 6", request{Do: "calls", Name: fmt.Sprintf("training step, %d calls by turns", len(calls)), Documents: calls}})
	}
	for _, set := range sets {
		if !b.wants(set.Name) {
			continue
		}
		pieces, err := give(pair, set.request)
		if err != nil {
			return err
		}
		r := row{name: fmt.Sprintf("%s (%d)", set.Name, pieces), unit: "pieces/s", value: rate(pieces), faster: true, asked: set.asked}
		if err := b.compare(pair, request{Do: "train", Name: set.Name}, r); err != nil {
			return err
		}
	}
	return nil
}
