package hardcases_test

// moreGuards are those of the cases about files, readers, time and room.
var moreGuards = []guard{
	{
		name: "a short write ends the log",
		tests: []string{
			"TestHardCase11_DiskFull/in the middle of a frame",
		},
		edits: []change{
			{"wal/tail.go", "\tif err == nil && n != len(frame) {\n\t\terr = io.ErrShortWrite\n",
				"\tif n != len(frame) || err == io.ErrShortWrite {\n\t\terr = nil\n"},
		},
	},
	{
		name: "no room for zeros ends nothing",
		tests: []string{
			"TestHardCase11_DiskFull/filling ahead",
		},
		edits: []change{
			{"wal/tail.go", "\tcase noRoom(err):\n",
				"\tcase err != nil && t == nil:\n"},
		},
	},
	{
		name: "another error of the zeros ends the log",
		tests: []string{
			"TestHardCase11_DiskFull/filling ahead, and the disk fails",
		},
		edits: []change{
			{"wal/tail.go", "\t\treturn t.failure(\"fill\", err)\n",
				"\t\treturn nil\n"},
		},
	},
	{
		name: "a failed snapshot leaves no temporary file",
		tests: []string{
			"TestHardCase11_DiskFull/in a snapshot or MANIFEST",
		},
		edits: []change{
			{"snapshot/publish.go", "\tdefer p.tmp.Abort()\n",
				""},
		},
	},
	{
		name: "a failed MANIFEST ends writing when it may have been replaced",
		tests: []string{
			"TestHardCase11_DiskFull/in a snapshot or MANIFEST",
		},
		edits: []change{
			{"engine/compact.go", "\tif errors.As(err, &me) && me.Replaced {\n",
				"\tif errors.As(err, &me) && false {\n"},
		},
	},
	{
		name: "no room to mend: read-only",
		tests: []string{
			"TestHardCase11_DiskFull/while mending a tear",
			"TestHardCase11_DiskFull/not a byte free",
		},
		edits: []change{
			{"recovery/open.go", "\tcase !noRoom(err):\n",
				"\tcase err != nil:\n"},
		},
	},
	{
		name: "rule 2: no snapshot is newer than the log",
		tests: []string{
			"TestHardCase13_SnapshotsAndTheLog/the snapshot is newer than the log",
		},
		edits: []change{
			{"recovery/classify.go", "\tif p.lsn <= p.covered {\n",
				"\tif false {\n"},
		},
	},
	{
		name: "no gap between snapshot and log",
		tests: []string{
			"TestHardCase13_SnapshotsAndTheLog/a gap between the snapshot and the log",
			"TestHardCase20_RottenSnapshot/both rotten",
		},
		edits: []change{
			{"recovery/attempt.go", "\t\t\tif prev.LastLSN > a.report.SnapshotLSN {\n",
				"\t\t\tif false {\n"},
		},
	},
	{
		name: "a rejected snapshot is de-listed",
		tests: []string{
			"TestHardCase13_SnapshotsAndTheLog/the newest rotten, then a third one made",
		},
		edits: []change{
			{"recovery/mend.go", "r.LSN == s.LSN })\n",
				"r.LSN == s.LSN && r.LSN == 0 })\n"},
		},
	},
	{
		name: "the second-newest snapshot is read before the log in front of it goes",
		tests: []string{
			"TestHardCase13_SnapshotsAndTheLog/unnoticed until the third: rotten",
			"TestHardCase13_SnapshotsAndTheLog/unnoticed until the third: missing",
		},
		edits: []change{
			{"engine/compact.go", "\tif err := db.store.CheckSnapshot(ctx, second, db.opts.Codecs); err != nil {\n",
				"\tif err := error(nil); err != nil {\n"},
		},
	},
	{
		name: "and it is the one that MANIFEST lists",
		tests: []string{
			"TestHardCase13_SnapshotsAndTheLog/unnoticed until the third: replaced by one of another store",
			"TestHardCase13_SnapshotsAndTheLog/unnoticed until the third: replaced by other contents",
		},
		edits: []change{
			{"recovery/choose.go", "\treturn ref.is(name, s.Manifest.Get().Store, meta, found)\n",
				"\t_, _ = meta, found\n\treturn nil\n"},
		},
	},
	{
		name: "a missing snapshot can be de-listed",
		tests: []string{
			"TestHardCase13_SnapshotsAndTheLog/and the compaction after that: missing",
		},
		edits: []change{
			{"recovery/startlog.go", "\tif errors.Is(err, fs.ErrNotExist) {\n\t\tto, err",
				"\tif errors.Is(err, fs.ErrNotExist) && s == nil {\n\t\tto, err"},
		},
	},
	{
		name: "a lazy log that did not end well raises the floor of LSNs",
		tests: []string{
			"TestHardCase22_LazyModes/no LSN twice, never",
			"TestHardCase22_LazyModes/no LSN twice, interval 1h0m0s",
		},
		edits: []change{
			{"recovery/mend.go", "\tif a.torn != nil || a.manifest.Lazy {\n",
				"\tif a.torn != nil {\n"},
		},
	},
	{
		name: "the LSNs' floor is in MANIFEST before the cut",
		tests: []string{
			"TestHardCase15_EveryStep/of recovery: a torn tail, a rotten snapshot, strays",
		},
		edits: []change{
			{"recovery/mend.go", "\t\tnext.NextLSN = m.raised\n",
				""},
		},
	},
	{
		name: "files go after MANIFEST, in a compaction",
		tests: []string{
			"TestHardCase15_EveryStep/of compaction",
		},
		edits: []change{
			{"engine/compact.go", "\terr = db.store.Manifest.Update(func(m *recovery.Manifest) error {\n\t\tm.First = first\n",
				"\t_, _ = db.log.TruncateFront(ctx, first)\n\terr = db.store.Manifest.Update(func(m *recovery.Manifest) error {\n\t\tm.First = first\n"},
		},
	},
	{
		name: "the rewrite, under crashes",
		tests: []string{
			"TestHardCase15_EveryStep/of recovery: frames that nothing proves",
		},
		edits: []change{
			{"recovery/mend.go", "\t\t{stepRewrite, m.rewrite},\n",
				""},
		},
	},
	{
		name: "the store is locked",
		tests: []string{
			"TestHardCase16_OneWriter/two processes",
			"TestHardCase16_OneWriter/two opens in one process",
			"TestHardCase16_OneWriter/nothing is touched",
		},
		edits: []change{
			{"engine/open.go", "\tif db.lock, err = fsys.Lock(filepath.Join(db.dir, \"LOCK\")); err != nil {\n",
				"\tif db.lock, err = fsys.Lock(filepath.Join(db.dir, \"LOCK\")); err != nil && db.dir == \"\" {\n"},
		},
	},
	{
		name: "the process knows its own locks",
		tests: []string{
			"TestHardCase16_OneWriter/two opens in one process",
		},
		edits: []change{
			{"vfs/osfs/lock.go", "\tif !held.claim(l.infos) {\n",
				"\tif held.claim(l.infos); false {\n"},
		},
	},
	{
		name: "the directory is locked with the file",
		tests: []string{
			"TestHardCase16_OneWriter/the lock file removed",
			"TestHardCase16_OneWriter/the lock file replaced",
		},
		edits: []change{
			{"vfs/osfs/lock_unix.go", "\treturn os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY, 0)\n",
				"\tif dir != \"\" {\n\t\treturn nil, nil\n\t}\n\treturn os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY, 0)\n"},
		},
	},
	{
		name: "nonsense in the lock file is no holder",
		tests: []string{
			"TestHardCase16_OneWriter/a lock file with a process ID of -1",
		},
		edits: []change{
			{"vfs/osfs/lock.go", "\tif err != nil || pid < 0 || pid == os.Getpid() {\n",
				"\tif err != nil || pid == os.Getpid() {\n"},
		},
	},
	{
		name: "a reader takes no lock",
		tests: []string{
			"TestHardCase16_ReadOnlyDirectory",
			"TestHardCase16_OneWriter/two processes",
		},
		edits: []change{
			{"engine/open.go", "\tif db.opts.ReadOnly {\n\t\treturn db.openReadOnly(ctx)\n",
				"\tif db.opts.ReadOnly {\n\t\tif db.lock, err = fsys.Lock(filepath.Join(db.dir, \"LOCK\")); err != nil {\n\t\t\treturn err\n\t\t}\n\t\treturn db.openReadOnly(ctx)\n"},
		},
	},
	{
		name: "the sweeper asks again",
		tests: []string{
			"TestHardCase17_TheClock/a jump under the sweeper",
		},
		edits: []change{
			{"engine/expiry.go", " || !it.expired(tx.now) {\n",
				" {\n"},
		},
	},
	{
		name: "a snapshot keeps what has expired",
		tests: []string{
			"TestHardCase17_TheClock/deadlines",
		},
		edits: []change{
			{"engine/compact.go", "\t\t\te.Key, e.Value, e.LSN, e.Deadline = it.Key",
				"\t\t\tif it.Deadline != 0 && it.Deadline <= db.opts.Clock().UnixMilli() {\n\t\t\t\tcontinue\n\t\t\t}\n\t\t\te.Key, e.Value, e.LSN, e.Deadline = it.Key"},
		},
	},
	{
		name: "the LSN alone orders commits",
		tests: []string{
			"TestHardCase17_TheClock/commits, segments and snapshots",
		},
		edits: []change{
			{"engine/loader.go", "\titems []mvcc.Item\n",
				"\titems []mvcc.Item\n\ttime  int64\n"},
			{"engine/loader.go", "\tfor i := range c.Mutations {\n\t\tapplyMutation(l.m",
				"\tif c.Time < l.time {\n\t\treturn nil\n\t}\n\tl.time = c.Time\n\tfor i := range c.Mutations {\n\t\tapplyMutation(l.m"},
		},
	},
	{
		name: "a scan does not end at a read error",
		tests: []string{
			"TestHardCase18_ReadErrors/torn, read",
		},
		edits: []change{
			{"recovery/cursor.go", "\t\t\tif x := asInvalid(err); x != nil {\n",
				"\t\t\tif x := asInvalid(err); x == nil {\n\t\t\t\treturn &wal.InvalidError{Offset: c.off, LSN: c.next, Reason: wal.EndOfData}, nil\n\t\t\t} else if x != nil {\n"},
		},
	},
	{
		name: "an unreadable snapshot is not a rotten one",
		tests: []string{
			"TestHardCase18_ReadErrors/torn, read",
			"TestHardCase18_ReadErrors/torn, open",
		},
		edits: []change{
			{"recovery/choose.go", "\t\tcase errors.As(err, &rotten):\n",
				"\t\tcase errors.As(err, &rotten) || err != nil:\n"},
		},
	},
	{
		name: "what lies behind X must be read",
		tests: []string{
			"TestHardCase18_ReadErrors/rot mid-log",
			"TestHardCase18_ReadErrors/torn, read",
		},
		edits: []change{
			{"wal/dataend.go", "\t\tif err := s.ReadFull(b, off); err != nil {\n\t\t\treturn 0, err\n",
				"\t\tif err := s.ReadFull(b, off); err != nil {\n\t\t\treturn last, nil\n"},
		},
	},
	{
		name: "an unreadable snapshot is not set aside",
		tests: []string{
			"TestHardCase18_ReadErrors/in a compaction",
		},
		edits: []change{
			{"engine/compact.go", "\t\tif !errors.Is(err, recovery.ErrCorrupt) {\n",
				"\t\tif false {\n"},
		},
	},
	{
		name: "newer: a frame's version",
		tests: []string{
			"TestHardCase19_NewerFormat/a frame's version",
		},
		edits: []change{
			{"wal/frame.go", "\tcase h.Version != Version:\n",
				"\tcase false:\n"},
		},
	},
	{
		name: "newer: a frame's flags",
		tests: []string{
			"TestHardCase19_NewerFormat/a frame's flag",
		},
		edits: []change{
			{"wal/frame.go", "\tcase h.Flags&^knownFlags != 0:\n",
				"\tcase false:\n"},
		},
	},
	{
		name: "newer: a frame's reserved bytes",
		tests: []string{
			"TestHardCase19_NewerFormat/a frame's reserved bytes",
		},
		edits: []change{
			{"wal/frame.go", "\tcase zero != 0:\n",
				"\tcase false:\n"},
		},
	},
	{
		name: "newer: a newer frame is no tear",
		tests: []string{
			"TestHardCase19_NewerFormat/a frame's version",
		},
		edits: []change{
			{"wal/frame.go", "\t\treturn &VersionError{What: \"frame version\", Value: uint64(h.Version)}\n",
				"\t\treturn frameError(BadMagic)\n"},
		},
	},
	{
		name: "newer: a segment's version",
		tests: []string{
			"TestHardCase19_NewerFormat/a segment's version",
		},
		edits: []change{
			{"wal/header.go", "\tif w.Version != Version {\n",
				"\tif false {\n"},
			{"wal/header.go", "\t\tif verr := mode.Unmarshal(body, &v); verr == nil && v.Version != Version {\n",
				"\t\tif false {\n"},
		},
	},
	{
		name: "newer: a segment's flags",
		tests: []string{
			"TestHardCase19_NewerFormat/a segment's flag",
		},
		edits: []change{
			{"wal/header.go", "\tif w.Flags != 0 {\n",
				"\tif false {\n"},
		},
	},
	{
		name: "newer: a segment's alignment",
		tests: []string{
			"TestHardCase19_NewerFormat/a segment's alignment",
		},
		edits: []change{
			{"wal/header.go", "\tif w.Alignment != Alignment {\n",
				"\tif false {\n"},
		},
	},
	{
		name: "newer: an unknown record is not a malformed one",
		tests: []string{
			"TestHardCase19_NewerFormat/a record's kind",
		},
		edits: []change{
			{"recovery/cursor.go", "\tif errors.As(err, &unknown) {\n",
				"\tif false {\n"},
		},
	},
	{
		name: "newer: a snapshot's version",
		tests: []string{
			"TestHardCase19_NewerFormat/a snapshot's version",
		},
		edits: []change{
			{"snapshot/preamble.go", "\tif v.Version > Version {\n",
				"\tif false {\n"},
		},
	},
	{
		name: "newer: MANIFEST's version",
		tests: []string{
			"TestHardCase19_NewerFormat/MANIFEST's version",
		},
		edits: []change{
			{"recovery/manifest.go", "\tif v := binary.LittleEndian.Uint32(b[8:]); v != manifestVersion {\n",
				"\tif v := uint32(0); v != 0 {\n"},
		},
	},
	{
		name: "newer: MANIFEST's fields",
		tests: []string{
			"TestHardCase19_NewerFormat/a field of MANIFEST",
		},
		edits: []change{
			{"recovery/manifest.go", "\t\tif errors.As(err, &unknown) {\n",
				"\t\tif errors.As(err, &unknown) && false {\n"},
		},
	},
	{
		name: "newer: a snapshot's codec",
		tests: []string{
			"TestHardCase19_NewerFormat/a snapshot's codec",
		},
		edits: []change{
			{"recovery/choose.go", "\t\tcase errors.As(err, &rotten):\n",
				"\t\tcase errors.As(err, &rotten) || err != nil:\n"},
		},
	},
	{
		name: "a block's checksum",
		tests: []string{
			"TestHardCase20_RottenSnapshot/rot in its block",
		},
		edits: []change{
			{"snapshot/block.go", "\tcase checksum(b[:12], b[blockHead:]) != ref.crc:\n",
				"\tcase false:\n"},
		},
	},
	{
		name: "the index's checksum, and the keys that it repeats",
		tests: []string{
			"TestHardCase20_RottenSnapshot/rot in its index",
		},
		edits: []change{
			{"snapshot/reader.go", "\tif checksum(index) != r.foot.indexCRC {\n",
				"\tif false {\n"},
			{"snapshot/block.go", "\t\tcase n == 0 && compare(e.Bucket, e.Key, ref.bucket, ref.key) != 0:\n",
				"\t\tcase false:\n"},
		},
	},
	{
		name: "the preamble's checksum, and its one form",
		tests: []string{
			"TestHardCase20_RottenSnapshot/rot in its preamble",
		},
		edits: []change{
			{"snapshot/preamble.go", "\tif checksum(b[8:12], body) != sum {\n",
				"\tif false {\n"},
			{"snapshot/preamble.go", "err != nil || !bytes.Equal(again, b) {\n",
				"err != nil || bytes.Equal(again, nil) {\n"},
		},
	},
	{
		name: "the footer's checksum, and what MANIFEST remembers",
		tests: []string{
			"TestHardCase20_RottenSnapshot/rot in its footer",
		},
		edits: []change{
			{"snapshot/footer.go", "\tif binary.LittleEndian.Uint32(b[68:]) != footerCRC(b, preambleCRC) {\n",
				"\tif false {\n"},
			{"recovery/choose.go", "\tcase found.Digest != ref.Digest || found.Entries != ref.Entries || found.Size != ref.Size:\n",
				"\tcase false:\n"},
		},
	},
	{
		name: "a snapshot's LSN, by its name, MANIFEST and digest",
		tests: []string{
			"TestHardCase20_RottenSnapshot/renamed to another LSN",
		},
		edits: []change{
			{"snapshot/reader.go", "; ok && lsn != r.meta.LSN {\n",
				"; ok && lsn == 0 {\n"},
			{"recovery/choose.go", "\tcase m.LSN != ref.LSN:\n",
				"\tcase false:\n"},
			{"recovery/choose.go", "\tcase found.Digest != ref.Digest || found.Entries != ref.Entries || found.Size != ref.Size:\n",
				"\tcase false:\n"},
		},
	},
	{
		name: "the contents that MANIFEST remembers",
		tests: []string{
			"TestHardCase20_RottenSnapshot/sound, of the same LSN, with other contents",
		},
		edits: []change{
			{"recovery/choose.go", "\tcase found.Digest != ref.Digest || found.Entries != ref.Entries || found.Size != ref.Size:\n",
				"\tcase false:\n"},
		},
	},
	{
		name: "a snapshot's length",
		tests: []string{
			"TestHardCase20_RottenSnapshot/truncated",
			"TestHardCase20_RottenSnapshot/something appended",
		},
		edits: []change{
			{"recovery/choose.go", "\tcase f.size != ref.Size:\n",
				"\tcase false:\n"},
		},
	},
	{
		name: "a rotten snapshot is kept in quarantine",
		tests: []string{
			"TestHardCase20_RottenSnapshot/rot in its block",
			"TestHardCase20_RottenSnapshot/truncated",
		},
		edits: []change{
			{"recovery/mend.go", "\t\t{\"set a rotten snapshot aside\", m.setAside},\n",
				""},
		},
	},
	{
		name: "a reader looks again before it says damage",
		tests: []string{
			"TestHardCase21_ReaderBesideAWriter/before each call of the reader, a commit",
		},
		edits: []change{
			{"recovery/replay.go", "\t\tif again {\n",
				"\t\tif again || x != nil {\n"},
			{"recovery/open.go", "\t\tif !mayBeAlive(err) || n == attempts {\n",
				"\t\tif err != nil {\n"},
		},
	},
	{
		name: "a reader starts again when files have gone",
		tests: []string{
			"TestHardCase21_ReaderBesideAWriter/before each call of the reader, two compactions",
		},
		edits: []change{
			{"recovery/open.go", "\t\tif !mayBeAlive(err) || n == attempts {\n",
				"\t\tif err != nil {\n"},
		},
	},
	{
		name: "a reader starts again, and again",
		tests: []string{
			"TestHardCase21_ReaderBesideAWriter/before each call of the reader, two compactions",
			"TestHardCase21_ReaderBesideAWriter/before each call of the reader, compactions, rotations and commits",
		},
		edits: []change{
			{"engine/readonly.go", "const refreshAttempts = 20\n",
				"const refreshAttempts = 1\n"},
		},
	},
	{
		name: "a reader waits for the store",
		tests: []string{
			"TestHardCase21_ReaderBesideAWriter/before the store exists",
		},
		edits: []change{
			{"engine/readonly.go", "\tif !f.found {\n",
				"\tif false {\n"},
		},
	},
	{
		name: "what cannot be read yet is unfinished",
		tests: []string{
			"TestHardCase21_ReaderBesideAWriter/at every step of the writer, sector by sector",
		},
		edits: []change{
			{"wal/follower.go", "\treturn errors.As(err, &invalid) || errors.Is(err, io.ErrUnexpectedEOF)\n",
				"\treturn errors.As(err, &invalid) && invalid.Reason == EndOfData || errors.Is(err, io.ErrUnexpectedEOF)\n"},
		},
	},
	{
		name: "an open reader shows only what is proven",
		tests: []string{
			"TestHardCase21_ReaderBesideAWriter/at every step of the writer, sector by sector",
		},
		edits: []change{
			{"recovery/replay.go", "\tend := look.synced.from\n",
				"\tend := look.off\n"},
		},
	},
	{
		name: "SYNCED is the truth",
		tests: []string{
			"TestHardCase22_LazyModes/never",
			"TestHardCase22_LazyModes/interval 10ms",
		},
		edits: []change{
			{"wal/tail.go", "\tif t.unsynced == 0 {\n\t\tflags |= FlagSynced\n",
				"\tif t.unsynced >= 0 {\n\t\tflags |= FlagSynced\n"},
		},
	},
	{
		name: "a segment is synced before it is left",
		tests: []string{
			"TestHardCase22_LazyModes/never",
			"TestHardCase22_LazyModes/interval 10ms",
		},
		edits: []change{
			{"wal/rotate.go", "\tif err := t.sync(l); err != nil {\n",
				"\tif err := error(nil); err != nil {\n"},
		},
	},
	{
		name: "the log is synced up to a snapshot",
		tests: []string{
			"TestHardCase22_LazyModes/never",
		},
		edits: []change{
			{"engine/compact.go", "\tif err := db.log.Sync(ctx); err != nil {\n\t\treturn ref, false, err\n\t}\n\tif d := db.log.Durable(); d < lsn {\n",
				"\tif d := lsn; d < lsn {\n"},
		},
	},
	{
		name: "a commit may ask to be durable",
		tests: []string{
			"TestHardCase22_LazyModes/never",
			"TestHardCase22_LazyModes/interval 10ms",
		},
		edits: []change{
			{"wal/batch.go", "\tb.sync = b.sync || d == Durable\n",
				""},
		},
	},
	{
		name: "the reach grows with the frame",
		tests: []string{
			"TestHardCase23_Sizes/a frame larger than the reach",
		},
		edits: []change{
			{"wal/rotate.go", "\t\tReach:    max(l.o.reach(), need),\n",
				"\t\tReach:    l.o.reach(),\n"},
		},
	},
	{
		name: "the limit of a record",
		tests: []string{
			"TestHardCase23_Sizes/a record at the limit and over it",
		},
		edits: []change{
			{"engine/commit.go", "\tif limit := int64(db.opts.MaxTxSize); c.size > limit {\n",
				"\tif limit := int64(db.opts.MaxTxSize); c.size > limit+1 {\n"},
		},
	},
	{
		name: "a torn MARK is a tear",
		tests: []string{
			"TestHardCase23_Sizes/rot in a MARK",
		},
		edits: []change{
			{"recovery/cursor.go", "\tc.frames++\n",
				"\tc.frames++\n\tc.sealed = c.sealed || c.frames == 2\n"},
		},
	},
	{
		name: "a MARK with frames behind it is not skipped",
		tests: []string{
			"TestHardCase23_Sizes/rot in a MARK with frames behind it",
		},
		edits: []change{
			{"recovery/classify.go", "\tif proof >= 0 {\n",
				"\tif false {\n"},
		},
	},
	{
		name:  "a file whose sync failed is never published",
		tests: []string{"TestHardCase08_FailedSyncOfAFile"},
		edits: cut("recovery/publish.go", "\tif err := tmp.Sync(); err != nil {\n", "\tif err := tmp.Sync(); err != nil && tmp.Sync() != nil {\n"),
	},
	{
		name:  "a new directory's parent is synced",
		tests: []string{"TestHardCase15_EveryStep/of creation"},
		edits: cut("vfs/vfs.go", "\treturn fsys.SyncDir(parent)\n", "\treturn nil\n"),
	},
	{
		name:  "MANIFEST's failed directory sync ends the log",
		tests: []string{"TestHardCase10_NewSegment/MANIFEST's directory's sync: fail"},
		edits: cut("recovery/publish.go", "\t\treturn &publishError{\"sync directory\", true, err}\n", "\t\treturn nil\n"),
	},
}
