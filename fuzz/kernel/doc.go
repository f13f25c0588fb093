// Package kernel puts the engine through crashes on real kernels: kill -9 of a
// process that writes, on any directory; power cuts of a real ext4, XFS or
// btrfs (package loopfs) under such a process; and failures of single system
// calls, which strace makes.
//
// The process is a child that opens the store, commits transactions, compacts,
// reopens, and says on a pipe what it has begun and what was acknowledged. The
// pipe outlives it. Run then opens what it left, compares, and starts the next
// child on it, round after round.
//
// # What is compared
//
// Every transaction increments a number in the store and does what a pure
// function of the workload's seed, the number and the round says. So the number
// that is found names the state that must be found with it, whole: a hole, half
// a transaction, an aborted one, or a suffix that was lost in an earlier round
// and comes back would all differ from it. And the number must be at least the
// newest that was acknowledged as durable, and at most the newest that was begun.
//
// # What it cannot find
//
// kill -9 takes nothing away that was written, so it finds torn writes and
// errors in recovery, but no missing sync. A power cut shows what one kernel
// does, and the default ext4 forgives the commonest mistakes; that the worst
// which POSIX allows is survived is for package crashfs to show.
package kernel
