package atomicfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// LockFile is the name of the file that Lock makes in a directory.
const LockFile = ".lock"

// held are the open lock files by their paths: a file that nothing refers to would be closed by the garbage collector,
// and its lock with it.
var held sync.Map

// ErrLocked is part of the error of Lock where another process has the directory.
var ErrLocked = errors.New("being written to")

// Lock takes a directory for this process, and makes it if need be. Where another process has it, Lock returns an error
// that names the process. The system gives the lock back when the process ends, in whatever way; unlock does so before,
// and removes the file.
func Lock(dir string) (unlock func() error, err error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, LockFile)
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
		if err != nil {
			return nil, err
		}
		if err := lockFile(f); err != nil {
			defer f.Close()
			if errors.Is(err, ErrLocked) {
				return nil, fmt.Errorf("%s is %w by %s: wait until it is done, or name another directory", dir, ErrLocked, owner(f))
			}
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if !same(f, path) { // another process removed the file between our two steps
			f.Close()
			continue
		}
		f.Truncate(0) // the number only helps people: that it cannot be written is no reason to stop
		f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
		held.Store(path, f)
		return func() error {
			held.Delete(path)
			return release(f)
		}, nil
	}
}

// owner names the process that a lock file tells of.
func owner(f *os.File) string {
	b := make([]byte, 20)
	n, _ := f.ReadAt(b, 0)
	if pid, err := strconv.Atoi(strings.TrimSpace(string(b[:n]))); err == nil {
		return fmt.Sprintf("another process (%d)", pid)
	}
	return "another process"
}

// same reports whether path still names the open file.
func same(f *os.File, path string) bool {
	a, err := f.Stat()
	b, err2 := os.Stat(path)
	return err == nil && err2 == nil && os.SameFile(a, b)
}
