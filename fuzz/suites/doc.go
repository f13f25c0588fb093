// Package suites puts the engine through the crash simulator: every short
// history, long random ones, every fault at every call, rot of every byte,
// concurrent clients, the lazier modes. Package crashtest does the crashing and
// the judging; here is what an operation is, the model, and the histories.
//
//	go test ./fuzz/suites                       two minutes
//	go test ./fuzz/suites -short                some seconds
//	go test ./fuzz/suites/volume                a million images
//	go test ./fuzz/suites -run Long -rapid.checks=100000
//
// The suites are ordinary code, so that programs run them too (kvctl crashtest
// does): All lists them, Run tries them for a time, a number of cases or a number
// of images, and Replay tries one case again, which is the same every time.
// Concurrent clients in an order that a seed decides, and shrinking by rapid,
// need go test and are in the tests.
//
// Package mutants proves that these suites can fail.
package suites
