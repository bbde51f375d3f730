package atomicfile

import (
	"errors"

	"golang.org/x/sys/unix"
)

// exchange gives two directories each other's names at once; file systems that cannot rename one after the other.
func exchange(a, b string) error {
	err := unix.RenamexNp(a, b, unix.RENAME_SWAP)
	if errors.Is(err, unix.ENOTSUP) || errors.Is(err, unix.EINVAL) {
		return swap(a, b)
	}
	return err
}
