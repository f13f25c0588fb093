// Package inspect looks at a store's directory the way a person does who wants to
// know what happened: every file, every frame, every record, every byte, with a
// verdict on each. It is what kvctl's inspecting commands are made of, for
// programs.
//
// It takes no lock and changes nothing, and works beside a live writer and on
// what a disaster has left. Where recovery stops at damage and names it, this
// package goes on: it says which bytes it passed over, why, and which LSNs went
// with them, and resynchronises at the next frame that verifies. What is torn and
// what is damaged is judged by recovery's rules, so both always agree.
//
// # Store
//
// Open returns a Store, which holds no file open and remembers nothing of the
// contents: each call looks at the directory anew. A Store may be used by several
// goroutines.
//
// # Frames and spans
//
// Frames walks the log. What it yields covers each byte of every segment behind
// the segment's header exactly once: a valid frame, or a span of bytes that is
// none. Verdict.Kind says which. Spans of no bytes exist too: a segment that is
// missing, or a frame that is sound and continues another history than the one
// before it.
//
// Records is the same walk, record by record. Unit and its Fields take any place
// in any file apart, byte by byte.
//
// # Memory
//
// A walk holds a mebibyte, or one frame where that is larger; backwards, twice
// that and a checkpoint for each mebibyte of a segment. Nothing here grows with
// the log.
//
// # Errors
//
// Damage is a verdict and never an error. An error is what kept this package from
// looking: the file system's own, a context that ended, a *recovery.NotAStoreError
// from Open. An iterator yields it as its last value.
package inspect
