// Command explain tells why the predictor gives calls the probabilities it does: what each turn adds to the log-odds of
// a won call, and what the words of the most telling turns add to theirs.
//
//	go run ./examples/explain -models DIR [-html FILE] [-words N] [-seed N] [FILE]
//
// DIR is the folder models that finetune wrote, or the one above it. FILE is a file or folder of calls in any of
// transcript's formats; by default calls are read from standard input as JSON, an array, one object or JSON Lines. Labels
// are not looked at. For each call it writes a line
//
//	{"id":…,"probability":…,"log_odds":…,"base":…,"turns":[{"speaker":…,"text":…,"start":…,"end":…,"contribution":…,
//	    "words":[{"text":…,"start":…,"end":…,"contribution":…,"error":…},…]},…]}
//
// to standard output, in their order. Base and the contributions of all turns add up to the log-odds. Those of the
// words of a turn add up to what the log-odds lose when the turn falls silent; they are sampled, and error is the
// standard error. Start and end are bytes of the transcript. With -html it also writes a page that stands alone, with
// the calls marked up.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/org/salesconv/classify"
	"github.com/org/salesconv/classify/conversion"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/shap"
	"github.com/org/salesconv/transcript"
)

func main() { cli.Main(run) }

const (
	longestTurn  = 2000 // bytes of a turn whose words are explained
	permutations = 4    // orders in which words are tried: few, as each asks for a text to be encoded for each word
)

func run(ctx context.Context, env *cli.Env) error {
	flags := flag.NewFlagSet("explain", flag.ContinueOnError)
	models := flags.String("models", "", "`folder` that finetune wrote (required)")
	html := flags.String("html", "", "`file` to write a page with the calls marked up to")
	words := flags.Int("words", 3, "explain the words of this many of a call's most telling turns")
	seed := flags.Uint64("seed", 1, "seed of what is sampled")
	if err := env.Parse(flags); err != nil {
		return err
	}
	switch {
	case *models == "":
		return cli.Usagef("-models is missing: name the folder that finetune wrote")
	case *words < 0:
		return cli.Usagef("-words %d, want 0 or more", *words)
	}
	p, err := load(*models)
	if err != nil {
		return err
	}
	x := &explainer{pipeline: p, words: *words, seed: *seed}
	page := &page{}
	out := json.NewEncoder(env.Stdout)
	out.SetEscapeHTML(false)
	for call, err := range conversion.Calls(ctx, env) {
		if err != nil {
			return err
		}
		e, err := x.explain(ctx, call)
		if err != nil {
			return fmt.Errorf("call %q: %w", call.ID, err)
		}
		if err := out.Encode(e); err != nil {
			return err
		}
		if *html != "" {
			if err := page.add(ctx, p, call, e); err != nil {
				return err
			}
		}
	}
	if x.long > 0 {
		env.Notef("%d turns are longer than %d bytes: their words are not explained", x.long, longestTurn)
	}
	if *html == "" {
		return nil
	}
	return page.write(*html)
}

// load reads the predictor from a folder or from models below it.
func load(dir string) (*conversion.Pipeline, error) {
	if below := filepath.Join(dir, "models"); isDir(below) {
		dir = below
	}
	return conversion.Load(dir)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// explained is a line of output.
type explained struct {
	ID          string  `json:"id"`
	Probability float64 `json:"probability"`
	LogOdds     float64 `json:"log_odds"`
	Base        float64 `json:"base"`
	Turns       []turn  `json:"turns"`
}

type turn struct {
	Speaker string `json:"speaker"`
	part
	Attention *float64 `json:"attention,omitempty"` // the turn's weight in the tuned encoder's row of the call, if it learnt any
	Words     []part   `json:"words,omitempty"`
}

// part is a stretch of a call and what it contributes.
type part struct {
	Text         string   `json:"text"`
	Start        int      `json:"start"`
	End          int      `json:"end"`
	Contribution float64  `json:"contribution"`
	Error        *float64 `json:"error,omitempty"` // standard error, where the contribution is sampled
}

type explainer struct {
	pipeline *conversion.Pipeline
	words    int
	seed     uint64
	long     int // turns whose words were not explained
}

func (x *explainer) explain(ctx context.Context, call transcript.Call) (*explained, error) {
	turns, doc := call.Turns(), conversion.Document(call)
	e, err := x.pipeline.Explain(ctx, doc, x.seed)
	if err != nil {
		return nil, err
	}
	attention, err := x.pipeline.Attention(ctx, doc)
	if err != nil {
		return nil, err
	}
	out := &explained{
		ID: call.ID, LogOdds: e.Output(), Probability: classify.Sigmoid(e.Output()), Base: e.Base, Turns: make([]turn, len(turns)),
	}
	for i, t := range turns {
		out.Turns[i] = turn{Speaker: t.Speaker, part: newPart(t.Text, t.Start, t.End, e, i)}
		if attention != nil {
			out.Turns[i].Attention = &attention[i]
		}
	}
	for _, i := range e.Top(x.words) {
		if len(doc[i]) > longestTurn {
			x.long++
			continue
		}
		w, err := x.explainWords(ctx, doc, i)
		if err != nil {
			return nil, err
		}
		at := 0
		for k, text := range w.Names {
			end := at + len(text)
			out.Turns[i].Words = append(out.Turns[i].Words, newPart(text, turns[i].Offset(at), turns[i].Offset(end-1)+1, w, k))
			at = end
		}
	}
	return out, nil
}

// explainWords shares out among the words of turn i what the turn adds to a call in which it is silent.
func (x *explainer) explainWords(ctx context.Context, doc []string, i int) (*shap.Explanation, error) {
	return shap.Words(ctx, doc[i], func(ctx context.Context, texts []string) ([]float64, error) {
		docs := make([][]string, len(texts))
		for k, text := range texts {
			docs[k] = append([]string{}, doc...)
			docs[k][i] = text
		}
		rows, err := x.pipeline.Features(ctx, docs, nil)
		if err != nil {
			return nil, err
		}
		return x.pipeline.Stack.Margins(rows)
	}, &shap.SampleOptions{Permutations: permutations, Seed: x.seed})
}

func newPart(text string, start, end int, e *shap.Explanation, i int) part {
	p := part{Text: text, Start: start, End: end, Contribution: e.Values[i]}
	if e.Errors != nil {
		p.Error = &e.Errors[i]
	}
	return p
}
