package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each record is in one shard, and all shards but the last are full.
func TestPlan(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var counted []Counted
		total := 0
		for i := range r.IntN(6) {
			c := Counted{fmt.Sprint(i), r.IntN(30)}
			counted, total = append(counted, c), total+c.Items
		}
		r.Shuffle(len(counted), func(i, j int) { counted[i], counted[j] = counted[j], counted[i] })
		n := 1 + r.IntN(12)
		shards := plan(counted, n)
		if want := (total + n - 1) / n; len(shards) != want {
			t.Fatalf("%d records in shards of %d: %d shards, want %d", total, n, len(shards), want)
		}
		next := map[string]int{}
		for i, s := range shards {
			size := 0
			for _, p := range s.Parts {
				if p.From != next[p.File] || p.To <= p.From {
					t.Fatalf("%v begins at %d, want %d", p, p.From, next[p.File])
				}
				next[p.File], size = p.To, size+p.To-p.From
			}
			if s.Index != i || s.Of != len(shards) || size != n && i+1 < len(shards) {
				t.Fatalf("shard %+v of %d records, want %d", s, size, n)
			}
		}
		for _, c := range counted {
			if next[c.File] != c.Items {
				t.Fatalf("%d of %d records of %s", next[c.File], c.Items, c.File)
			}
		}
	}
}

// One call that makes the predictor fail costs no other one its score.
func TestPoisonousCall(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "calls.jsonl")
	var lines strings.Builder
	for i := range 3 * batchCalls {
		fmt.Fprintf(&lines, "{\"id\": \"%d\", \"transcript\": \"Agent: hello\"}\n", i)
	}
	if err := os.WriteFile(file, []byte(lines.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	const kindName = "poison"
	kinds[kindName] = kind{load: func(*Job) (scorer, error) {
		return func(_ context.Context, records []record) (lines []any, err error) {
			for _, r := range records {
				switch r.call.ID {
				case "70":
					return nil, errors.New("not finite")
				case "130":
					panic("out of range")
				}
				lines = append(lines, r.Place)
			}
			return lines, nil
		}, nil
	}}
	defer delete(kinds, kindName)
	j := &Job{Kind: kindName, Output: filepath.Join(dir, "out")}
	s := Shard{Of: 1, Parts: []Part{{file, 10, 3 * batchCalls, true}}}
	tally, err := j.shard(t.Context(), s)
	if want := (Tally{Items: 3*batchCalls - 10, Results: 3*batchCalls - 12, Rejected: 2, Shards: 1}); err != nil || tally != want {
		t.Fatalf("%+v, want %+v, error %v", tally, want, err)
	}
	b, err := os.ReadFile(j.Output + "-rejected-00000-of-00001.jsonl")
	if text := string(b); err != nil || !strings.Contains(text, `"item":71,"byte":0,"reason":"the call cannot be scored: not finite"`) ||
		!strings.Contains(text, `"item":131,"byte":0,"reason":"the call cannot be scored: panic: out of range"`) {
		t.Errorf("rejected %s, error %v", b, err)
	}
	// A file that changes is an error.
	for name, part := range map[string]Part{"grew": {file, 0, 100, true}, "shrank": {file, 0, 1000, true}} {
		j.Output = filepath.Join(dir, name)
		if _, err := j.shard(t.Context(), Shard{Of: 1, Parts: []Part{part}}); err == nil || !strings.Contains(err.Error(), "has changed") {
			t.Errorf("a file that %s: error %v", name, err)
		}
	}
}
