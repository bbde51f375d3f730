package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"io/fs"

	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/encoder/minilm"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/examples/internal/study"
)

const embedUsage = `-input GLOB -output PREFIX [-model DIR] [flags]

It embeds the calls of the files that GLOB matches, each as the encoder combines its turns, by their mean unless the model was
trained otherwise, and writes lines {"id":…,"embedding":[…],"file":…,"item":…}. All else is as for scoring.`

func runEmbed(ctx context.Context, env *cli.Env) error {
	j := &Job{Kind: "embed"}
	flags := flag.NewFlagSet("batch embed", flag.ContinueOnError)
	flags.StringVar(&j.Models, "model", "", "`directory` of a sentence-transformers model, at the same path on all workers; default: the built-in all-MiniLM-L6-v2")
	input, reader := j.flags(flags)
	if err := parse(env, flags, embedUsage); err != nil {
		return err
	}
	return j.submit(ctx, env, *input, reader)
}

// model loads the encoder of a directory, once in a process, and hashes its files.
var model = once(func(dir string) (*hashedModel, error) {
	files := minilm.FS()
	if dir != "" {
		var err error
		if files, err = cli.Model(dir); err != nil {
			return nil, err
		}
	}
	m, err := encoder.Load(files)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", cmp.Or(dir, "the built-in model"), err)
	}
	hash, err := hashFiles(files)
	return &hashedModel{m, hash}, err
})

type hashedModel struct {
	*encoder.Model
	hash string
}

// hashFiles is the SHA-256 of the names and contents of all files.
func hashFiles(files fs.FS) (string, error) {
	h := sha256.New()
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		f, err := files.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		fmt.Fprintf(h, "%q\n", name)
		_, err = io.Copy(h, f)
		return err
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

func encoderVersion(dir string) (string, error) {
	m, err := model(dir)
	if err != nil {
		return "", err
	}
	return m.hash, nil
}

// embedding is a line of results.
type embedding struct {
	ID        string    `json:"id"`
	Embedding []float32 `json:"embedding"`
	Place
	Model string `json:"model"`
}

func loadEmbedder(j *Job) (scorer, error) {
	m, err := model(j.Models)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, records []record) ([]any, error) {
		rows, err := m.EncodeDocuments(ctx, study.Documents(calls(records)), nil)
		if err != nil {
			return nil, err
		}
		lines := make([]any, len(records))
		for i, r := range records {
			lines[i] = embedding{r.call.ID, rows.RawRow(i), r.Place, j.Version}
		}
		return lines, nil
	}, nil
}
