// Package cli has what the commands under examples share: how a command starts and ends, its flags, its input, its
// progress, and how it writes untrusted text.
//
// Results go to standard output; progress, notes and errors to standard error. A command that fails prints the reason
// in one line and exits with status 1, or 2 if it was called wrongly ([Usagef]). An interrupt or SIGTERM cancels the
// command's context; a second one kills the process. Progress is a bar on a terminal and a line for each stage in a
// log.
//
//	func main() { cli.Main(run) }
//
//	func run(ctx context.Context, env *cli.Env) error {
//		flags := flag.NewFlagSet("count", flag.ContinueOnError)
//		model := flags.String("model", "", "`directory` of the model")
//		if err := env.Parse(flags, "[-model DIR] [FILE]\n\nIt counts tokens."); err != nil {
//			return err
//		}
//		…
//	}
//
// # Untrusted text
//
// File names, transcripts and metadata may contain characters that move a terminal's cursor, begin a new line or change
// the direction of a text, and so forge a command's output. [Escape] writes them as \u001b and the like. Error lines,
// notes and [WriteJSON] use it; text that a command prints itself should go through it.
//
// # Flags
//
// A flag that is not given takes its default. If the default depends on the data, so that no number expresses it, 0 is
// an error, not another way to write the default: see [Positive].
//
// # Tests
//
// A test runs a command in its own process: it fills in an [Env] and calls [Run].
package cli
