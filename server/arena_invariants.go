//go:build invariants

package server

// Built with -tags invariants, what a transaction has built is spoilt once it is over,
// so that whoever still uses it is found out.
const poisonArena = true
