//go:build unix && !solaris && !aix

package atomicfile

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func lockFile(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrLocked
	}
	return err
}

// release removes the file while it is locked, so that no other process locks a name that is about to go.
func release(f *os.File) error { return errors.Join(os.Remove(f.Name()), f.Close()) }
