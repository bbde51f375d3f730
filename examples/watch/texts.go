package main

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/org/salesconv/classify/evaluate/drift"
	"github.com/org/salesconv/encoder"
	"github.com/org/salesconv/encoder/minilm"
	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/transcript"
	"gonum.org/v1/gonum/mat"
)

// text is what -data tells of a call.
type text struct {
	embedding  []float64 // nil for calls that the test of embeddings does without
	unknown    float64   // share of words that are not in the vocabulary
	vocabulary bool      // the call is one of those that the vocabulary is made of
}

// mostEmbedded is how many calls of each period are embedded: as many as the test uses.
const mostEmbedded = 500

// readTexts reads the calls of both periods, by their IDs, and embeds some with the built-in encoder.
func readTexts(ctx context.Context, env *cli.Env, o *options, reference, recent []row) (map[string]text, error) {
	docs := map[string][]string{}
	for call, err := range o.calls.Read(ctx, env, o.data) {
		if err != nil {
			return nil, err
		}
		docs[call.ID] = document(call)
	}
	said, found := unknownWords(docs, reference, recent)
	if len(found[0]) == 0 || len(found[1]) == 0 {
		return nil, fmt.Errorf("%s has %d of %d calls of the reference period and %d of %d recent ones: want the IDs that they were predicted by", o.data,
			len(found[0]), len(reference), len(found[1]), len(recent))
	}
	model, err := encoder.Load(minilm.FS())
	if err != nil {
		return nil, err
	}
	progress := env.Progress()
	defer progress.Close()
	for _, ids := range found {
		ids = spread(ids, mostEmbedded)
		var some [][]string
		for _, id := range ids {
			some = append(some, docs[id])
		}
		x, err := model.EncodeDocuments(ctx, some, &encoder.Options{Progress: func(done, total int) { progress.Show("embeddings", done, total) }})
		if err != nil {
			return nil, err
		}
		for i, id := range ids {
			t := said[id]
			t.embedding = mat.Row(nil, i, x)
			said[id] = t
		}
	}
	return said, nil
}

// document returns the turns of a call.
func document(call transcript.Call) (doc []string) {
	for _, t := range call.Turns() {
		doc = append(doc, t.Text)
	}
	return doc
}

// spread returns at most n of the ids, evenly spread.
func spread(ids []string, n int) (some []string) {
	if len(ids) <= n {
		return ids
	}
	for k := range n {
		some = append(some, ids[k*len(ids)/n])
	}
	return some
}

// unknownWords makes a vocabulary of every second call of the reference period, and gives the share of unknown words of all
// other calls. It also returns the IDs of the calls of each period that have a text.
func unknownWords(docs map[string][]string, reference, recent []row) (said map[string]text, found [2][]string) {
	said = map[string]text{}
	known := map[string]bool{}
	for _, r := range reference {
		doc := docs[r.CallID]
		if len(doc) == 0 {
			continue
		}
		t := text{vocabulary: len(found[0])%2 == 0}
		for _, w := range words(doc) {
			if t.vocabulary {
				known[w] = true
			}
		}
		said[r.CallID] = t
		found[0] = append(found[0], r.CallID)
	}
	for _, r := range recent {
		if _, both := said[r.CallID]; len(docs[r.CallID]) > 0 && !both {
			said[r.CallID] = text{}
			found[1] = append(found[1], r.CallID)
		}
	}
	for id, t := range said {
		all := words(docs[id])
		new := count(all, func(w string) bool { return !known[w] })
		t.unknown = float64(new) / float64(max(1, len(all)))
		said[id] = t
	}
	return said, found
}

// words have two letters or more.
func words(doc []string) (all []string) {
	for _, turn := range doc {
		for _, w := range strings.FieldsFunc(strings.ToLower(turn), func(r rune) bool { return !unicode.IsLetter(r) }) {
			if utf8.RuneCountInString(w) > 1 {
				all = append(all, w)
			}
		}
	}
	return all
}

// embeddings tests the embeddings of calls.
func (c *comparison) embeddings(ctx context.Context, said map[string]text) {
	gather := func(rows []row) (x *mat.Dense, n int) {
		var all []float64
		for _, r := range rows {
			if e := said[r.CallID].embedding; e != nil {
				all, n = append(all, e...), n+1
			}
		}
		if n < fewest {
			return nil, n
		}
		return mat.NewDense(n, len(all)/n, all), n
	}
	a, n := gather(c.reference)
	b, m := gather(c.recent)
	if min(n, m) < fewest {
		return
	}
	t, err := drift.MMD(ctx, a, b, nil)
	c.add("embeddings", "discrepancy", 0, nan, t, err)
}
