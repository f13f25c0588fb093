//go:build !invariants

package server

const poisonArena = false
