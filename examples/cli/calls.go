package cli

import (
	"context"
	"fmt"
	"iter"

	"github.com/org/salesconv/transcript"
)

// Calls streams the calls of a command: those of the file or directory that its argument names, in any of transcript's
// formats, or those of standard input, which is JSON.
func (env *Env) Calls(ctx context.Context) iter.Seq2[transcript.Call, error] {
	if len(env.Args) == 1 && env.Args[0] != "-" {
		return transcript.ReadFile(ctx, env.Args[0])
	}
	return func(yield func(transcript.Call, error) bool) {
		in, name, err := env.Input(ctx)
		if err != nil {
			yield(transcript.Call{}, err)
			return
		}
		defer in.Close()
		for call, err := range transcript.Read(ctx, in) {
			if err != nil {
				err = fmt.Errorf("%s: %w", name, err)
			}
			if !yield(call, err) {
				return
			}
		}
	}
}
