package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"

	"github.com/org/salesconv/examples/internal/parquet"
	"github.com/org/salesconv/transcript"
)

// Calls reads the calls of a command: from a file or a directory in any of transcript's formats and Parquet, or from
// standard input, whose first bytes show its format. Its flags set what columns, labels and speakers mean, what happens to records that
// cannot be used, and whether personal data are masked. When all are read, a line on standard error summarises them.
//
//	calls := new(cli.Calls)
//	calls.Flags(flags)
//	… // parse
//	for call, err := range calls.Read(ctx, env, file) {
//		if err != nil {
//			return err
//		}
//		…
//	}
type Calls struct {
	Rejected
	Mask     bool // personal data are masked; see MaskFlag
	Outcomes bool // records have no text, see [transcript.Reader]
	// Unlabelled: the command does not use labels, and does not read them.
	Unlabelled bool
	// Accept returns an error for a call that cannot be used although it can be read. Nil accepts all.
	Accept func(transcript.Call) error

	Reader  transcript.Reader  // how files are read; see ReaderFlags
	summary transcript.Summary // of what Read or Collect read
	writes  []output
}

// output is a file that a flag names.
type output struct{ flag, file string }

// Writes registers the file that a flag names as an output of the command; "" is none. It is a usage error if that file is
// the input, or if another flag names it too.
func (c *Calls) Writes(flag, file string) { c.writes = append(c.writes, output{flag, file}) }

// Flags adds the flags of ReaderFlags and of Rejected.
func (c *Calls) Flags(flags *flag.FlagSet) {
	ReaderFlags(flags, &c.Reader)
	c.Rejected.Flags(flags)
}

// ReaderFlags adds -columns, -won, -lost and -roles, which set the fields of r, and lets r read Parquet.
func ReaderFlags(flags *flag.FlagSet, r *transcript.Reader) {
	r.Formats = map[string]transcript.Format{parquet.Ending: parquet.Calls}
	r.Columns = make(map[string]string)
	r.Roles = make(transcript.Roles)
	flags.Func("columns", "unusual names of keys or columns, such as `transcript=full_text,label=outcome`", func(list string) error {
		return pairs(list, func(ours, theirs string) error {
			r.Columns[theirs] = ours
			return nil
		})
	})
	flags.Func("won", "comma-separated `labels` of won calls, in addition to 1, won, yes, true and the like", words(&r.Won))
	flags.Func("lost", "comma-separated `labels` of lost calls, in addition to 0, lost, no, false and the like", words(&r.Lost))
	flags.Func("roles", "sides of speakers whose names do not show them, such as `Mara=agent,Tobias=customer`", func(list string) error {
		return pairs(list, func(speaker, side string) error {
			for _, role := range []transcript.Role{transcript.Agent, transcript.Customer, transcript.Other} {
				if strings.EqualFold(side, role.String()) {
					r.Roles[speaker] = role
					return nil
				}
			}
			return fmt.Errorf("the side of %s is %q, want agent, customer or other", speaker, side)
		})
	})
}

// Column maps a column to one of ours, as -columns does, for flags of a command.
func (c *Calls) Column(theirs, ours string) { c.Reader.Columns[theirs] = ours }

// MaskFlag adds -mask.
func (c *Calls) MaskFlag(flags *flag.FlagSet) {
	flags.BoolVar(&c.Mask, "mask", false, "mask names, addresses, telephone, card and account numbers in all calls first")
}

// words returns a function that appends the words of a list.
func words(to *[]string) func(string) error {
	return func(list string) error {
		for word := range strings.SplitSeq(list, ",") {
			if word = strings.TrimSpace(word); word != "" {
				*to = append(*to, word)
			}
		}
		return nil
	}
}

// pairs calls set for each a=b of a list.
func pairs(list string, set func(a, b string) error) error {
	for pair := range strings.SplitSeq(list, ",") {
		a, b, ok := strings.Cut(pair, "=")
		if a, b = strings.TrimSpace(a), strings.TrimSpace(b); !ok || a == "" || b == "" {
			return fmt.Errorf("%q is not of the form name=value", pair)
		}
		if err := set(a, b); err != nil {
			return err
		}
	}
	return nil
}

// Read streams the calls of a file or directory, or of standard input if its name is "" or "-". An error ends the command:
// records that cannot be used are left out before, if the flags say so.
func (c *Calls) Read(ctx context.Context, env *Env, file string) iter.Seq2[transcript.Call, error] {
	return func(yield func(transcript.Call, error) bool) {
		if err := c.begin(env, file); err != nil {
			yield(transcript.Call{}, err)
			return
		}
		defer c.Abandon()
		used := 0
		for call, err := range c.raw(ctx, env, file) {
			if err == nil {
				used++
			} else if err = c.Add(err); err == nil {
				continue
			}
			if !yield(call, err) || err != nil {
				return
			}
		}
		c.Note(env)
		if err := c.Close(used); err != nil {
			yield(transcript.Call{}, err)
		}
	}
}

// mostUnpacked is how many bytes may come out of a gzip file whose calls are all kept in memory.
const mostUnpacked = 1 << 30

// Collect returns the calls that Read streams; the command calls Note itself. A call with the ID of an earlier one cannot
// be used.
func (c *Calls) Collect(ctx context.Context, env *Env, file string) ([]transcript.Call, error) {
	if err := c.begin(env, file); err != nil {
		return nil, err
	}
	defer c.Abandon()
	c.Reader.MaxUnpacked = mostUnpacked
	var ended error
	skip := func(err error) {
		if err := c.Add(err); ended == nil {
			ended = err
		}
	}
	if !c.skip && c.file == nil {
		skip = nil
	}
	calls, err := transcript.Collect(c.raw(ctx, env, file), skip)
	if err == nil {
		err = ended
	}
	if err != nil {
		return nil, err
	}
	return calls, c.Close(len(calls))
}

// begin opens what reading needs.
func (c *Calls) begin(env *Env, file string) error {
	files := map[string]string{} // by file: the flag that names it
	for _, w := range append(c.writes, output{"-rejected", c.path}) {
		if w.file == "" {
			continue
		}
		if err := Apart(file, w.flag, w.file); err != nil {
			return err
		}
		name := filepath.Clean(w.file)
		if other := files[name]; other != "" {
			return Usagef("%s and %s are both %s; name two files", other, w.flag, w.file)
		}
		files[name] = w.flag
	}
	return c.Open(env)
}

// Note writes a summary of what was read.
func (c *Calls) Note(env *Env) { env.Notef("read %v", &c.summary) }

// raw streams the calls, masked if that is asked for, and whatever is wrong.
func (c *Calls) raw(ctx context.Context, env *Env, file string) iter.Seq2[transcript.Call, error] {
	reader := c.Reader
	reader.Summary, reader.Outcomes, reader.Unlabelled = &c.summary, c.Outcomes, c.Unlabelled
	return func(yield func(transcript.Call, error) bool) {
		calls := reader.File(ctx, file)
		if file == "" || file == "-" {
			calls = reader.Any(ctx, interruptible(ctx, func() (io.Reader, error) { return env.Stdin, nil }))
		}
		for call, err := range calls {
			if bad, ok := errors.AsType[*transcript.RecordError](err); ok && bad.File == "" {
				bad.File = "standard input"
			}
			if err == nil && c.Accept != nil {
				err = c.Accept(call)
			}
			if err == nil && c.Mask {
				call = call.Mask().Call
			}
			if !yield(call, err) {
				return
			}
		}
	}
}
