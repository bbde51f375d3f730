// Command map draws a map of calls, on which calls with similar content lie together, and places new calls on it.
//
//	go run ./examples/map [-model DIR] [-by KEY] [-new FILE] [-html FILE] [-picture FILE] [-seed N] [-columns NAMES] [-won WORDS]
//	    [-lost WORDS] [-roles NAMES] [-mask] [-skip] [-rejected FILE] [FILE]
//
// FILE is a file or directory of calls in any format that examples/inspect reads; by default calls are read from standard input
// as JSON. They need no labels. The map is a t-SNE map of the means of their turns' embeddings by the built-in encoder, or that
// of -model, such as OUT/models/fine_tuned_embeddings after finetune. -new names further calls, which are placed on the map
// without moving the others. For each call it writes a line to standard output
//
//	{"id":…,"x":…,"y":…,"new":…}
//
// and with -html a self-contained page, whose points show their calls and open them. Points are coloured by outcome, or by the
// metadata key that -by names. With -picture the map is also written to a file, as PNG or SVG by its extension.
package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/encoder/minilm"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/study"
	"github.com/org/salesconv/transcript"
	"github.com/org/salesconv/tsne"
	"gonum.org/v1/gonum/mat"
)

func main() { cli.Main(run) }

const usage = `[flags] [FILE]

It draws a map of calls, on which calls that say similar things lie together, and writes the place of each, a line of JSON;
-html writes a page whose points open the calls. FILE is a file or directory of calls in any format that inspect reads; without
it calls are read from standard input, as JSON.`

// fewest are the calls that a map takes to have neighbours.
const fewest = 3

// options are the flags.
type options struct {
	model, by, added, html, picture, file string
	seed                                  uint64
	calls                                 cli.Calls
}

func parse(env *cli.Env) (o *options, err error) {
	o = new(options)
	flags := flag.NewFlagSet("map", flag.ContinueOnError)
	flags.StringVar(&o.model, "model", "", "`directory` of a sentence-transformers model, such as OUT/models/fine_tuned_embeddings after finetune; default: the built-in all-MiniLM-L6-v2")
	flags.StringVar(&o.by, "by", "", "metadata `key` to colour calls by, such as agent_id; default: the outcome")
	flags.StringVar(&o.added, "new", "", "`file` or directory of further calls to place on the map")
	flags.StringVar(&o.html, "html", "", "`file` to write a page to, whose points open the calls")
	flags.StringVar(&o.picture, "picture", "", "`file` to draw the map to, ending in .png or .svg")
	flags.Uint64Var(&o.seed, "seed", 1, "seed of the map's start")
	o.calls.Flags(flags)
	o.calls.MaskFlag(flags)
	if err := env.Parse(flags, usage); err != nil {
		return nil, err
	}
	if o.picture != "" && o.format() != "png" && o.format() != "svg" {
		return nil, cli.Usagef("-picture %q, want a name that ends in .png or .svg", o.picture)
	}
	o.calls.Accept = func(call transcript.Call) error {
		if !conversion.Speaks(call) {
			return fmt.Errorf("nobody says a word in call %q, so it has no place on a map", call.ID)
		}
		return nil
	}
	o.calls.Writes("-html", o.html)
	o.calls.Writes("-picture", o.picture)
	o.file, err = env.File()
	return o, err
}

// format is what the name of the picture ends in.
func (o *options) format() string {
	return strings.ToLower(strings.TrimPrefix(filepath.Ext(o.picture), "."))
}

func run(ctx context.Context, env *cli.Env) error {
	o, err := parse(env)
	if err != nil {
		return err
	}
	m, err := o.draw(ctx, env)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(env.Stdout)
	if err := errors.Join(m.lines(out), out.Flush()); err != nil {
		return err
	}
	if o.picture != "" {
		if err := cli.WriteFile(o.picture, m.plot(o.format(), nil)); err != nil {
			return err
		}
	}
	if o.html == "" {
		return nil
	}
	page, err := m.page()
	if err != nil {
		return err
	}
	return cli.WriteFile(o.html, page.Write)
}

// chart is a map of calls, the new ones last.
type chart struct {
	calls      []transcript.Call
	old        int // number of calls that are not new
	points     *mat.Dense
	perplexity float64
	by         string
}

// draw reads the calls and finds their places.
func (o *options) draw(ctx context.Context, env *cli.Env) (*chart, error) {
	model, err := o.load()
	if err != nil {
		return nil, err
	}
	calls, err := o.calls.Collect(ctx, env, o.file)
	if err != nil {
		return nil, err
	}
	source := cmp.Or(o.file, "standard input")
	if len(calls) < fewest {
		return nil, fmt.Errorf("%s: %d calls, want %d or more for a map", source, len(calls), fewest)
	}
	m := &chart{calls: calls, old: len(calls), by: o.by}
	if o.added != "" {
		added, err := o.calls.Collect(ctx, env, o.added)
		if err != nil {
			return nil, err
		}
		m.calls = append(m.calls, added...)
	}
	if o.by != "" && !m.has(o.by) {
		return nil, fmt.Errorf("%s: no call has %q in its metadata, as -by asks", source, o.by)
	}
	o.calls.Note(env)
	progress := env.Progress()
	defer progress.Close()
	x, err := model.EncodeDocuments(ctx, study.Documents(m.calls), &encoder.Options{Progress: func(done, total int) { progress.Show("encoding calls", done, total) }})
	if err != nil {
		return nil, err
	}
	return m, m.layOut(ctx, x, o.seed, progress)
}

// load loads the encoder.
func (o *options) load() (*encoder.Model, error) {
	files, err := cli.Model(o.model)
	if err != nil {
		return nil, err
	}
	if files == nil {
		files = minilm.FS()
	}
	model, err := encoder.Load(files)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cmp.Or(o.model, "the built-in model"), err)
	}
	return model, nil
}

// layOut maps the calls that are not new, and places the new ones.
func (m *chart) layOut(ctx context.Context, x *encoder.Embeddings, seed uint64, progress *cli.Progress) error {
	rows := make([]int, len(m.calls))
	for i := range rows {
		rows[i] = i
	}
	old := x.Select(rows[:m.old])
	affinity, err := tsne.NewAffinity(ctx, old, nil)
	if err != nil {
		return err
	}
	start, err := tsne.Start(ctx, old, seed)
	if err != nil {
		return err
	}
	layout, err := affinity.Layout(ctx, start, &tsne.LayoutOptions{Progress: func(s tsne.Step) { progress.Show("map", s.Iteration, s.Iterations) }})
	if err != nil {
		return err
	}
	m.points, m.perplexity = layout.Points, affinity.Perplexity
	if m.old == len(m.calls) {
		return nil
	}
	placed, err := layout.Place(ctx, old, x.Select(rows[m.old:]), nil)
	if err != nil {
		return err
	}
	all := new(mat.Dense)
	all.Stack(layout.Points, placed)
	m.points = all
	return nil
}

// place is what is written of a call.
type place struct {
	ID  string  `json:"id"`
	X   float64 `json:"x"`
	Y   float64 `json:"y"`
	New bool    `json:"new"`
}

func (m *chart) lines(w io.Writer) error {
	for i, c := range m.calls {
		if err := cli.WriteJSON(w, place{c.ID, m.points.At(i, 0), m.points.At(i, 1), i >= m.old}); err != nil {
			return err
		}
	}
	return nil
}
