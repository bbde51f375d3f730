package cli

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/org/salesconv/transcript"
)

// Input opens the file named by the only argument, or standard input if there is none or it is "-", and returns it
// with a name for messages. Opening or reading what may wait for another process, such as a pipe, ends with the context.
func (env *Env) Input(ctx context.Context) (in io.ReadCloser, name string, err error) {
	switch {
	case len(env.Args) > 1:
		return nil, "", Usagef("%d files given, want one or none (flags come first)", len(env.Args))
	case len(env.Args) == 0 || env.Args[0] == "-":
		return interruptible(ctx, func() (io.Reader, error) { return env.Stdin, nil }), "standard input", nil
	}
	name = env.Args[0]
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return interruptible(ctx, func() (io.Reader, error) { return os.Open(name) }), name, nil
	}
	in, err = os.Open(name)
	return in, name, err
}

// interruptible reads what open returns in a goroutine of its own, which the process leaves behind when ctx is done.
func interruptible(ctx context.Context, open func() (io.Reader, error)) io.ReadCloser {
	r, w := io.Pipe()
	go func() {
		from, err := open()
		if err == nil {
			_, err = io.Copy(w, from)
		}
		w.CloseWithError(err)
	}()
	context.AfterFunc(ctx, func() { w.CloseWithError(ctx.Err()) })
	return r
}

// Calls streams the calls of a command: those of the file or directory that its argument names, in any of transcript's
// formats, or those of standard input, which is JSON. [Calls] has flags for them.
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
