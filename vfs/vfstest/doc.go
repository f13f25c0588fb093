// Package vfstest is the conformance suite of vfs.FS: every implementation runs
// it, so that what is tested on one of them holds on the others.
//
// It asks for what the documentation of package vfs promises to a caller of a
// working file system, and for nothing about crashes: what survives one is
// package crashfs's subject.
package vfstest
