// Package migrate copies the keys of one server that speaks the Redis protocol to
// another, and compares the two. Either may be a store of this project: then it is
// a server.Server over the open store, at the other end of a net.Pipe.
//
// # Copying
//
// SCAN names the keys of the source. A page of them is read by pipelines, with the
// commands of their types, and compared with what the target holds under these
// names; what differs is written. So to run it again, after it was interrupted or
// because the source went on changing, reads everything and writes what is missing.
//
// No reader of the target sees half a value. Small values are written many to a
// MULTI, each removed and set anew. A collection of more than maxSmall elements is
// built under the name Unfinished, and renamed; what an interruption leaves under
// that name, the next run removes.
//
// Streams and the types of modules are skipped and named. Keys of the target that
// the source does not have are left alone.
//
// # Comparing
//
// Verify reads every key of the source again, on both sides, and adds up a digest
// for each type and side:
//
//	element   SHA-256 of its parts, each behind its length
//	value     of a list the SHA-256 of the elements in order, else the elements' sum
//	type      the sum of SHA-256(key, number of elements, value) over its keys
//
// Sums are of four 64-bit words, each modulo 2^64, so that the order in which a
// server lists things does not matter. They guard against errors, not against an
// adversary. Scores are compared as numbers. Deadlines are compared apart, to the
// millisecond where both sides tell them (PEXPIRETIME, Redis 7), else within two
// seconds.
//
// A source that is written to meanwhile makes differences: a key that differs is
// read once more before it counts as one.
//
// A Client belongs to one goroutine at a time.
package migrate
