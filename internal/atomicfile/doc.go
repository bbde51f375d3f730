// Package atomicfile writes files and directories atomically, and locks directories.
//
// A reader, a crash, a signal or a full disk finds what was there before or what was written, never a part of it. What
// is written goes to a temporary name in the same directory, is synced, and is then renamed; on an error the temporary
// is removed. A process that is killed leaves temporaries, whose names [Temporary] matches. Files and directories get
// the permissions that the umask leaves.
package atomicfile
