package gallery

import (
	"bytes"
	"encoding/binary"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

// history is a store with three log files, ended in order.
func (w *shop) history() {
	w.open()
	for w.db.Metrics().Segments < 3 {
		must(w.big(700))
	}
	w.order(2)
	w.close()
}

// strangers are files that are missing, too many, in a wrong place, or of a newer
// program.
func strangers() []Case {
	return []Case{{
		Number: 4, Name: "04-own-bytes-in-a-value", Look: "@3",
		Story: "Two orders were taken. The third held a copy of the log itself as its note; the power\n" +
			"went, and the header of its frame did not reach the disk. What lies bare behind the\n" +
			"end looks like frames, and is none.",
		build: func(w *shop) {
			w.open()
			w.order(2)
			own := w.read(segment(1))[wal.HeaderBlock:w.lastFrame(1).end]
			w.killDuring(crashfs.OpDataSync, "*.wal", func() { _ = w.take(" " + string(own)) })
			f := w.lastFrame(1)
			w.zero(segment(1), f.off, f.off+wal.FrameHeaderSize)
		},
	}, {
		Number: 4, Name: "04-segment-of-another-store", Look: "/wal/0000000000000001.wal@0",
		Story: "Three orders were taken. Somebody copied a log file of another store over this one's.",
		build: func(w *shop) {
			other := newShop(w.ctx)
			other.opens = 100
			other.open()
			other.order(2)
			other.close()
			w.open()
			w.order(3)
			w.close()
			w.place(segment(1), other.read(segment(1)))
		},
	}, {
		Number: 12, Name: "12-segment-duplicated", Look: "/wal/0000000000000003.wal@0",
		Story: "A restore by hand went wrong: log file 2 was copied to the name of file 3 as well.",
		build: func(w *shop) {
			w.history()
			w.place(segment(3), w.read(segment(2)))
		},
	}, {
		Number: 12, Name: "12-middle-segment-missing", Look: "/wal/0000000000000003.wal@0",
		Story: "Somebody short of room removed a log file that looked old: the second of three.",
		build: func(w *shop) {
			w.history()
			w.remove(segment(2))
		},
	}, {
		Number: 12, Name: "12-last-segment-missing", Look: "/MANIFEST@0",
		Story: "The last of three log files is gone.",
		build: func(w *shop) {
			w.history()
			w.remove(segment(3))
		},
	}, {
		Number: 12, Name: "12-cut-at-a-record", Look: "@9",
		Story: "The second of three log files was cut short, right between two frames: by itself it\n" +
			"looks as if it ended there.",
		build: func(w *shop) {
			w.history()
			list := w.frames(2)
			w.truncate(segment(2), list[len(list)-3].off)
		},
	}, {
		Number: 12, Name: "12-manifest-missing", Look: "/wal/0000000000000001.wal@0",
		Story: "Everything is there but MANIFEST, which somebody deleted.",
		build: func(w *shop) {
			w.history()
			w.remove(manifest)
		},
	}, {
		Number: 14, Name: "14-old-manifest", Look: "/MANIFEST@0",
		Story: "A compaction removed the log file that its snapshots made unnecessary. Then the disk\n" +
			"gave the MANIFEST of before, as if its replacement had never become durable.",
		build: func(w *shop) {
			w.open()
			w.order(2)
			w.compact()
			old := w.read(manifest)
			w.order(2)
			w.compact()
			w.order(1)
			w.close()
			w.place(manifest, old)
		},
	}, {
		Number: 19, Name: "19-newer-frame", Look: "@4",
		Story: "Three orders were taken. Then a newer program wrote a frame of version 2, which this\n" +
			"one cannot read, and was killed. It looks like the end of a log, and must not be cut.",
		build: func(w *shop) {
			w.open()
			w.order(3)
			w.killDuring(crashfs.OpDataSync, "*.wal", func() { _ = w.take("") })
			f := w.lastFrame(1)
			b := w.read(segment(1))[f.off:f.end]
			b[20] = 2
			resign(b, w.salt(1))
			w.poke(segment(1), f.off, b)
		},
	}, {
		Number: 19, Name: "19-newer-record", Look: "@2",
		Story: "A newer program put a record of a kind that this one does not know between others.",
		build: func(w *shop) {
			w.open()
			w.order(1)
			f := w.lastFrame(1)
			raw := append([]byte{0x82, 9, 0x6e}, "a kind to come"...) // the CBOR of [9, "a kind to come"]
			b := wal.AppendFrame(nil, w.salt(1), f.Link(), 2, 1, wal.FlagSynced, raw)
			w.ledger.Commits = append(w.ledger.Commits, Commit{LSN: 2, Acked: true})
			w.killDuring(crashfs.OpWrites, "*.wal", func() { _ = w.take("") })
			w.ledger.Commits = w.ledger.Commits[:2]
			w.poke(segment(1), f.end, b)
			w.opens++
		},
	}, {
		Number: 19, Name: "19-newer-manifest", Look: "/MANIFEST@0",
		Story: "A newer program has had the store open: its MANIFEST is of version 2.",
		build: func(w *shop) {
			w.open()
			w.order(3)
			w.close()
			b := w.read(manifest)
			binary.LittleEndian.PutUint32(b[8:], 2)
			binary.LittleEndian.PutUint32(b[16:], castagnoli(b[8:16], b[20:]))
			w.place(manifest, b)
		},
	}, {
		Number: 13, Name: "13-log-of-last-week", Look: "/MANIFEST@0",
		Story: "Somebody put the log files of an older copy into place, and left MANIFEST and the\n" +
			"snapshot: the snapshot is newer than the log.",
		build: func(w *shop) {
			w.open()
			w.order(2)
			before := w.files(home + "/wal")
			w.order(2)
			w.compact()
			w.order(1)
			w.close()
			for name := range w.files(home + "/wal") {
				w.remove(name)
			}
			for name, b := range before {
				w.place(name, bytes.Clone(b))
			}
		},
	}, {
		Number: 12, Name: "12-wrong-directory", Look: "/notes.txt@0",
		Story: "The path is wrong by a letter: what lies there is no store.",
		build: func(w *shop) {
			must(vfs.MkdirAll(w.disk, home))
			w.place(home+"/notes.txt", []byte("buy tea\n"))
			w.place(home+"/accounts.db", []byte("SQLite format 3\x00"))
		},
	}}
}
