// Package crashfs is a simulated file system that takes away, at a crash,
// whatever a real one may take away. It implements vfs.FS.
package crashfs
