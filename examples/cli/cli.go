// Package cli is what the commands under examples share: flags, input, a progress bar and how a command ends.
//
// Results go to standard output; progress, notes and errors to standard error. A command that fails says why in one
// line and exits with status 1, or 2 if it was called wrongly. An interrupt cancels the command's context; a second
// one kills the process.
//
//	func main() { cli.Main(run) }
//
//	func run(ctx context.Context, env *cli.Env) error {
//		flags := flag.NewFlagSet("count", flag.ContinueOnError)
//		model := flags.String("model", "", "folder of the model")
//		if err := env.Parse(flags); err != nil {
//			return err
//		}
//		…
//	}
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Env is what a command is given. Tests run a command in the process by filling in their own.
type Env struct {
	Name           string   // of the command, for its messages
	Args           []string // without the name; what Parse leaves
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Main runs a command on the arguments, streams and signals of the process, and exits.
//
// The heap of a command is a few large buffers, dead ones among them after each training, and quick to look through: so
// garbage is collected when the heap has grown by a quarter, unless GOGC says otherwise.
func Main(run func(context.Context, *Env) error) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(25)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	name := strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	os.Exit(Run(ctx, &Env{name, os.Args[1:], os.Stdin, os.Stdout, os.Stderr}, run))
}

// Run runs a command, writes the line that tells how it failed, if it did, and returns the exit status.
func Run(ctx context.Context, env *Env, run func(context.Context, *Env) error) (status int) {
	err := run(ctx, env)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		err = errors.New("interrupted")
	}
	line := strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; ")
	fmt.Fprintf(env.Stderr, "%s: %s\n", env.Name, line)
	if usage := (*usageError)(nil); errors.As(err, &usage) {
		return 2
	}
	return 1
}

type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

// Usagef returns an error for a command that was called wrongly.
func Usagef(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// Parse parses the arguments and leaves in env.Args those that are not flags. Asked for help, it writes the flags to
// standard output and returns flag.ErrHelp, which ends the command with status 0.
func (env *Env) Parse(flags *flag.FlagSet) error {
	flags.SetOutput(io.Discard)
	err := flags.Parse(env.Args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprintf(env.Stdout, "Usage of %s:\n", env.Name)
		flags.SetOutput(env.Stdout)
		flags.PrintDefaults()
		return err
	case err != nil:
		return Usagef("%v (-help lists the flags)", err)
	}
	env.Args = flags.Args()
	return nil
}

// Input opens the file named by the only argument, or standard input if there is none or it is "-", and returns it
// with a name for messages. A read that waits on standard input ends with the context.
func (env *Env) Input(ctx context.Context) (in io.ReadCloser, name string, err error) {
	switch {
	case len(env.Args) > 1:
		return nil, "", Usagef("%d files given, want one or none (flags come first)", len(env.Args))
	case len(env.Args) == 0 || env.Args[0] == "-":
		r, w := io.Pipe()
		go func() {
			_, err := io.Copy(w, env.Stdin)
			w.CloseWithError(err)
		}()
		context.AfterFunc(ctx, func() { w.CloseWithError(ctx.Err()) })
		return r, "standard input", nil
	}
	f, err := os.Open(env.Args[0])
	return f, env.Args[0], err
}

// Notef writes a line to standard error.
func (env *Env) Notef(format string, args ...any) {
	fmt.Fprintf(env.Stderr, env.Name+": "+format+"\n", args...)
}

// Bar is a progress bar on standard error, if that is a terminal; otherwise it shows nothing.
type Bar struct{ bar *progressbar.ProgressBar }

// Progress returns a bar over total steps; a negative total shows a count instead.
func (env *Env) Progress(total int, what string) *Bar {
	f, ok := env.Stderr.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return &Bar{}
	}
	return &Bar{progressbar.NewOptions(total,
		progressbar.OptionSetWriter(f),
		progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(),
		progressbar.OptionThrottle(100e6),
		progressbar.OptionClearOnFinish(),
		progressbar.OptionSetPredictTime(total > 0))}
}

// Set moves the bar to a step.
func (b *Bar) Set(step int) {
	if b.bar != nil {
		b.bar.Set(step) // a terminal that cannot be written to is no reason to stop
	}
}

// Describe changes the text beside the bar.
func (b *Bar) Describe(what string) {
	if b.bar != nil {
		b.bar.Describe(what)
	}
}

// Close takes the bar away.
func (b *Bar) Close() {
	if b.bar != nil {
		b.bar.Finish()
	}
}

// Stages shows one bar after the other, for work that has stages.
type Stages struct {
	env   *Env
	name  string
	total int
	bar   *Bar
}

// Stages returns bars that have yet to begin.
func (env *Env) Stages() *Stages { return &Stages{env: env} }

// Show moves the bar of a stage, which takes the place of the one before.
func (s *Stages) Show(name string, done, total int) {
	if name != s.name || total != s.total || s.bar == nil {
		s.Close()
		s.name, s.total, s.bar = name, total, s.env.Progress(total, name)
	}
	s.bar.Set(done)
}

// Close takes the last bar away.
func (s *Stages) Close() {
	if s.bar != nil {
		s.bar.Close()
		s.bar = nil
	}
}
