package cli

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/org/salesconv/transcript"
)

// Parse parses the arguments and leaves in env.Args those that are not flags. For -help it writes usage (the arguments after
// the name of the command and, in further lines, what the command does) and the flags to standard output, and returns
// flag.ErrHelp, which ends the command with status 0.
func (env *Env) Parse(flags *flag.FlagSet, usage string) error {
	flags.SetOutput(io.Discard)
	err := flags.Parse(env.Args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(env.Stdout, "usage: %s %s\n\nflags:\n", env.Name, usage)
		flags.SetOutput(env.Stdout)
		flags.PrintDefaults()
		return err
	case err != nil:
		return Usagef("%v (-help lists the flags)", err)
	}
	env.Args = flags.Args()
	return nil
}

// Positive is for [flag.FlagSet.Func]: it sets p to a number above 0. It suits flags whose zero value means a default,
// as 0 does in the options of all packages: 0 is an error.
func Positive[T int | float64](p *T) func(string) error {
	return func(text string) error {
		var v T
		if err := json.Unmarshal([]byte(text), &v); err != nil || !(v > 0) {
			return fmt.Errorf("want %s above 0, or leave the flag out for its default", map[bool]string{true: "a number", false: "a whole number"}[isFloat(v)])
		}
		*p = v
		return nil
	}
}

func isFloat(v any) bool {
	_, is := v.(float64)
	return is
}

// Keys splits a list of keys at its commas, as in -keep agent_id,industry.
func Keys(list string) (keys []string) {
	for key := range strings.SplitSeq(list, ",") {
		if key = strings.TrimSpace(key); key != "" && !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	return keys
}

// Keep returns the metadata of some keys, as they were read; nil if no key is asked for.
func Keep(m transcript.Metadata, keys []string) (kept map[string]json.RawMessage, err error) {
	if len(keys) == 0 {
		return nil, nil
	}
	b, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, err
	}
	kept = map[string]json.RawMessage{}
	for _, key := range keys {
		if v, ok := all[key]; ok {
			kept[key] = v
		}
	}
	return kept, nil
}
