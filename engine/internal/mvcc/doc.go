// Package mvcc is the engine's map: every key of every bucket, in memory, with as
// many versions of each as somebody can still see.
//
// One goroutine at a time writes (the applier, in LSN order); any number read and
// never wait for it. What is applied is seen by nobody until Publish moves the
// published LSN over it. A reader is either a Snapshot, which pins one LSN, or
// GetLatest, which needs no pin and answers as of the published LSN.
//
// The map knows deadlines but not the time: it hands out items past their
// deadline, and callers filter.
package mvcc
