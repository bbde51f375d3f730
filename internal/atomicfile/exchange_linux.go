package atomicfile

import (
	"errors"

	"golang.org/x/sys/unix"
)

// exchange gives two directories each other's names at once; file systems that cannot (EINVAL, and ENOSYS of old kernels)
// rename one after the other.
func exchange(a, b string) error {
	err := unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		return swap(a, b)
	}
	return err
}
