// Command inspect shows how calls are read: the first of them with their turns, and a line about all.
//
//	go run ./examples/inspect [-n 3] [-out FILE] [-mask] [-columns NAMES] [-won WORDS] [-lost WORDS] [-roles NAMES]
//	    [-skip] [-rejected FILE] [FILE]
//
// FILE is a file or directory of calls in any of transcript's formats: JSON as vendors deliver it, JSON Lines, CSV, TSV,
// Parquet, text, WebVTT, SRT. By default calls are read from standard input, whose first bytes show the format. With -out all calls are written to a
// file as JSON Lines, a call with transcript, label and metadata on each, which every command reads as the same calls; with
// -mask personal data are replaced in what is shown and written.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/org/salesconv/examples/cli"
	"github.com/org/salesconv/transcript"
)

func main() { cli.Main(run) }

const usage = `[flags] [FILE]

It shows how calls are read. FILE is a file or directory of calls: JSON as vendors deliver it, JSON Lines, CSV, TSV, Parquet,
text, WebVTT or SRT; without it calls are read from standard input.`

func run(ctx context.Context, env *cli.Env) error {
	calls := new(cli.Calls)
	flags := flag.NewFlagSet("inspect", flag.ContinueOnError)
	n := flags.Int("n", 3, "show `N` calls")
	out := flags.String("out", "", "`file` to write all calls to, as JSON Lines")
	calls.Flags(flags)
	calls.MaskFlag(flags)
	if err := env.Parse(flags, usage); err != nil {
		return err
	}
	file, err := env.File()
	if err != nil {
		return err
	}
	if err := cli.Apart(file, "-out", *out); err != nil {
		return err
	}
	read := func(w io.Writer) error {
		shown, seen, repeated, first := 0, map[string]bool{}, 0, ""
		for call, err := range calls.Read(ctx, env, file) {
			if err != nil {
				return err
			}
			if call.ID != "" && seen[call.ID] {
				repeated, first = repeated+1, cmp.Or(first, call.ID)
			}
			seen[call.ID] = true
			if shown < *n {
				shown++
				show(env.Stdout, call)
			}
			if err := cli.WriteJSON(w, call); err != nil {
				return err
			}
		}
		if repeated > 0 {
			env.Notef("calls with the ID of an earlier call: %d (the first: %q); commands that train return an error for them: give each call its own id, or remove the repeated calls",
				repeated, first)
		}
		return nil
	}
	if *out == "" {
		return read(io.Discard)
	}
	return cli.WriteFile(*out, read)
}

// show writes a call for people: what is known of it, and a line for each turn.
func show(w io.Writer, c transcript.Call) {
	about := []string{"call " + c.ID, c.Outcome.String()}
	for _, key := range keys(c.Metadata) {
		about = append(about, key+" "+clip(c.Metadata.Value(key), 40))
	}
	fmt.Fprintln(w, cli.Escape(strings.Join(about, " · ")))
	for _, note := range c.Notes {
		fmt.Fprintln(w, cli.Escape("  note: "+note))
	}
	for _, t := range c.Turns() {
		speaker := t.Speaker
		if speaker == "" {
			speaker = "(nobody)"
		}
		if t.Role != transcript.Other && !strings.EqualFold(speaker, t.Role.String()) {
			speaker += " (" + t.Role.String() + ")"
		}
		const width = 100
		fmt.Fprintln(w, cli.Escape(fmt.Sprintf("  %s%s: %s", times(t), speaker, clip(strings.Join(strings.Fields(t.Text), " "), width))))
	}
	fmt.Fprintln(w)
}

// keys lists the metadata that a call has, the typed ones first.
func keys(m transcript.Metadata) []string {
	all := []string{"industry", "product", "duration", "call_time", "agent_id", "customer_company_size"}
	all = append(all, slices.Sorted(maps.Keys(m.Extra))...)
	return slices.DeleteFunc(all, func(key string) bool { return m.Value(key) == "" })
}

// times writes when a turn was said, if that is known.
func times(t transcript.Turn) string {
	switch {
	case t.From == 0 && t.To == 0:
		return ""
	case t.To == 0:
		return "[" + clock(t.From) + "] "
	}
	return "[" + clock(t.From) + "–" + clock(t.To) + "] "
}

func clock(d time.Duration) string {
	d = d.Truncate(time.Second)
	return fmt.Sprintf("%d:%02d", d/time.Minute, d%time.Minute/time.Second)
}

// clip cuts a text to some characters.
func clip(s string, most int) string {
	for i := range s {
		if most--; most < 0 {
			return s[:i] + "…"
		}
	}
	return s
}
