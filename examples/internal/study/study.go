// Package study is what the commands that judge predictions share: labelled calls to judge on, ways of predicting
// with their scores, paired comparisons, and how these are shown in tables and charts.
package study

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/transcript"
)

// Data are labelled calls.
type Data struct {
	Source    string // for messages
	Synthetic bool
	Calls     []transcript.Call
	Unknown   int // calls left out for having no label
	Docs      [][]string
	Labels    []int
	Groups    []string // by agent; nil where no call names one
}

// Read reads the calls of a file or a folder, or the sample of synthetic ones if it is "", and notes what is left out:
// calls without a label and, if skip is set, records that cannot be used, which are errors otherwise.
func Read(ctx context.Context, env *cli.Env, file string, skip bool) (*Data, error) {
	d := &Data{Source: cmp.Or(file, "the sample of synthetic calls"), Synthetic: file == ""}
	all := transcript.Sample()
	if file != "" {
		skipped := 0
		var note func(error)
		if skip {
			note = func(err error) {
				skipped++
				env.Notef("left out: %v", err)
			}
		}
		var err error
		if all, err = transcript.Collect(transcript.ReadFile(ctx, file), note); err != nil {
			return nil, err
		}
		if skipped > 0 {
			env.Notef("%d records cannot be used and are left out, %d calls are read", skipped, len(all))
		}
	}
	for _, c := range all {
		if c.Outcome != transcript.Unknown {
			d.Calls = append(d.Calls, c)
		}
	}
	if d.Unknown = len(all) - len(d.Calls); d.Unknown > 0 {
		env.Notef("%d of %d calls have no label and are left out", d.Unknown, len(all))
	}
	d.Docs = Documents(d.Calls)
	var err error
	if d.Labels, err = transcript.Labels(d.Calls); err != nil {
		return nil, fmt.Errorf("%s: %w", d.Source, err)
	}
	if slices.ContainsFunc(d.Calls, func(c transcript.Call) bool { return c.Metadata.AgentID != "" }) {
		d.Groups, err = transcript.Groups(d.Calls, "agent_id")
	}
	return d, err
}

// Need says what is missing where fewer calls than these are won, or lost.
func (d *Data) Need(fewest int) error {
	won := d.Won()
	if lost := len(d.Labels) - won; min(won, lost) < fewest {
		return fmt.Errorf("%s: %d calls are won and %d lost: want %d or more of each", d.Source, won, lost, fewest)
	}
	return nil
}

// Won is the number of calls that were won.
func (d *Data) Won() (n int) {
	for _, l := range d.Labels {
		n += l
	}
	return n
}

// Kind is the adjective of the calls, with a space behind it where there is one.
func (d *Data) Kind() string {
	if d.Synthetic {
		return "synthetic "
	}
	return ""
}

// Digest is the SHA-256 of values as JSON, by which a run tells whether it is to go on from calls and settings like its own.
func Digest(of ...any) (string, error) {
	h := sha256.New()
	err := json.NewEncoder(h).Encode(of)
	return hex.EncodeToString(h.Sum(nil)), err
}

// Documents are calls as the encoder reads them: the texts of their turns.
func Documents(calls []transcript.Call) [][]string {
	docs := make([][]string, len(calls))
	for i, c := range calls {
		for _, t := range c.Turns() {
			docs[i] = append(docs[i], t.Text)
		}
	}
	return docs
}

// Pick returns the elements of s at the given places; nil for a nil s.
func Pick[T any](s []T, places []int) []T {
	if s == nil {
		return nil
	}
	out := make([]T, len(places))
	for i, p := range places {
		out[i] = s[p]
	}
	return out
}
