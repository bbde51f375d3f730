// Package atomicfile writes files and directories atomically, and locks directories.
//
// A reader sees the old content or the new one, never a part of it, also after a crash, a signal or a full disk.
// Output is written to a temporary name in the same directory, synced, and then renamed; on an error the temporary is
// removed. A process that is killed leaves temporaries, whose names [Temporary] matches. Files and directories get the
// permissions that the umask leaves.
package atomicfile
