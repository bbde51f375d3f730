//go:build !purego

package kernel

import "syscall"

// allowTiles asks Linux for the use of tiles, which it gives a process on request alone, as threads that use them have 8 KB
// more to save.
func allowTiles() bool {
	const request, tileData = 0x1023, 18 // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
	_, _, e := syscall.RawSyscall(syscall.SYS_ARCH_PRCTL, request, tileData, 0)
	return e == 0
}
