//go:build !invariants

package mvcc

const invariants = false
