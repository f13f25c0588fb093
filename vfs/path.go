package vfs

import "path/filepath"

// Join joins path elements in the form that every FS here understands.
func Join(elem ...string) string { return filepath.Join(elem...) }

// Dir is all but the last element of a path.
func Dir(name string) string { return filepath.Dir(name) }

// Base is the last element of a path.
func Base(name string) string { return filepath.Base(name) }
