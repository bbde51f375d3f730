package cli

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/org/salesconv/internal/atomicfile"
)

// WriteFile writes what write produces to a file, which is replaced atomically: it holds all of the output or, after an
// error, what it held before. A file that is not regular, such as /dev/stdout, is written to directly.
func WriteFile(path string, write func(io.Writer) error) error {
	return atomicfile.WriteFile(path, write)
}

// Apart returns an error if the file that a flag names is a directory or the input, or is in the input directory, so that
// writing to it would change what is read. An input of "" is standard input.
func Apart(input, flag, path string) error {
	out, missing := os.Stat(path)
	if missing == nil && out.IsDir() {
		return Usagef("%s is %s, a directory; name a file", flag, path)
	}
	in, err := os.Stat(input)
	if err != nil || path == "" || input == "" {
		return nil // reading returns the error
	}
	if missing == nil && os.SameFile(in, out) {
		return Usagef("%s is %s, which is the input; name another file", flag, path)
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil && in.IsDir() && within(input, dir) {
		return Usagef("%s is %s, which is in %s, the input; name a file elsewhere", flag, path, input)
	}
	return nil
}

// within reports whether a path is a directory or lies in it.
func within(dir, path string) bool {
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return false
	}
	a, errA := filepath.Abs(dir)
	b, errB := filepath.Abs(path)
	rel, err := filepath.Rel(a, b)
	return errA == nil && errB == nil && err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
