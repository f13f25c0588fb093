//go:build invariants

package mvcc

// Built with -tags invariants, the map checks what it is asked to do and, now and
// then, all that it holds.
const invariants = true
