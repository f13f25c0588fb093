package hardcases_test

// guards is every guard with the tests that hold it.
var guards = []guard{
	{
		name:  "body checksum",
		tests: []string{"TestHardCase01_TornLastFrame", "TestHardCase06_SectorsOutOfOrder"},
		edits: cut("wal/frame.go", "\t\treturn frameError(BadBodyCRC)\n", ""),
	},
	{
		name:  "the report names the cut",
		tests: []string{"TestHardCase01_TornLastFrame"},
		edits: cut("recovery/open.go", "\ts.Report.NextLSN = s.NextLSN\n", "\ts.Report.NextLSN, s.Report.Cut = s.NextLSN, nil\n"),
	},
	{
		name:  "what is cut is kept in quarantine",
		tests: []string{"TestHardCase01_TornLastFrame"},
		edits: cut("recovery/mend.go", "\t\t{\"keep a copy of the torn tail\", m.keepTail},\n", ""),
	},
	{
		name: "rule 4: a SYNCED frame behind X",
		tests: []string{
			"TestHardCase02_RotMidLog/every byte of a frame", "TestHardCase02_RotMidLog/the proof is a MARK",
			"TestHardCase03_FlippedLength/mid-log",
		},
		edits: cut("recovery/classify.go", "\tif proof >= 0 {\n", "\tif false {\n"),
	},
	{
		name:  "rule 1: the end that the next header declares",
		tests: []string{"TestHardCase02_RotMidLog/in an older segment"},
		edits: cut("recovery/replay.go", "\tif c.off < end {\n", "\tif false {\n"),
	},
	{
		name:  "header checksum",
		tests: []string{"TestHardCase03_FlippedLength/mid-log", "TestHardCase03_FlippedLength/huge, in the last frame, allocates nothing"},
		edits: cut("wal/frame.go", "\tif frameHeaderCRC(b, salt) != h.HeaderCRC {\n", "\tif false {\n"),
	},
	{
		name:  "link to the frame before",
		tests: []string{"TestHardCase03_FlippedLength/of the same length, signed again: the chain breaks"},
		edits: cut("wal/scanner.go", "\t\tcase h.PrevLink != sc.link:\n", "\t\tcase false:\n"),
	},
	{
		name: "the LSN that a proof must reach",
		tests: []string{
			"TestHardCase04_ForeignBytes/the log's own bytes as a value, the header around them lost",
		},
		edits: []change{
			{"recovery/classify.go", "\t\t\tif valid && f.header.FirstLSN >= lsn {\n",
				"\t\t\tif valid {\n"},
		},
	},
	{
		name: "the inside of a torn frame is no evidence",
		tests: []string{
			"TestHardCase04_ForeignBytes/a twin's later bytes as a value",
		},
		edits: []change{
			{"recovery/classify.go", "\t\tfrom += p.header.Size()\n",
				"\t\tfrom += wal.FrameHeaderSize\n"},
		},
	},
	{
		name: "salt",
		tests: []string{
			"TestHardCase04_ForeignBytes/another segment's frames behind the end",
		},
		edits: []change{
			{"wal/frame.go", "\ttable := castagnoli()\n\tcrc := ^uint32(0)\n",
				"\ttable := castagnoli()\n\tsalt = 0\n\tcrc := ^uint32(0)\n"},
		},
	},
	{
		name: "UUID in segments",
		tests: []string{
			"TestHardCase04_ForeignBytes/a segment of another store",
			"TestHardCase04_ForeignBytes/MANIFEST of another store",
		},
		edits: []change{
			{"recovery/attempt.go", "\tcase h.Store != store:\n",
				"\tcase false:\n"},
		},
	},
	{
		name: "UUID in snapshots",
		tests: []string{
			"TestHardCase04_ForeignBytes/a snapshot of another store",
		},
		edits: []change{
			{"recovery/choose.go", "\tcase m.Store != store:\n",
				"\tcase false:\n"},
		},
	},
	{
		name: "rule 3: zeros are a clean end",
		tests: []string{
			"TestHardCase05_Zeros/a zero tail after a power cut, filled ahead",
			"TestHardCase05_Zeros/a zero tail after a power cut, appended",
		},
		edits: []change{
			{"recovery/classify.go", "\tif end == p.at {\n",
				"\tif false {\n"},
		},
	},
	{
		name: "zeros end the log only when nothing is behind them",
		tests: []string{
			"TestHardCase05_Zeros/in the middle",
		},
		edits: []change{
			{"recovery/classify.go", "\tif end == p.at {\n",
				"\tif end == p.at || p.reason == wal.EndOfData {\n"},
		},
	},
	{
		name: "rule 2: what a snapshot proves",
		tests: []string{
			"TestHardCase05_Zeros/where a snapshot says there was more",
		},
		edits: []change{
			{"recovery/classify.go", "\tif p.lsn <= p.covered {\n",
				"\tif false {\n"},
		},
	},
	{
		name: "a rotten snapshot proves it too",
		tests: []string{
			"TestHardCase05_Zeros/where a snapshot says there was more",
		},
		edits: []change{
			{"recovery/attempt.go", "\ta.covered = newestLSN(&a.manifest)\n",
				"\ta.covered = 0\n"},
			{"recovery/choose.go", "\t\t\ta.lastLSN = ref.LSN\n",
				"\t\t\ta.lastLSN, a.covered = ref.LSN, ref.LSN\n"},
		},
	},
	{
		name: "rule 5 knows how much may stand unsynced",
		tests: []string{
			"TestHardCase06_SectorsOutOfOrder",
			"TestHardCase01_TornLastFrame",
		},
		edits: []change{
			{"recovery/classify.go", "\tif reach := p.segment.Header.Reach; end-p.at > reach {\n",
				"\tif reach := int64(256); end-p.at > reach {\n"},
		},
	},
	{
		name: "the tail is cut off",
		tests: []string{
			"TestHardCase07_AppendBehindATear/no stale suffix",
		},
		edits: []change{
			{"recovery/mend.go", "\t\t{\"cut the torn tail\", m.cut},\n",
				""},
		},
	},
	{
		name: "behind a cut the LSNs jump, into a new segment",
		tests: []string{
			"TestHardCase07_AppendBehindATear/no stale suffix",
		},
		edits: []change{
			{"recovery/mend.go", "const jump = 1 << 20\n",
				"const jump = 0\n"},
		},
	},
	{
		name: "a stale suffix: neither cut nor left behind",
		tests: []string{
			"TestHardCase07_AppendBehindATear/no stale suffix",
		},
		edits: []change{
			{"recovery/mend.go", "const jump = 1 << 20\n",
				"const jump = 0\n"},
			{"recovery/mend.go", "\t\t{\"cut the torn tail\", m.cut},\n",
				""},
		},
	},
	{
		name: "only a SEAL ends a segment, no MARK",
		tests: []string{
			"TestHardCase07_AppendBehindATear/clean close, reopen, append, tear",
		},
		edits: []change{
			{"recovery/cursor.go", "covered: covered, sealed: c.sealed}\n",
				"covered: covered, sealed: c.marked}\n"},
		},
	},
	{
		name: "a failed sync is not retried",
		tests: []string{
			"TestHardCase08_FailedSync",
		},
		edits: []change{
			{"wal/sync.go", "\tif err := t.file.DataSync(); err != nil {\n",
				"\tif err := t.file.DataSync(); err != nil && t.file.DataSync() != nil {\n"},
		},
	},
	{
		name: "recovery writes again what is not proven",
		tests: []string{
			"TestHardCase08_FailedSync/sync lost/restart, serve, append, power cut, all lost",
		},
		edits: []change{
			{"recovery/mend.go", "\t\t_, err := f.WriteAt(buf, frame.Offset)\n\t\treturn err\n",
				"\t\treturn nil\n"},
		},
	},
	{
		name: "the rewrite is synced",
		tests: []string{
			"TestHardCase09_KilledBeforeSync/all lost",
		},
		edits: []change{
			{"recovery/mend.go", "\tif err := f.Sync(); err != nil {\n\t\treturn err\n\t}\n\tm.report.RewrittenBytes",
				"\tm.report.RewrittenBytes"},
		},
	},
	{
		name: "a reader shows only what is proven",
		tests: []string{
			"TestHardCase09_KilledBeforeSync/read-only",
		},
		edits: []change{
			{"recovery/replay.go", "\tend := look.synced.from\n",
				"\tend := look.off\n"},
		},
	},
	{
		name: "the directory is synced behind a new segment",
		tests: []string{
			"TestHardCase10_NewSegment/a power cut at every step",
		},
		edits: []change{
			{"wal/rotate.go", "\tif err := l.o.FS.SyncDir(l.o.Dir); err != nil {\n",
				"\tif err := error(nil); err != nil {\n"},
		},
	},
	{
		name: "an unlisted segment is published again",
		tests: []string{
			"TestHardCase10_NewSegment/killed before the directory's sync",
		},
		edits: []change{
			{"recovery/mend.go", "\tif err := publish(m.fs, name, func(f vfs.File) error {\n\t\t_, err := f.WriteAt(block, 0)\n\t\treturn err\n\t}); err != nil {\n\t\treturn err\n\t}\n",
				"\t_ = block\n"},
		},
	},
	{
		name: "a failed directory sync ends the log",
		tests: []string{
			"TestHardCase10_NewSegment/the directory's sync: fail",
		},
		edits: []change{
			{"wal/rotate.go", "\t\treturn nil, &LogError{Op: \"sync\", File: l.o.Dir, Err: err}\n",
				"\t\t_ = err\n"},
		},
	},
	{
		name: "the number in the header",
		tests: []string{
			"TestHardCase12_SegmentsAmiss/duplicated as the next",
			"TestHardCase12_SegmentsAmiss/duplicated over the next",
			"TestHardCase12_SegmentsAmiss/two exchanged",
		},
		edits: []change{
			{"recovery/attempt.go", "\tcase h.Seq != seq:\n",
				"\tcase false:\n"},
		},
	},
	{
		name: "MANIFEST lists the segments",
		tests: []string{
			"TestHardCase12_SegmentsAmiss/a middle one missing",
			"TestHardCase12_SegmentsAmiss/the last one missing",
		},
		edits: []change{
			{"recovery/attempt.go", "\tif next <= m.Active {\n\t\treturn a.missing(next)\n\t}\n\treturn nil\n",
				"\treturn nil\n"},
		},
	},
	{
		name: "no segment but the next may be unlisted",
		tests: []string{
			"TestHardCase12_SegmentsAmiss/duplicated far behind",
		},
		edits: []change{
			{"recovery/attempt.go", "\t\tdefault:\n\t\t\treturn &CorruptionError{File: segmentPath(a.o.Dir, s.number), Offset: -1,\n",
				"\t\tcase s.number == 0:\n\t\t\treturn &CorruptionError{File: segmentPath(a.o.Dir, s.number), Offset: -1,\n"},
		},
	},
	{
		name: "an unlisted segment holds no frame",
		tests: []string{
			"TestHardCase12_SegmentsAmiss/one too many, with a frame",
		},
		edits: []change{
			{"recovery/replay.go", "\tif end > wal.HeaderBlock {\n",
				"\tif end < 0 {\n"},
		},
	},
	{
		name: "the declared end is authoritative",
		tests: []string{
			"TestHardCase12_SegmentsAmiss/cut at a record's boundary in the middle",
			"TestHardCase12_SegmentsAmiss/cut before its first frame",
			"TestHardCase12_SegmentsAmiss/only its SEAL cut off",
		},
		edits: []change{
			{"recovery/replay.go", "\tif c.off < end {\n",
				"\tif false {\n"},
		},
	},
	{
		name: "the directory is synced behind a snapshot",
		tests: []string{
			"TestHardCase14_RenameAndUnlink/the unlinks are durable, the renames are not",
		},
		edits: []change{
			{"snapshot/publish.go", "\tif err := p.fsys.SyncDir(p.dir); err != nil {\n",
				"\tif err := error(nil); err != nil {\n"},
		},
	},
	{
		name: "the directory is synced behind MANIFEST",
		tests: []string{
			"TestHardCase14_RenameAndUnlink/the unlinks are durable, the renames are not",
		},
		edits: []change{
			{"recovery/publish.go", "\tif err := fsys.SyncDir(vfs.Dir(name)); err != nil {\n",
				"\tif err := error(nil); err != nil {\n"},
		},
	},
	{
		name: "recovery replaces MANIFEST before it removes anything",
		tests: []string{
			"TestHardCase14_RenameAndUnlink/killed before MANIFEST is durable",
		},
		edits: []change{
			{"recovery/mend.go", "\t\t{\"replace MANIFEST\", m.replaceManifest},\n",
				""},
		},
	},
	{
		name:  "rule 5: too far from the end for a tear",
		tests: []string{"TestHardCase02_RotMidLog/further from the end than a tear can be"},
		edits: cut("recovery/classify.go", "end-p.at > reach {\n", "end-p.at > 1000*reach {\n"),
	},
}
