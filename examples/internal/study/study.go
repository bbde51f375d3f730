// Package study is what the commands that judge predictions share: labelled calls to judge on, methods of predicting
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

	"github.com/org/salesconv/classify/conversion"
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
	Groups    []string // by agent; nil where no call names one, or too few are named to hold one out
	agents    int      // that are too few
}

// Read reads the labelled calls of a file or a directory, or the sample of synthetic ones if it is "". Calls without a label
// are left out, as Note says; calls in which nobody says a word cannot be used.
func Read(ctx context.Context, env *cli.Env, file string, calls *cli.Calls) (*Data, error) {
	d := &Data{Source: cmp.Or(file, "the sample of synthetic calls"), Synthetic: file == ""}
	all := transcript.Sample()
	if file != "" {
		calls.Accept = func(call transcript.Call) error {
			if !conversion.Speaks(call) {
				return fmt.Errorf("%s: nobody says a word in call %q", file, call.ID)
			}
			return nil
		}
		var err error
		if all, err = calls.Collect(ctx, env, file); err != nil {
			return nil, err
		}
	}
	for _, c := range all {
		if c.Outcome != transcript.Unknown {
			d.Calls = append(d.Calls, c)
		}
	}
	d.Unknown = len(all) - len(d.Calls)
	d.Docs = Documents(d.Calls)
	var err error
	if d.Labels, err = transcript.Labels(d.Calls); err != nil {
		return nil, fmt.Errorf("%s: %w", d.Source, err)
	}
	if slices.ContainsFunc(d.Calls, func(c transcript.Call) bool { return c.Metadata.AgentID != "" }) {
		if d.Groups, err = transcript.Groups(d.Calls, "agent_id"); err != nil {
			return nil, err
		}
		if n := CountGroups(d.Groups, len(d.Calls)); n < fewestAgents {
			d.Groups, d.agents = nil, n
		}
	}
	return d, nil
}

// fewestAgents are as many as it takes to hold one out and still have one for each inner fold.
const fewestAgents = 4

// Note writes what was read and left out. It is for the moment when all is validated and the work begins, as a command
// that fails before says so in one line.
func (d *Data) Note(env *cli.Env, calls *cli.Calls) {
	if !d.Synthetic {
		calls.Note(env)
	}
	if d.agents > 0 {
		env.Notef("agents named by agent_id: %d, too few to hold some out (want %d or more); calls are held out individually, "+
			"so the figures are for other calls of the same agents", d.agents, fewestAgents)
	}
	if d.Unknown > 0 {
		env.Notef("%d of %d calls have no label and are left out", d.Unknown, d.Unknown+len(d.Calls))
	}
}

// Need returns what is missing where fewer calls than these are won, or lost.
func (d *Data) Need(fewest int) error {
	won := d.Won()
	if lost := len(d.Labels) - won; min(won, lost) < fewest {
		return fmt.Errorf("%s: too few calls, %d won and %d lost: want %d or more of each", d.Source, won, lost, fewest)
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

// Unit names what is held out together.
func (d *Data) Unit() string {
	if d.Groups == nil {
		return "calls"
	}
	return "agents"
}

// Digest is the SHA-256 of values as JSON, which identifies a run by its calls and settings.
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
