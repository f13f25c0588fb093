package mutants

// The suites, as patterns for go test -run.
const (
	short      = "^TestShortHistories$"
	faults     = "^TestFaults$"
	rot        = "^TestRot$"
	concurrent = "^TestConcurrentClients$"
	seen       = "^TestWhatReadersSeeIsDurable$"
	lazy       = "^TestLazyModes$"
	fallback   = "^TestOneRottenSnapshot$"
	stale      = "^TestStaleFramesStayDead$"
	compaction = "^TestCompactions$"
)

// All is every mutant. M1 to M24 are the classic ones, by the numbers that the
// crash model gives them; P1 and on are bugs that peers really had.
func All() []Mutant {
	return []Mutant{
		{ID: "M1", What: "the log's fsync is skipped", Test: short, Edits: []Edit{{
			"wal/sync.go", "	if err := t.file.DataSync(); err != nil {\n		return t.failure(\"sync\", err)\n	}\n	t.synced(",
			"	t.synced("}}},
		{ID: "M2", What: "acknowledged before the fsync", Test: seen, Edits: []Edit{
			{"wal/tail.go", "		err = t.sync(l)\n	} else {", "		l.finish(b)\n		err = t.sync(l)\n	} else {"},
			{"wal/committer.go", "func (l *Log) finish(b *batch) {\n", "func (l *Log) finish(b *batch) {\n	select {\n	case <-b.done:\n		return\n	default:\n	}\n"},
			{"wal/batch.go", "	close(b.done)\n", "	select {\n	case <-b.done:\n	default:\n		close(b.done)\n	}\n"},
		}},
		{ID: "M3", What: "a snapshot is renamed without having been synced", Test: compaction, Edits: []Edit{{
			"snapshot/publish.go", "	if err := p.tmp.Sync(); err != nil {", "	if err := error(nil); err != nil {"}}},
		{ID: "M4", What: "the directory is not synced after a snapshot's rename, and the log goes", Test: compaction, Edits: []Edit{{
			"snapshot/publish.go", "	if err := p.fsys.SyncDir(p.dir); err != nil {", "	if err := error(nil); err != nil {"}},
			Peer: "etcd #22340: a received snapshot's directory was not synced"},
		{ID: "M5", What: "the directory is not synced after a new segment", Test: short, Edits: []Edit{{
			"wal/rotate.go", "	if err := l.o.FS.SyncDir(l.o.Dir); err != nil {", "	if err := error(nil); err != nil {"}},
			Peer: "etcd #6368: the directory of a new log segment was not synced"},
		{ID: "M6", What: "the parents of new directories are not synced", Test: short, Edits: []Edit{
			{"vfs/vfs.go", "	return fsys.SyncDir(parent)\n}", "	return nil\n}"},
			{"vfs/vfs.go", "		if err := fsys.SyncDir(parent); err != nil && !errors.Is(err, fs.ErrPermission) {", "		if err := error(nil); err != nil {"},
		}},
		{ID: "M7", What: "the old log goes before the snapshot is durable", Test: short, Edits: []Edit{{
			"engine/compact.go", "	ref, made, err := db.makeSnapshot(ctx)\n",
			"	if s := db.log.Segments(); len(s) > 1 {\n		last := s[len(s)-1].Seq\n		_ = db.store.Manifest.Update(func(m *recovery.Manifest) error { m.First = last; return nil })\n		_, _ = db.log.TruncateFront(ctx, last)\n	}\n	ref, made, err := db.makeSnapshot(ctx)\n"}}},
		{ID: "M8", What: "MANIFEST is overwritten in place", Test: short, Edits: []Edit{{
			"recovery/publish.go", "	tmp, err := fsys.CreateTemp(name)\n",
			"	if f, err := fsys.OpenWrite(name); err == nil {\n		defer f.Close()\n		if err := f.Truncate(0); err != nil {\n			return &publishError{\"truncate\", true, err}\n		}\n		if err := fill(f); err != nil {\n			return &publishError{\"write\", true, err}\n		}\n		if err := f.Sync(); err != nil {\n			return &publishError{\"sync\", true, err}\n		}\n		return nil\n	}\n	tmp, err := fsys.CreateTemp(name)\n"}}},
		{ID: "M9", What: "a failed fsync is tried again, and believed", Test: faults, Edits: []Edit{{
			"wal/sync.go", "	if err := t.file.DataSync(); err != nil {\n		return t.failure(\"sync\", err)\n	}\n	t.synced(",
			"	if err := t.file.DataSync(); err != nil {\n		if err := t.file.DataSync(); err != nil {\n			return t.failure(\"sync\", err)\n		}\n	}\n	t.synced("}},
			Peer: "PostgreSQL before 12 retried fsync at its next checkpoint and believed the success (\"fsyncgate\", 2018)"},
		{ID: "M10", What: "fsync's error is ignored", Test: faults, Edits: []Edit{{
			"wal/sync.go", "	if err := t.file.DataSync(); err != nil {\n		return t.failure(\"sync\", err)\n	}\n	t.synced(",
			"	_ = t.file.DataSync()\n	t.synced("}}},
		{ID: "M11", What: "a short write is ignored", Test: faults, Edits: []Edit{{
			"wal/tail.go", "	if err != nil {\n		return frame, t.failure(\"write\", err)\n	}\n",
			"	_ = err\n"}}},
		{ID: "M12", What: "the log goes on behind an untrimmed tail", Test: stale, Peer: "kuzu #5852, amelie #17: recovery left a torn record in place and wrote on behind it", Edits: []Edit{
			{"recovery/startlog.go", "	case s.NextLSN > s.Tail.NextLSN:\n		return wal.StartAfter(o, s.Tail, s.NextLSN)\n", ""},
			{"recovery/mend.go", "	if m.torn == nil {\n		return nil\n	}\n	f, err := m.fs.OpenWrite(segmentPath(m.dir, m.tail.Seq))\n", "	if m.tail.Seq > 0 {\n		return nil\n	}\n	f, err := m.fs.OpenWrite(segmentPath(m.dir, m.tail.Seq))\n"},
			{"recovery/open.go", "		NextLSN: max(a.tail.NextLSN, floor, a.report.SnapshotLSN+1),\n", "		NextLSN: a.tail.NextLSN,\n"},
		}},
		{ID: "M13", What: "the trim of a torn tail is not synced", Test: short, Edits: []Edit{{
			"recovery/mend.go", "	if err := f.Sync(); err != nil {\n		return also(err, f.Close())\n	}\n	m.tail.Filled = m.tail.Offset", "	m.tail.Filled = m.tail.Offset"}}},
		{ID: "M14", What: "damage in the middle of the log is a silent end", Test: rot, Edits: []Edit{{
			"recovery/classify.go", "	if proof >= 0 {\n", "	if proof < -1 {\n"}},
			Peer: "pebble #453: WAL corruptions are silently ignored; nats-server #7549: a flipped bit in a block lost what lay behind it"},
		{ID: "M15", What: "bodies have no checksum", Test: rot, Edits: []Edit{{
			"wal/frame.go", "	if crc32.Checksum(body[:n], castagnoli()) != h.BodyCRC {", "	if n < 0 {"}}},
		{ID: "M16", What: "the checksum leaves the length out", Test: short, Edits: []Edit{{
			"wal/frame.go", "	return crc32.Update(^crc, table, b[:36])\n", "	return crc32.Update(^crc, table, append(append([]byte(nil), b[:4]...), b[8:32]...))\n"},
			{"wal/frame.go", "	if crc32.Checksum(body[:n], castagnoli()) != h.BodyCRC {", "	if n < 0 {"},
		}},
		{ID: "M18", What: "the map changes before the sync", Test: seen, Edits: []Edit{{
			"engine/commit.go", "	db.staged.add(c)\n", "	db.staged.add(c)\n	db.apply(c)\n	db.applied()\n	db.m.Publish(c.lsn)\n"},
			{"engine/commit.go", "		db.apply(c)\n		bytes += c.size\n	}\n	db.applied()\n", "		bytes += c.size\n	}\n"},
		}},
		{ID: "M19", What: "a snapshot's LSN is one too high", Test: short, Edits: []Edit{{
			"engine/compact.go", "	lsn := snap.LSN()\n", "	lsn := snap.LSN() + 1\n"},
			{"engine/compact.go", "	if d := db.log.Durable(); d < lsn {", "	if d := db.log.Durable(); d+1 < lsn {"},
		}},
		{ID: "M20", What: "a transaction is replayed in part", Test: short, Edits: []Edit{{
			"engine/loader.go", "	for i := range c.Mutations {\n		applyMutation(l.m,", "	for i := range c.Mutations[:1] {\n		applyMutation(l.m,"}}},
		{ID: "M21", What: "a group acknowledges a writer who joined after its write began", Test: concurrent, Edits: []Edit{
			{"wal/batch.go", "	b := l.building(len(record))\n", "	b := l.building(len(record))\n	if f := l.last; f != nil && f.err == nil && len(f.items) > 0 && l.queue[len(l.queue)-1].count == 0 {\n		select {\n		case <-f.done:\n		default:\n			l.queue = l.queue[:len(l.queue)-1]\n			b = f\n		}\n	}\n"},
		}},
		{ID: "M23", What: "the older snapshot's log goes before anything leans on it safely", Test: fallback, Edits: []Edit{
			{"engine/compact.go", "	second := m.Snapshots[len(m.Snapshots)-2]\n", "	second := m.Snapshots[len(m.Snapshots)-1]\n"},
		}},
		{ID: "P1", What: "frames that nothing proves durable are served without being written again", Test: faults, Edits: []Edit{{
			"recovery/mend.go", "	if m.tail.Seq == 0 || u.from == u.to {\n", "	if m.tail.Seq >= 0 {\n"}},
			Peer: "several stores recovered from a clean page cache over an old disk: Rebello et al., Can Applications Recover from fsync Failures?, USENIX ATC 2020"},
		{ID: "P2", What: "a segment is left without a sync", Test: lazy, Edits: []Edit{{
			"wal/rotate.go", "	if err := t.sync(l); err != nil {\n		return err\n	}\n	if err := t.trim()", "	if err := t.trim()"}},
			Peer: "badger #153: value log n was not synced before n+1 was made; yugabyte-db #3490: entries written to the new log while the old one was not synced left a gap"},
		{ID: "P3", What: "MANIFEST's rename is not followed by a sync of the directory", Test: short, Edits: []Edit{{
			"recovery/publish.go", "	if err := fsys.SyncDir(vfs.Dir(name)); err != nil {", "	if err := error(nil); err != nil {"}},
			Peer: "RocksDB #10573: the directory of CURRENT was not always synced; baidu/ins #32: the rename was not durable when the files it replaced went"},
		{ID: "P4", What: "MANIFEST is renamed without having been synced", Test: short, Edits: []Edit{{
			"recovery/publish.go", "	if err := tmp.Sync(); err != nil {", "	if err := error(nil); err != nil {"}},
			Peer: "goleveldb #335: a new manifest was named before it was synced, and could not be read afterwards"},
		{ID: "P5", What: "old segments go before MANIFEST stops naming them", Test: compaction, Edits: []Edit{{
			"engine/compact.go", "	err = db.store.Manifest.Update(func(m *recovery.Manifest) error {\n		m.First = first\n",
			"	_, _ = db.log.TruncateFront(ctx, first)\n	err = db.store.Manifest.Update(func(m *recovery.Manifest) error {\n		m.First = first\n"}},
			Peer: "mongo-rocks #35: the old MANIFEST was unlinked while the new name was not durable"},
		{ID: "P6", What: "a torn tail refuses to open", Test: short, Edits: []Edit{{
			"recovery/classify.go", "	return verdict{kind: tornTail, rule: 6,", "	return verdict{kind: damaged, rule: 6,"}},
			Peer: "etcd #14098: losing writes that were not synced left a log that could not be opened"},
		{ID: "P7", What: "zeros at the end of the log are taken for damage", Test: short, Edits: []Edit{{
			"recovery/classify.go", "	if end == p.at {\n		return verdict{kind: cleanEnd,", "	if end == p.at && p.segment.Size() == p.at {\n		return verdict{kind: cleanEnd,"},
			{"recovery/classify.go", "	return verdict{kind: tornTail, rule: 6,", "	if end == p.at {\n		return p.damage(6, p.at, \"zeros\"), nil\n	}\n	return verdict{kind: tornTail, rule: 6,"}}},
		{ID: "P8", What: "the log goes on after a failed sync", Test: faults, Edits: []Edit{
			{"wal/failure.go", "	l.failed.Store(cause)\n", ""},
			{"wal/tail.go", "		err = t.sync(l)\n	} else {", "		if err = t.sync(l); err != nil {\n			t.unsynced, t.records = 0, 0\n		}\n	} else {"}},
			Peer: "cockroach #37102: a sync after a failed one returned success, and acknowledged what was not recoverable"},
		{ID: "P9", What: "MANIFEST names a segment before the segment's name is durable", Test: short, Edits: []Edit{
			{"wal/rotate.go", "	if err := l.o.FS.SyncDir(l.o.Dir); err != nil {\n		return nil, &LogError{Op: \"sync\", File: l.o.Dir, Err: err}\n	}\n", ""},
			{"wal/rotate.go", "	if err := left.file.Close(); err != nil {", "	if err := l.o.FS.SyncDir(l.o.Dir); err != nil {\n		return &LogError{Op: \"sync\", File: l.o.Dir, Err: err}\n	}\n	if err := left.file.Close(); err != nil {"},
		},
			Peer: "basho/leveldb #153, google/leveldb #189: CURRENT named a MANIFEST that a crash had taken away"},
		{ID: "P10", What: "recovery believes a MANIFEST whose rename nothing made durable", Test: compaction, Edits: []Edit{{
			"recovery/mend.go", "	return m.file.Update(func(next *Manifest) error {\n",
			"	if len(m.rejected) == 0 && m.manifest.Active == m.tail.Seq && m.manifest.NextLSN == m.raised && !m.manifest.Lazy {\n		return nil\n	}\n	return m.file.Update(func(next *Manifest) error {\n"}},
			Peer: "RocksDB #7621: a recovery acted on one state of the MANIFEST, and the next one found the other"},
		{ID: "P11", What: "files go although it is not known which MANIFEST a crash would leave", Test: faults, Edits: []Edit{{
			"engine/compact.go", "	if err != nil {\n		return 0, db.manifestFailed(err)\n	}\n	removed, err", "	_ = db.manifestFailed(err)\n	removed, err"}},
			Peer: "RocksDB #5379: a sync of MANIFEST failed, its entries were there after all, and the files that they spoke of were gone"},
		{ID: "P12", What: "a snapshot holds more than the log has made durable", Test: lazy, Edits: []Edit{
			{"engine/compact.go", "	if err := db.log.Sync(ctx); err != nil {\n		return ref, false, err\n	}\n	if d := db.log.Durable(); d < lsn {", "	if d := db.log.Durable(); d < lsn && db.log == nil {"},
			{"engine/compact.go", "	if err := db.log.Rotate(ctx); err != nil {\n		return info, err\n	}\n", ""},
		},
			Peer: "RocksDB #12622, and many who met \"SST file is ahead of WALs\": a log was not synced before the tables that it covers"},
		{ID: "P13", What: "recovery takes over a segment whose name nothing made durable", Test: short, Edits: []Edit{{
			"recovery/mend.go", "	if err := publish(m.fs, name, func(f vfs.File) error {\n		_, err := f.WriteAt(block, 0)\n		return err\n	}); err != nil {\n		return err\n	}\n", "	_ = block\n"}},
			Peer: "etcd #6368 once more, on the way back: the directory of a log file was synced by nobody"},
		{ID: "P14", What: "behind a log that ends too early the next one is replayed", Test: rot, Edits: []Edit{{
			"recovery/replay.go", "	if c.off < end {\n		p := c.place(x, end, a.covered)", "	if c.off < end {\n		return c, nil\n	}\n	if c.off < end {\n		p := c.place(x, end, a.covered)"}},
			Peer: "RocksDB #7701, memgraph #4528: a truncated log was passed over in silence, and the next one replayed on top of the hole"},
		{ID: "P15", What: "a deletion is not replayed", Test: short, Edits: []Edit{{
			"engine/loader.go", "		applyMutation(l.m, &c.Mutations[i], lsn)\n", "		if c.Mutations[i].Op != record.OpDelete {\n			applyMutation(l.m, &c.Mutations[i], lsn)\n		}\n"}},
			Peer: "bitcask #82: deleted keys came back after a restart"},
	}
}

// NotExpressible lists the classic mutants that have no place to be put.
func NotExpressible() []Impossible {
	return []Impossible{
		{"M17", "a zero tail read as a record", "a frame begins with a magic number and a salted checksum; zeros have neither", "P7"},
		{"M22", "stale bytes replayed", "segments are never recycled, each has a salt of its own, and what is cut off is followed by a new segment: nothing stale ever stands where the log goes on", "P14"},
		{"M24", "a leftover temporary file loaded as a snapshot", "only snapshots that MANIFEST lists, by LSN, size and digest, are ever opened", "P10"},
	}
}
