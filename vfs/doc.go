// Package vfs is the seam between the engine and a file system. Everything in
// this project that touches a disk goes through FS, for three reasons: the
// crash simulator can stand in for the disk, a memory implementation can serve
// tests, and the few calls on which durability rests are named one by one.
//
// The interface is deliberately low: publishing a file is five calls (create a
// temporary file, write, sync, publish, sync the directory), because a crash
// between any two of them is a different crash.
//
// The package needs the standard library alone. Package osfs is the operating
// system's file system, package memfs keeps everything in memory.
package vfs
