// Package wal is the log: an append-only sequence of records in segment files,
// made durable in groups.
//
// # What it promises
//
// A record that was acknowledged in durability Always survives a crash at any
// later point, on a file system that honours fsync. Records are durable in the
// order of their LSNs: what a crash leaves is a prefix. The first error of a
// write, a sync or a directory sync ends the log: nothing is retried, and
// nothing later is acknowledged.
//
// # How it works
//
// The log carries bytes; it knows nothing of what a record means. A record is
// one CBOR data item, so that a sequence of them can be split again. Records
// that wait at the same moment become one frame: one write, one sync. Frames
// live in segments, files of 64 MiB by default, each with a header block that
// names its predecessor's exact end. Every frame carries a checksum salted by
// its segment and the link of the frame before it, so that bytes of another
// place or another time never look like a continuation.
//
// The committer is a role and not a goroutine. Whoever waits for a record and
// finds the log's token free takes it and commits everything that queues up;
// the others wait. While one frame is being synced the next one is built; that
// is all the group commit there is, and it needs no timer.
//
// In Always at most one frame is not yet durable: frame N+1 is written only
// after N was synced. So a valid N+1 proves N, and recovery can tell a torn
// tail from damage. The lazier modes let more stand, up to the reach that the
// segment's header declares, and say in each frame (FlagSynced) whether
// everything before it was durable.
//
// # What it leaves to others
//
// The log never repairs: package recovery decides where a log ends, cuts what
// is torn, rewrites what is not proven durable, and then continues the log
// here. MANIFEST is told of each new segment through Options.Rotated.
package wal
