// Package engine is durable state for a Go program: a map in memory with an
// append-only log under it. What Set or Update has acknowledged survives a
// crash at any later moment, on any file system that honours fsync.
//
//	db, err := engine.Open("state", nil)
//	...
//	err = db.Update(ctx, func(tx *engine.Tx) error {
//		v, err := tx.Get([]byte("balance/alice"))
//		...
//		return tx.Set(ctx, []byte("balance/alice"), v)
//	})
//
// # Promises
//
// In durability Always, the default:
//
//   - A mutation is encoded, written to the log and synced before it touches the
//     map: no reader sees what a power cut could undo.
//   - A nil error means durable.
//   - A transaction is recovered whole or not at all, and what is recovered is
//     a prefix of the commit order.
//   - A torn tail, which is what a crash leaves, is cut off, kept in
//     quarantine/, and reported. Any other damage refuses to open, with an error
//     that says the file, the offset and the LSN.
//   - The first error of the log ends writing until the store is reopened. An
//     fsync is never retried.
//   - Readers never wait for the disk, nor for writers or compaction.
//   - Order comes from log sequence numbers (LSNs) alone, never from the clock.
//
// The lazier modes, Interval and Never, acknowledge before the sync and say how
// much a power cut may take.
//
// # Limits
//
// The whole state lives in memory, keys and values. Nothing is evicted: beyond
// Options.MemoryLimit writes fail. One process has a store open for writing;
// others may read beside it (Options.ReadOnly). Network file systems are not
// supported: their locks and their fsync do not hold what they promise.
//
// # Buckets
//
// Keys live in named buckets; the default bucket, "", is what the methods of DB
// and Tx use, so that binary keys are unrestricted. Names with an owner:
//
//	""            the default bucket: the program's own keys
//	"store/NAME"  the typed store NAME: keys are UTF-8 strings, values as its
//	              codec writes them, CBOR by default
//	"redis/..."   reserved for the Redis protocol
//
// All other names are the program's.
//
// # Concurrency
//
// A DB, a Bucket and a Store are safe for concurrent use. Transactions of Update
// run one after the other and share their waits for the disk; transactions of
// View run beside everything. A Tx belongs to the function it was given to.
package engine
