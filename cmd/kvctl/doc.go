// Kvctl uses, inspects, verifies and mends stores.
//
// One file holds one command, with a script of its tests under testdata/script;
// what commands share is in internal/cli. docs/kvctl.md is the contract: the
// commands, the JSON, the exit codes.
package main
