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
	"time"
)

// Env is what a command is given.
type Env struct {
	Name           string   // of the command, for its messages
	Args           []string // without the name; what Parse leaves
	Stdin          io.Reader
	Stdout, Stderr io.Writer

	started time.Time
	now     func() time.Time // nil: time.Now
}

// Main runs a command with the arguments, streams and signals of the process, and exits.
//
// The heap of a command is a few large buffers, some of them garbage after each training run, and cheap to scan. So
// garbage is collected when the heap has grown by a quarter (GOGC=25), unless GOGC is set.
func Main(run func(context.Context, *Env) error) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(25)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	name := strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	os.Exit(Run(ctx, &Env{Name: name, Args: os.Args[1:], Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}, run))
}

// start takes the time from which progress is counted, and returns the clock.
func (env *Env) start() func() time.Time {
	if env.now == nil {
		env.now = time.Now
	}
	if env.started.IsZero() {
		env.started = env.now()
	}
	return env.now
}

// Run runs a command, writes its error, if any, in one line, and returns the exit status.
func Run(ctx context.Context, env *Env, run func(context.Context, *Env) error) (status int) {
	env.start()
	err := run(ctx, env)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return 0
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		err = errors.New("interrupted")
	}
	env.Notef("%s", message(err))
	if with, ok := errors.AsType[*statusError](err); ok {
		return with.status
	}
	return 1
}

// longest is how many bytes of an error's text are shown: a cell of a table may be as long as its file.
const longest = 2000

// message is the text of an error, the texts of joined errors with semicolons between.
func message(err error) string {
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		var texts []string
		for _, e := range all.Unwrap() {
			texts = append(texts, e.Error())
		}
		if strings.Join(texts, "\n") == err.Error() { // errors.Join and nothing else
			return shortened(strings.Join(texts, "; "))
		}
	}
	return shortened(strings.TrimSpace(err.Error()))
}

func shortened(text string) string {
	if len(text) <= longest {
		return text
	}
	return strings.ToValidUTF8(text[:longest/2], "") + " … " + strings.ToValidUTF8(text[len(text)-longest/2:], "")
}

// statusError ends a command with a status.
type statusError struct {
	status  int
	message string
}

func (e *statusError) Error() string { return e.message }

// Usagef returns the error of a command that was called wrongly: the exit status is 2.
func Usagef(format string, args ...any) error { return Statusf(2, format, args...) }

// Statusf returns an error that ends the command with a special exit status, 3 or more, which the documentation of the
// command explains.
func Statusf(status int, format string, args ...any) error {
	return &statusError{status, fmt.Sprintf(format, args...)}
}

// Notef writes a line to standard error, with the name of the command before it.
func (env *Env) Notef(format string, args ...any) {
	fmt.Fprintln(env.Stderr, Escape(env.Name+": "+fmt.Sprintf(format, args...)))
}
