// Package memfs is a vfs.FS that keeps everything in memory: for databases that
// need no disk, and for tests.
//
// It behaves as POSIX does. A file that is removed or replaced while handles are
// open lives on until the last of them is closed, a rename replaces its target
// in one step, and locks exclude a second locker of the same directory. Nothing
// survives the process, so Sync, DataSync and SyncDir only check their
// arguments; package crashfs is the one that forgets what was not synced.
//
// Paths are cleaned and taken from one root: "a", "/a" and "./a" are the same
// file. The root exists from the start.
//
// Contents are held in pages of 16 KiB. A page that nobody wrote costs nothing,
// so zero-filling ahead of the writes is free here.
package memfs
