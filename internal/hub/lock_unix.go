//go:build unix

package hub

import (
	"errors"
	"os"
	"syscall"
)

// lock reports whether nobody else holds f, who would be fetching it; it is held until f is closed. File systems that know
// no locks never say no.
func lock(f *os.File) bool {
	return !errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}
