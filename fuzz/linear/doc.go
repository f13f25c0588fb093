// Package linear holds the engine's clients to linearizability: whatever order a
// seed puts their calls in, everything that writers and readers are answered
// agrees with one order of the transactions, each between its beginning and its
// end. The answers of every run go to two checkers that know nothing of each
// other, that of package crashtest and porcupine
// (github.com/anishathalye/porcupine), and they must agree.
//
// Then the power goes at every step of the same runs: in durability Always no
// crash takes back what a reader was shown.
//
// The operations are those whose answers depend on what they see: transactions
// that read, compute and write, moves between keys, ranges. There is nothing to
// import here; the package is its tests.
package linear
