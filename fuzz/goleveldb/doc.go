// Package goleveldb crash-tests a store that somebody else wrote, and that many
// use: github.com/syndtr/goleveldb, by way of its storage.Storage interface. It
// shows what it takes to bring a store under package crashtest, and what comes
// out. It is a module of its own, so that nobody inherits the dependency.
//
// What it took: storage.go, which does on a vfs.FS what goleveldb's own
// file_storage.go does on the operating system, call for call and in its order;
// and system.go, the few lines that every store needs. goleveldb was not
// changed.
//
// What came out, for version 1.0.0, the only one tagged, every write synced:
//
//   - The first history, which does nothing but open the store, finds a bug: a
//     new manifest is not synced before CURRENT names it and the old one goes.
//     Every file system may then leave a store that reports "manifest corrupted
//     (field 'comparer'): missing" and does not open. That is issue 335 there;
//     pull request 351 mended it after the release.
//   - With that mended (System.Mended does it from outside), no write is lost in
//     any history of two steps on Ext4, XFS and Btrfs as simulated.
//   - In mode Worst the store may still fail to open: the name of the new
//     manifest and the new CURRENT share one directory sync, and POSIX does not
//     say that the first reaches the disk before the second.
//   - A store whose creation was interrupted is refused for ever, with "file
//     missing".
package goleveldb
