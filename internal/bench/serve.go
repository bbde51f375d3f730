package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/encoder/minilm"
	"github.com/org/salesconv/triplet"
)

// server is our side of the protocol that the references speak.
type server struct {
	files     fs.FS
	model     *encoder.Model
	tokenizer *encoder.Tokenizer // read when it is asked for
	texts     map[string][]string
	documents map[string][][]string
	rows      map[string]rowSet
}

// modelFiles returns the model in a directory, the embedded one for "".
func modelFiles(dir string) fs.FS {
	if dir == "" {
		return minilm.FS()
	}
	return os.DirFS(dir)
}

// serve answers requests until in ends.
func serve(files fs.FS, in io.Reader, out io.Writer) error {
	m, err := encoder.Load(files)
	if err != nil {
		return err
	}
	s := &server{files: files, model: m, texts: map[string][]string{}, documents: map[string][][]string{}, rows: map[string]rowSet{}}
	answers := json.NewEncoder(out)
	if err := answers.Encode(answer{}); err != nil { // ready
		return err
	}
	for lines := bufio.NewReader(in); ; {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		var r request
		if err := json.Unmarshal(line, &r); err != nil {
			return err
		}
		a, err := s.do(r)
		if err != nil {
			a.Error = err.Error()
		}
		if err := answers.Encode(a); err != nil {
			return err
		}
	}
}

func (s *server) do(r request) (answer, error) {
	switch r.Do {
	case "texts":
		s.texts[r.Name] = r.Texts
		s.documents[r.Name] = make([][]string, len(r.Texts))
		for i, t := range r.Texts {
			s.documents[r.Name][i] = []string{s.cut(t)}
		}
		return answer{Tokens: s.tokens(s.documents[r.Name])}, nil
	case "calls":
		s.documents[r.Name] = r.Documents
		return answer{Tokens: s.tokens(r.Documents)}, nil
	case "encode":
		return timed(func() error { return s.encode(s.texts[r.Name], &encoder.Options{Threads: r.Threads, Int8: r.Int8}) })
	case "embed":
		return s.embed(s.texts[r.Name], &encoder.Options{Int8: r.Int8})
	case "one":
		return s.one(s.texts[r.Name][:1], r.Times)
	case "tokenize":
		return s.tokenize(s.texts[r.Name])
	case "train":
		return s.train(s.documents[r.Name])
	case "rows":
		s.rows[r.Name] = newRowSet(r.Rows, r.Labels)
		return answer{Tokens: len(r.Rows)}, nil
	case "logistic", "boosted", "tsne":
		return s.rows[r.Name].learn(r.Do)
	case "peak":
		return peak()
	}
	return answer{}, fmt.Errorf("no such request: %q", r.Do)
}

// cut is a text up to where the model stops reading it, as training would read on in a second sequence.
func (s *server) cut(text string) string {
	spans := s.model.Tokenize(text).Spans
	return text[:spans[len(spans)-2][1]]
}

// timed is an answer with the seconds that f took.
func timed(f func() error) (answer, error) {
	start := time.Now()
	err := f()
	return answer{Seconds: time.Since(start).Seconds()}, err
}

// tokens counts the tokens of documents, each segment cut where the model stops reading.
func (s *server) tokens(documents [][]string) (n int) {
	for _, d := range documents {
		for _, segment := range d {
			n += len(s.model.Tokenize(segment).IDs)
		}
	}
	return n
}

func (s *server) encode(texts []string, opts *encoder.Options) error {
	_, err := s.model.Encode(context.Background(), texts, opts)
	return err
}

// embed is encode with the rows as the answer.
func (s *server) embed(texts []string, opts *encoder.Options) (a answer, err error) {
	e, err := s.model.Encode(context.Background(), texts, opts)
	if err != nil {
		return a, err
	}
	for i := range texts {
		row := make([]float64, s.model.Width())
		for j, x := range e.RawRow(i) {
			row[j] = float64(x)
		}
		a.Rows = append(a.Rows, row)
	}
	return a, nil
}

// one is the median time of encoding one text.
func (s *server) one(text []string, times int) (answer, error) {
	all := make([]float64, times)
	for i := range all {
		a, err := timed(func() error { return s.encode(text, nil) })
		if err != nil {
			return a, err
		}
		all[i] = a.Seconds
	}
	return answer{Seconds: median(all)}, nil
}

// tokenize times the tokenizer on one thread.
func (s *server) tokenize(texts []string) (answer, error) {
	if s.tokenizer == nil {
		var err error
		if s.tokenizer, err = encoder.LoadTokenizer(s.files); err != nil {
			return answer{}, err
		}
	}
	var ids []int
	return timed(func() error {
		for _, t := range texts {
			ids, _ = s.tokenizer.Append(ids[:0], t, 0)
		}
		return nil
	})
}

// train times a training step on all documents: the mean of two after a first one that warms up, and the tokenizing,
// which a run does once, in full.
func (s *server) train(documents [][]string) (answer, error) {
	labels := make([]int, len(documents))
	for i := range labels {
		labels[i] = i % 2
	}
	var first, last time.Time
	const steps = 3
	_, err := triplet.Train(context.Background(), s.model, documents, labels, &triplet.Options{
		Loss: triplet.Loss{Kind: triplet.BatchAll}, BatchSize: len(documents), TripletsPerAnchor: 1, Epochs: steps,
		Progress: func(step triplet.Step) {
			if last = time.Now(); step.Step == 1 {
				first = last
			}
		},
	})
	tokenizing, _ := timed(func() error { s.tokens(documents); return nil })
	return answer{Seconds: last.Sub(first).Seconds()/(steps-1) + tokenizing.Seconds}, err
}

// peak is the memory that this process has held at most.
func peak() (answer, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return answer{}, err
	}
	var kilobytes int
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	_, err = fmt.Sscan(rest, &kilobytes)
	return answer{Bytes: kilobytes * 1024}, err
}
