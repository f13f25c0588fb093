// Package recoverytest builds store directories byte by byte, for tests of what
// recovery makes of them: segments frame by frame, with any flags, any LSNs, any
// damage; snapshots; MANIFEST. It also has a Loader that keeps what was loaded in
// plain maps.
//
//	b := recoverytest.New(t, memfs.New(), "db")
//	s := b.Segment()
//	s.Frame(wal.FlagSynced, recoverytest.Set("k", "v"))
//	torn := s.Frame(wal.FlagSynced, recoverytest.Set("k2", "v2"))
//	s.Zero(torn.Offset, 16)
//	b.Write()
//
// Nothing here writes through the log: a bug in the writer must not hide one in
// the reader.
package recoverytest
