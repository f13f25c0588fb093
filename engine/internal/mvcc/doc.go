// Package mvcc is the engine's map: every key of every bucket, in memory, with as
// many versions of each as somebody can still see.
//
// # What it promises
//
// One goroutine at a time writes (the applier, in LSN order); any number read and
// never wait for it. What is applied is seen by nobody until Publish moves the
// published LSN over it. A reader is either a Snapshot, which pins one LSN until it
// is closed, or GetLatest, which needs no pin and answers as of the published LSN.
// The bytes that readers are handed are never written again.
//
// A version is kept for as long as a reader that exists, or one that may still
// come, can see it, and no longer than the collector needs to get to it. Closing a
// snapshot leads to what it alone kept alive; one that nobody closes shows in Stats.
//
// # How it works
//
//	table    hash -> slot{ref, head}         a look-up: one slot, one record
//	order    leaves of (8 bytes of key, ref)  ranges; touched when keys come and go
//	head     -> record                        the only version, or
//	head     -> link -> link -> record        the newest and those before it
//	record   lsn, lengths, deadline, key, value in one piece without pointers
//
// Each bucket has a table and an order; a ref names a node in both. Look-ups take no
// lock: slots, heads and links are changed by single atomic stores, in an order in
// which every intermediate state is one that a reader may see. Ranges copy out runs
// of up to 256 nodes under the order's read lock and hand them over without it.
//
// An order also counts its keys, by leaves and by clumps of leaves, as of the newest
// applied state, and remembers what has come and gone lately. So a reader at any
// recent LSN learns in microseconds how many keys lie between two places.
//
// A key leaves both indexes when its tombstone is collected, not when it is deleted:
// older snapshots still find it.
//
// SetVersions writes a group of keys in runs: it goes to all their places first, so
// that the processor fetches them at the same time, and sorts what is new.
//
// Before the first Publish there are no readers. Then a write replaces what was
// there, a deletion removes it, and new keys enter the order in bulk.
//
// # What it costs
//
// For keys of 16 bytes and values of 32, some 106 bytes per key: the record 64, the
// slot 16 at a load of 0.6 to 0.8, the place in the order 16 in leaves that are at
// least half full. While a version is waiting for its predecessor to be collected it
// costs 48 more. After nine keys of ten were deleted it is below 150 for each that
// is left and 8 for each that is gone. The heap's memory is then free for new
// values; the Go runtime gives back to the system only such pages as are empty.
//
// The garbage collector follows one pointer per key and looks into no record.
//
// # Caveats
//
// The map knows deadlines but not the time: it hands out items past their deadline,
// and callers filter. Reading at an LSN that is not pinned, other than Newest, finds
// what the collector has left. A map holds at most 4,294,967,295 keys.
package mvcc
