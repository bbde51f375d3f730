package main

import (
	"context"
	"math/rand/v2"
	"strings"

	"github.com/org/salesconv/transcript"
)

// source deals out text of generated calls by the word.
type source struct {
	words []string
	rng   *rand.Rand
}

func newSource() (*source, error) {
	calls, err := transcript.Generate(400, nil)
	if err != nil {
		return nil, err
	}
	s := &source{rng: rand.New(rand.NewPCG(1, 2))}
	for _, c := range calls.Calls {
		s.words = append(s.words, strings.Fields(c.Text)...)
	}
	return s, nil
}

// texts returns n texts of least to most words.
func (s *source) texts(n, least, most int) []string {
	all := make([]string, n)
	for i := range all {
		words := least + s.rng.IntN(most-least+1)
		from := s.rng.IntN(len(s.words) - words)
		all[i] = strings.Join(s.words[from:from+words], " ")
	}
	return all
}

// readCalls returns the first n calls of a file as lists of turns.
func readCalls(ctx context.Context, file string, n int) (calls [][]string, err error) {
	for call, err := range transcript.ReadFile(ctx, file) {
		if err != nil {
			return nil, err
		}
		if calls = append(calls, turns(call)); len(calls) == n {
			break
		}
	}
	return calls, nil
}

// turns are the texts of a call's turns.
func turns(call transcript.Call) (texts []string) {
	for _, t := range call.Turns() {
		texts = append(texts, t.Text)
	}
	return texts
}
