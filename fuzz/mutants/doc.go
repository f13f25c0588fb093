// Package mutants proves that the crash suites can fail. Each mutant is a small
// textual change of the engine's own source, a bug that a storage engine could
// have or that one had; it is compiled through `go test -overlay`, so that no
// hook for it lives in the code. The suites must kill every mutant, and leave
// the unchanged engine alone.
//
// A mutant counts as killed only by a verdict of the oracle on a recovered image
// (Lost, Hole, Torn, Phantom, RecoveryFailed, SilentCorruption). A build error, a
// panic of the harness, a time-out or an assertion about calls does not count. A
// change must match its place exactly once.
package mutants
