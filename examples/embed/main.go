// Command embed turns texts into embeddings, or with -tokens into token ids.
//
// It reads a JSON array of strings or JSON Lines of strings from a file or standard input, and writes a line
// {"embedding":[…]} or {"ids":[…]} for each to standard output, in their order, at constant memory.
//
//	go run ./examples/embed [-model DIR] [-tokens] [FILE]
//
// An embedding is of the beginning of a text, as much as the model reads, 256 tokens for the default model; what was
// cut is counted on standard error. Token ids are of the whole text. Everything before an error is written.
package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"iter"
	"strconv"

	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/encoder/minilm"
	"github.com/org/salesconv/examples/cli"
)

func main() { cli.Main(run) }

const usage = `[flags] [FILE]

It writes the embedding of each text, {"embedding":[…]}, a line each. FILE, or standard input, holds the texts in double
quotes: a JSON array of strings, or one string a line.`

func run(ctx context.Context, env *cli.Env) error {
	flags := flag.NewFlagSet("embed", flag.ContinueOnError)
	dir := flags.String("model", "", "`directory` of a sentence-transformers model, or its name on the Hugging Face hub if it is in the cache; default: the built-in all-MiniLM-L6-v2")
	tokens := flags.Bool("tokens", false, "write token ids instead of embeddings")
	if err := env.Parse(flags, usage); err != nil {
		return err
	}
	in, name, err := env.Input(ctx)
	if err != nil {
		return err
	}
	defer in.Close()
	model := source{cmp.Or(*dir, "the built-in model"), minilm.FS()}
	if files, err := cli.Model(*dir); err != nil {
		return err
	} else if files != nil {
		model.files = files
	}
	out := bufio.NewWriterSize(env.Stdout, 1<<16)
	write := embed
	if *tokens {
		write = tokenize
	}
	texts := func(yield func(string, error) bool) {
		for text, err := range readTexts(in) {
			if err != nil {
				err = fmt.Errorf("%s: %w", name, err)
			}
			if !yield(text, err) {
				return
			}
		}
	}
	return errors.Join(write(ctx, env, model, texts, out), out.Flush())
}

// source is where a model is read from.
type source struct {
	name  string
	files fs.FS
}

// batchBytes is how much text is read before it is encoded.
const batchBytes = 256 << 10

// embed writes the embeddings of texts.
func embed(ctx context.Context, env *cli.Env, model source, texts iter.Seq2[string, error], out *bufio.Writer) error {
	m, err := encoder.Load(model.files)
	if err != nil {
		return fmt.Errorf("%s: %w", model.name, err)
	}
	e := embedder{model: m, out: out, bar: env.Progress()}
	defer e.bar.Close()
	for text, err := range texts {
		if err != nil {
			return errors.Join(e.flush(ctx), err)
		}
		e.batch = append(e.batch, text)
		if e.size += len(text) + 64; e.size < batchBytes {
			continue
		}
		if err := e.flush(ctx); err != nil {
			return err
		}
	}
	if err := e.flush(ctx); err != nil {
		return err
	}
	if e.truncated > 0 {
		e.bar.Close()
		env.Notef("%d of %d texts are longer than the %d tokens the model reads: %d tokens were cut",
			e.truncated, e.done, m.Config().MaxSeqLength, e.cut)
	}
	return nil
}

// embedder encodes texts a batch at a time.
type embedder struct {
	model *encoder.Model
	out   *bufio.Writer
	bar   *cli.Progress
	batch []string
	size  int // of the batch, in bytes and some more for each text

	done, truncated, cut int
}

// flush encodes and writes the batch.
func (e *embedder) flush(ctx context.Context) error {
	rows, err := e.model.Encode(ctx, e.batch, &encoder.Options{Progress: func(n, _ int) { e.bar.Show("texts", e.done+n, -1) }})
	if err != nil {
		return err
	}
	var line []byte
	for i := range e.batch {
		line = append(line[:0], `{"embedding":[`...)
		for j, x := range rows.RawRow(i) {
			if j > 0 {
				line = append(line, ',')
			}
			line = strconv.AppendFloat(line, float64(x), 'g', -1, 32)
		}
		if _, err := e.out.Write(append(line, "]}\n"...)); err != nil {
			return err
		}
	}
	e.done, e.truncated, e.cut = e.done+len(e.batch), e.truncated+rows.Truncated, e.cut+rows.Cut
	e.batch, e.size = e.batch[:0], 0
	return e.out.Flush()
}

// tokenize writes the token ids of texts. It needs no weights.
func tokenize(ctx context.Context, env *cli.Env, model source, texts iter.Seq2[string, error], out *bufio.Writer) error {
	t, err := encoder.LoadTokenizer(model.files)
	if err != nil {
		return fmt.Errorf("%s: %w", model.name, err)
	}
	var ids []int
	var line []byte
	for text, err := range texts {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		ids, _ = t.Append(ids[:0], text, 0)
		line = append(line[:0], `{"ids":[`...)
		for i, id := range ids {
			if i > 0 {
				line = append(line, ',')
			}
			line = strconv.AppendInt(line, int64(id), 10)
		}
		if _, err := out.Write(append(line, "]}\n"...)); err != nil {
			return err
		}
	}
	return nil
}
