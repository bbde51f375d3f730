package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/org/salesconv/examples/cli"
)

// bench is one run.
type bench struct {
	env        *cli.Env
	references *references
	model      string // ours: a directory, or "" for the embedded one
	calls      string // a file of calls, or ""
	rounds     int
	only       []string

	starters []starter  // ours first
	systems  []*process // by the starters; nil: not started yet
	table    table
}

// wants reports whether a row was asked for.
func (b *bench) wants(name string) bool {
	return slices.ContainsFunc(b.only, func(word string) bool { return strings.Contains(name, word) })
}

// run prints the table, a row as soon as it is measured.
func (b *bench) run(ctx context.Context) error {
	b.table = table{b.env.Stdout}
	fmt.Fprintf(b.env.Stdout, "%s\n\n", machine())
	b.starters = append([]starter{{ourName, func(ctx context.Context) (*process, error) { return ours(ctx, b.model) }, true, true, true}},
		b.references.starters()...)
	b.systems = make([]*process, len(b.starters))
	defer func() {
		for _, p := range b.systems {
			if p != nil {
				p.close()
			}
		}
	}()
	b.table.head()
	for _, part := range []func(context.Context) error{b.encoding, b.variants, b.training, b.tokenizing, b.starting, b.memory, b.products, b.learning} {
		if err := part(ctx); err != nil {
			return cmp.Or(ctx.Err(), err) // a system that is killed only breaks off
		}
	}
	return nil
}

// starter starts a system.
type starter struct {
	name    string
	start   func(context.Context) (*process, error)
	trains  bool // else it encodes only
	encodes bool
	plain   bool // in its default precision: its start and memory are measured too
}

// those returns the systems of a kind, ready. A system is started when a row first needs it.
func (b *bench) those(ctx context.Context, kind func(starter) bool) (systems []*process, err error) {
	for i, s := range b.starters {
		if !kind(s) {
			continue
		}
		if b.systems[i] == nil {
			if b.systems[i], err = s.start(ctx); err != nil {
				return nil, err
			}
			if _, err := b.systems[i].read("start"); err != nil {
				return nil, err
			}
		}
		systems = append(systems, b.systems[i])
	}
	return systems, nil
}

// self returns our system.
func (b *bench) self(ctx context.Context) (*process, error) {
	systems, err := b.those(ctx, func(s starter) bool { return s.name == ourName })
	if err != nil {
		return nil, err
	}
	return systems[0], nil
}

func trains(s starter) bool  { return s.trains }
func encodes(s starter) bool { return s.encodes }

// give hands a set of texts or documents to systems and returns its number of tokens, about which they must agree.
func give(systems []*process, r request) (tokens int, err error) {
	for i, p := range systems {
		a, err := p.ask(r)
		if err != nil {
			return 0, err
		}
		if i > 0 && a.Tokens != tokens {
			return 0, fmt.Errorf("%s: %s reads %d tokens, ours %d", r.Name, p.name, a.Tokens, tokens)
		}
		tokens = a.Tokens
	}
	return tokens, nil
}

// entries asks all systems the same, and ours once more in int8 where that is wanted.
func entries(systems []*process, do request, int8 bool) (all []entry) {
	for _, p := range systems {
		all = append(all, entry{p, do, p.name})
	}
	if int8 {
		do.Int8 = true
		all = slices.Insert(all, 1, entry{systems[0], do, "ours, int8"})
	}
	return all
}

// measure measures a row and prints it.
func (b *bench) measure(r row) error {
	results, err := r.run(b.rounds)
	if err == nil {
		b.table.row(&r, results)
	}
	return err
}

// rate shows seconds as tokens a second.
func rate(tokens int) func(float64) float64 {
	return func(seconds float64) float64 { return float64(tokens) / seconds }
}

func milliseconds(seconds float64) float64 { return 1e3 * seconds }

func (b *bench) encoding(ctx context.Context) error {
	s, err := newSource()
	if err != nil {
		return err
	}
	for _, set := range []struct {
		name  string
		texts []string
	}{
		{"encode 512 mixed texts", s.texts(512, 5, 190)},
		{"encode 64 texts of 256 tokens", s.texts(64, 260, 300)},
	} {
		if !b.wants(set.name) {
			continue
		}
		systems, err := b.those(ctx, encodes)
		if err != nil {
			return err
		}
		tokens, err := give(systems, request{Do: "texts", Name: set.name, Texts: set.texts})
		if err != nil {
			return err
		}
		r := row{name: fmt.Sprintf("%s (%d)", set.name, tokens), unit: "tokens/s", value: rate(tokens), faster: true,
			entries: entries(systems, request{Do: "encode", Name: set.name}, true)}
		if err := b.measure(r); err != nil {
			return err
		}
		if err := b.accuracy(entries(systems, request{Do: "embed", Name: set.name}, true)); err != nil {
			return err
		}
	}
	const short = "one short text"
	if !b.wants(short) {
		return nil
	}
	systems, err := b.those(ctx, encodes)
	if err != nil {
		return err
	}
	tokens, err := give(systems, request{Do: "texts", Name: short, Texts: []string{"What would have to be true for you to move this quarter?"}})
	if err != nil {
		return err
	}
	return b.measure(row{name: fmt.Sprintf("%s, latency (%d)", short, tokens), unit: "ms", value: milliseconds,
		entries: entries(systems, request{Do: "one", Name: short, Times: 50}, false)})
}

// accuracy prints the least cosine of the embeddings of each system to those of the first one, ours in float32.
func (b *bench) accuracy(all []entry) error {
	var exact [][]float64
	for i, e := range all {
		a, err := e.ask(e.do)
		if err != nil {
			return err
		}
		if i == 0 {
			exact = a.Rows
			continue
		}
		least := 1.0
		for j, row := range a.Rows {
			least = min(least, cosine(row, exact[j]))
		}
		b.table.line("least cosine to our float32", e.name, fmt.Sprintf("%.6f", least), "–")
	}
	return nil
}

func cosine(x, y []float64) float64 {
	var xy, xx, yy float64
	for i := range x {
		xy, xx, yy = xy+x[i]*y[i], xx+x[i]*x[i], yy+y[i]*y[i]
	}
	return xy / math.Sqrt(xx*yy)
}

func (b *bench) training(ctx context.Context) error {
	s, err := newSource()
	if err != nil {
		return err
	}
	sets := []request{
		{Do: "texts", Name: "training step, 48 texts of 256 tokens", Texts: s.texts(48, 260, 300)},
		{Do: "texts", Name: "training step, 48 mixed texts", Texts: s.texts(48, 5, 190)},
	}
	if b.calls != "" {
		calls, err := readCalls(ctx, b.calls, 12)
		if err != nil {
			return err
		}
		sets = append(sets, request{Do: "calls", Name: fmt.Sprintf("training step, %d calls by turns", len(calls)), Documents: calls})
	}
	for _, set := range sets {
		if !b.wants(set.Name) {
			continue
		}
		systems, err := b.those(ctx, trains)
		if err != nil {
			return err
		}
		tokens, err := give(systems, set)
		if err != nil {
			return err
		}
		r := row{name: fmt.Sprintf("%s (%d)", set.Name, tokens), unit: "tokens/s", value: rate(tokens), faster: true,
			entries: entries(systems, request{Do: "train", Name: set.Name}, false)}
		if err := b.measure(r); err != nil {
			return err
		}
	}
	return nil
}
