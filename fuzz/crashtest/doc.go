// Package crashtest puts a store through the crashes that package crashfs can
// simulate, and says what was wrong with what came back.
//
// # A first crash test, in ten minutes
//
// The store must reach the disk through vfs.FS (its own interface, if it has
// one, is adapted in a few lines). Then say what an operation is, how to open
// the store, and what an operation does to a plain map:
//
//	type setting struct{ Key, Value string }
//
//	type system struct{}
//
//	func (system) Open(fsys vfs.FS) (crashtest.Store[setting], error) {
//		s, err := mystore.Open(fsys, "/db")
//		return store{s}, err
//	}
//
//	func (system) Apply(s crashtest.State, op setting) { s[op.Key] = op.Value }
//
//	type store struct{ *mystore.Store }
//
//	func (s store) Do(op setting) error            { return s.Set(op.Key, op.Value) }
//	func (s store) Dump() (crashtest.State, error) { return s.All() }
//
//	func TestCrashes(t *testing.T) {
//		crashtest.Exhaust(t, system{}, crashtest.Ops(
//			setting{"a", "1"}, setting{"a", "2"}, setting{"b", "1"},
//		), 3, crashtest.Options{})
//	}
//
// The package example is this, with a store that makes the classic mistake; the
// example "Mended" is the same store, right. A store that syncs all it writes may
// still fail at first, with "what a recovery had shown is gone": see the next part.
//
// # What is tried
//
// For every history the power goes before every call that could change the
// disk, and what was not durable survives in every combination that the
// simulated file system allows (or, when too much is pending, in those that
// find most). On each image:
//
//   - the store opens, and what it shows is the model after some prefix of the
//     operations that holds every acknowledged one; an operation that failed
//     may have happened or not;
//   - the power goes again at once, everything pending is lost, and the store
//     opens and shows the same: what was served must last;
//   - on every fourth image (Options.Deep) the power also goes before every
//     step of the recovery itself and once more when it is done, with all that
//     may be lost of it; and the recovered store is written to, crashed, and
//     must hold what was written (Prober).
//
// Besides, at each point the process dies and the machine lives: the next one
// reads what is in the cache, and must not serve what a power cut can take. So a
// recovery syncs what it found, or writes it again, before it shows it; a store
// that does not want that promise sets Options.Loose. At every fourth of these the power goes before every step of its recovery too,
// while what the dead process had begun is still on its way to the disk.
//
// Equal images with equal expectations are tried once. A run that found
// nothing wrong must have kept and lost every kind of effect that was pending more
// than a few times, or its verdict is HarnessBroken and the test fails.
//
// # Ways to run
//
//	Exhaust    all histories over a few steps, short ones first
//	Check      random long ones, with rapid; the failure is shrunk
//	Fuzz       the same, driven by go test -fuzz
//	Schedule   concurrent clients; a seed decides who goes on at each call,
//	           and readers beside them (Options.Readers): without any crash
//	           everything that was answered must be linearizable
//	Faults     one history, and every fault at every call
//	Rot        one history, and every byte damaged
//	Run        one history
//
// ExhaustAll, FaultsAll, RotAll and Run need no test around them; a Session is for
// programs that decide themselves what comes next, and when it is enough.
//
// # Reading a failure
//
// The text names the verdict; the history with what was acknowledged; what was
// found and what would have been legal; then, call by call from the first that
// a crash could still undo, every pending effect, whether it was kept, the line
// that issued it, and why losing it was legal. Losses that the failure does not
// need have been taken out. The last lines say which file systems in use may
// leave the same state, what forbids it on the others, and how to see it again.
// The page (Failure.HTML, written when a test fails) adds a grid of files by
// calls and the bytes that differ.
//
// # Verdicts
//
// Lost, Hole, Phantom, Torn, RecoveryFailed, SilentCorruption and, without a
// crash, NotLinearizable are failures of the store. NotMeasured and HarnessBroken are failures of the test; so is a
// store that disagrees with its model without any crash.
//
// # What a store must grant
//
//   - It does the same calls for the same operations: random numbers from a
//     fixed seed, no clocks, no work in the background that a real timer starts
//     (in Schedule, the clock is the bubble's, and timers are welcome).
//   - Its Close returns after a crash, when every call fails.
//   - In Schedule, it holds no mutex across a file-system call.
package crashtest
