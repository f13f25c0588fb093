// Package suites puts the engine through the crash simulator: every short
// history, long random ones, every fault at every call, rot of every byte,
// concurrent clients, the lazier modes. Package crashtest does the crashing and
// the judging; here is what an operation is, the model, and the histories.
//
//	go test ./fuzz/suites                       some minutes
//	go test ./fuzz/suites -short                some seconds
//	go test ./fuzz/suites -run Long -rapid.checks=100000
//
// Package mutants proves that these suites can fail.
package suites
