// Package hardcases holds the hard cases of a log: the crashes, the rot, the lies
// of a disk and the accidents of its owner that storage engines have been known
// to get wrong. Each is a test by name. It goes through engine.Open and asserts
// two things: the data that comes back, and the verdict, which is a typed error
// with the file, the offset and the LSN, or what the recovery report says was
// cut, written again, rejected or adopted.
//
// # The cases
//
//	 1 torn last frame: the whole frame goes, reported     TestHardCase01_TornLastFrame          tail_test.go
//	 2 rot mid-log with valid frames behind it: refuse     TestHardCase02_RotMidLog              tail_test.go
//	 3 a length flipped huge, or small; no resync          TestHardCase03_FlippedLength          tail_test.go
//	 4 bytes of another segment, store, or the log's own   TestHardCase04_ForeignBytes           foreign_test.go
//	 5 zero tail; zeros in the middle; before a snapshot   TestHardCase05_Zeros                  torn_test.go
//	 6 sectors of an unsynced frame out of order           TestHardCase06_SectorsOutOfOrder      torn_test.go
//	 7 recover, append, crash; close, reopen, tear         TestHardCase07_AppendBehindATear      torn_test.go
//	 8 failed fsync, "successful" retry, restart           TestHardCase08_FailedSync             sync_test.go
//	 9 SIGKILL before fsync, serve, power cut              TestHardCase09_KilledBeforeSync       sync_test.go
//	10 a new segment before its directory's sync           TestHardCase10_NewSegment             names_test.go
//	11 disk full: frame, rotation, snapshot, MANIFEST      TestHardCase11_DiskFull               space_test.go
//	12 a segment duplicated, missing, cut                  TestHardCase12_SegmentsAmiss          foreign_test.go
//	13 snapshot newer than the log; a rotten one counts    TestHardCase13_SnapshotsAndTheLog     snapshot_test.go
//	14 a rename that was not durable, an unlink that was   TestHardCase14_RenameAndUnlink        names_test.go
//	15 a crash at every step of recovery and compaction    TestHardCase15_EveryStep              steps_test.go
//	16 two openers; the lock file; a read-only directory   TestHardCase16_OneWriter              lock_test.go
//	                                                       TestHardCase16_ReadOnlyDirectory      lock_linux_test.go
//	17 the clock backwards, or a year ahead                TestHardCase17_TheClock               clock_test.go
//	18 EIO while reading                                   TestHardCase18_ReadErrors             readerror_test.go
//	19 unknown version, kind or flag, checksum valid       TestHardCase19_NewerFormat            version_test.go
//	20 a rotten, truncated or renamed snapshot             TestHardCase20_RottenSnapshot         snapshot_test.go
//	21 a reader beside a writer: never "damage"            TestHardCase21_ReaderBesideAWriter    reader_test.go
//	22 the lazier modes, power cut at every point          TestHardCase22_LazyModes              steps_test.go
//	23 frames and records too large; rot in a MARK         TestHardCase23_Sizes                  limits_test.go
//
// # What no log can decide
//
// Two things look the same from any side, and the tests say which way they fall.
// Rot in the very last frame, before anything proves that frame durable, is a
// tear: it is cut, kept in quarantine and reported (case 1; a MARK keeps that
// moment short). A torn frame whose header is gone, and whose value holds later
// frames of this very segment, as only a twin of the store can have written them,
// is damage: it is refused, and nothing is touched. With its header there, it is
// a tear (case 4).
//
// # The guards
//
// A test that never failed proves little. The comment above each case names what
// in the engine's source it holds, and guards_test.go takes these guards out, one
// by one, and wants the tests red, by an assertion of their own:
//
//	go test ./fuzz/hardcases -run TestGuards -guards . -timeout 1h
//
// An edit there that no longer fits the source fails as loudly as a test that
// stays green: whoever moves a guard moves its entry.
package hardcases
