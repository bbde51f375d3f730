// Package study is what the commands that judge predictions share: labelled calls to judge on, methods of predicting
// with their scores, paired comparisons, and how these are shown in tables and charts.
package study

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

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

// ReadOptions say what becomes of calls that are read.
type ReadOptions struct {
	Rejected *cli.Rejected // what becomes of records that cannot be used
	Mask     bool          // personal data are masked; default false
}

// Read reads the labelled calls of a file or a directory, or the sample of synthetic ones if it is "". Calls without a label
// are noted and left out.
func Read(ctx context.Context, env *cli.Env, file string, opts *ReadOptions) (*Data, error) {
	d := &Data{Source: cmp.Or(file, "the sample of synthetic calls"), Synthetic: file == ""}
	all := transcript.Sample()
	if file != "" {
		var err error
		if all, err = collect(ctx, env, file, opts.Rejected); err != nil {
			return nil, err
		}
	}
	for _, c := range all {
		if c.Outcome == transcript.Unknown {
			continue
		}
		if opts.Mask {
			c = c.Mask().Call
		}
		d.Calls = append(d.Calls, c)
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

// collect gathers the calls of a file that can be used.
func collect(ctx context.Context, env *cli.Env, file string, rejected *cli.Rejected) ([]transcript.Call, error) {
	if err := rejected.Open(env); err != nil {
		return nil, err
	}
	var stop error
	reject := func(err error) {
		if stop == nil {
			stop = rejected.Add(err)
		}
	}
	all, err := transcript.Collect(func(yield func(transcript.Call, error) bool) {
		for call, err := range transcript.ReadFile(ctx, file) {
			if err == nil && !speaks(call) {
				err = fmt.Errorf("%s: nobody says a word in call %q", file, call.ID)
			}
			if !yield(call, err) || stop != nil {
				return
			}
		}
	}, reject)
	if stop != nil {
		return nil, stop
	}
	return all, errors.Join(err, rejected.Close(len(all)))
}

// speaks reports whether anybody says a word in a call.
func speaks(call transcript.Call) bool {
	return slices.ContainsFunc(call.Turns(), func(t transcript.Turn) bool {
		return strings.ContainsFunc(t.Text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) })
	})
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

// Kind is the adjective of the calls, with a space after it where there is one.
func (d *Data) Kind() string {
	if d.Synthetic {
		return "synthetic "
	}
	return ""
}

// Digest is the SHA-256 of values as JSON, by which a run is told from one of other calls and settings.
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
