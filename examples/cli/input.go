package cli

import (
	"context"
	"io"
	"os"
)

// File returns the only argument, the name of a file or directory; "" if there is none or it is "-", which stand for standard
// input.
func (env *Env) File() (string, error) {
	switch {
	case len(env.Args) > 1:
		return "", Usagef("%d files given, want one or none (flags come first)", len(env.Args))
	case len(env.Args) == 0 || env.Args[0] == "-":
		return "", nil
	}
	return env.Args[0], nil
}

// Input opens the file that File returns, or standard input, and returns it with a name for messages. Opening or reading
// something that may block, such as a pipe, ends with the context.
func (env *Env) Input(ctx context.Context) (in io.ReadCloser, name string, err error) {
	name, err = env.File()
	if err != nil {
		return nil, "", err
	}
	if name == "" {
		return interruptible(ctx, func() (io.Reader, error) { return env.Stdin, nil }), "standard input", nil
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return interruptible(ctx, func() (io.Reader, error) { return os.Open(name) }), name, nil
	}
	in, err = os.Open(name)
	return in, name, err
}

// interruptible reads what open returns in a goroutine of its own, which the process abandons when ctx is done.
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
