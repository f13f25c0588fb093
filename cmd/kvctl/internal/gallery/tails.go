package gallery

import (
	"bytes"
	"encoding/binary"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// tails are what happens to frames: the ends of logs, and rot in the middle.
func tails() []Case {
	return []Case{{
		Number: 1, Name: "01-torn-last-frame", Look: "@5",
		Story: "Four orders were taken. The power went while the fifth was on its way to the disk:\n" +
			"the first sector of it arrived, the rest did not. Nobody was told that it is safe.",
		build: func(w *shop) {
			w.open()
			w.order(4)
			w.cutDuring(crashfs.OpDataSync, "*.wal", crashfs.KeepOnly(0), func() { _ = w.big(900) })
		},
	}, {
		Number: 2, Name: "02-rot-mid-log", Look: "@3",
		Story: "Six orders were taken and the program ended in order. Later a bit of the third\n" +
			"order flipped on the disk.",
		build: func(w *shop) {
			w.open()
			w.order(6)
			w.close()
			w.flip(segment(1), w.frameOf(1, 3).off+60)
		},
	}, {
		Number: 3, Name: "03-length-flipped-huge", Look: "@3",
		Story: "Six orders were taken. Later the length in the third frame's header turned into a\n" +
			"gigabyte.",
		build: func(w *shop) {
			w.open()
			w.order(6)
			w.close()
			w.poke(segment(1), w.frameOf(1, 3).off+4, binary.LittleEndian.AppendUint32(nil, 1<<30))
		},
	}, {
		Number: 3, Name: "03-frame-forged", Look: "/wal/0000000000000001.wal@4336 --limit 2",
		Story: "Six orders were taken. Then somebody edited the third in the file, and computed the\n" +
			"checksums of its frame again. The next frame still names the one that was there.",
		build: func(w *shop) {
			w.open()
			w.order(6)
			w.close()
			f := w.frameOf(1, 3)
			b := w.read(segment(1))[f.off:f.end]
			copy(b[bytes.Index(b, []byte("sieve")):], "sword")
			resign(b, w.salt(1))
			w.poke(segment(1), f.off, b)
		},
	}, {
		Number: 5, Name: "05-zero-tail", Look: "/wal/0000000000000001.wal@4336",
		Story: "Three orders were taken. The power went during the fourth: nothing of it arrived, but\n" +
			"the space that was made ready for it. That is a clean end.",
		build: func(w *shop) {
			w.open()
			w.order(3)
			w.cutDuring(crashfs.OpDataSync, "*.wal", func(_ int, e *crashfs.Effect) crashfs.Fate {
				if e.Kind == crashfs.Size {
					return crashfs.Keep
				}
				return crashfs.Lose
			}, func() { _ = w.take("") })
		},
	}, {
		Number: 5, Name: "05-zeros-in-the-middle", Look: "@3",
		Story: "Six orders were taken and the program ended in order. Later the disk gave zeros for\n" +
			"the sector with the third order and a part of the fourth.",
		build: func(w *shop) {
			w.open()
			w.order(6)
			w.close()
			f := w.frameOf(1, 3)
			w.zero(segment(1), f.off, f.end+24)
		},
	}, {
		Number: 5, Name: "05-zeros-before-a-snapshot", Look: "@3",
		Story: "Three orders were taken, and a snapshot was made of them. Later the end of the log's\n" +
			"first file turned into zeros. The snapshot has it all.",
		build: func(w *shop) {
			w.open()
			w.order(3)
			w.compact()
			w.order(1)
			w.close()
			f := w.frameOf(1, 3)
			w.zero(segment(1), f.off, int64(len(w.read(segment(1)))))
		},
	}, {
		Number: 6, Name: "06-sectors-out-of-order", Look: "@3",
		Story: "Two orders were taken. The power went during a third, a long one: its last sectors\n" +
			"reached the disk, its first did not.",
		build: func(w *shop) {
			w.open()
			w.order(2)
			w.cutDuring(crashfs.OpDataSync, "*.wal", crashfs.LoseOnly(0), func() { _ = w.big(1800) })
		},
	}, {
		Number: 7, Name: "07-torn-twice", Look: "@1048580",
		Story: "The power went during the third order; the program was started again, which cut the\n" +
			"torn tail off and kept it in quarantine, and took two orders more. During the next\n" +
			"the power went again.",
		build: func(w *shop) {
			w.open()
			w.order(2)
			w.cutDuring(crashfs.OpDataSync, "*.wal", crashfs.KeepOnly(0), func() { _ = w.big(900) })
			w.open()
			w.order(2)
			w.cutDuring(crashfs.OpDataSync, "*.wal", crashfs.KeepOnly(0), func() { _ = w.big(900) })
		},
	}, {
		Number: 7, Name: "07-snapshot-behind-a-tear", Look: "@1048579",
		Story: "The power went during the third order; the program was started again, which cut the\n" +
			"torn tail off, took an order more, made a snapshot of all, and took another. The LSNs\n" +
			"jumped at the cut: no commit has those between.",
		build: func(w *shop) {
			w.open()
			w.order(2)
			w.cutDuring(crashfs.OpDataSync, "*.wal", crashfs.KeepOnly(0), func() { _ = w.big(900) })
			w.open()
			w.order(1)
			w.compact()
			w.order(1)
			w.close()
		},
	}, {
		Number: 22, Name: "22-lazy-mode", Look: "@3",
		Story: "The program runs in durability Never: the system writes when it likes. Two orders were\n" +
			"synced, four more were not when the power went. The first of these did not reach the\n" +
			"disk, the others did.",
		build: func(w *shop) {
			w.open(func(o *engine.Options) { o.Durability = engine.Never })
			w.order(2)
			must(w.db.Sync(w.ctx))
			for range 4 {
				must(w.big(500))
				// Told that it is taken, and not that it is durable.
				w.ledger.Commits[len(w.ledger.Commits)-1].Acked = false
			}
			w.cut(crashfs.LoseOnly(0, 1))
		},
	}, {
		Number: 23, Name: "23-large-record-torn", Look: "@3",
		Story: "An order larger than a log file was on its way, in a file of its own, when the power\n" +
			"went. Its middle is missing.",
		build: func(w *shop) {
			w.open()
			w.order(2)
			w.cutDuring(crashfs.OpDataSync, "0000000000000002.wal", func(_ int, e *crashfs.Effect) crashfs.Fate {
				if e.Kind == crashfs.Data && e.Off >= 8192 && e.Off < 12288 {
					return crashfs.Lose
				}
				return crashfs.Keep
			}, func() { _ = w.big(20000) })
		},
	}, {
		Number: 23, Name: "23-rot-in-a-mark", Look: "@4",
		Story: "Three orders were taken and the program ended in order, with a MARK, an empty frame that\n" +
			"proves the last order durable. The MARK rotted.",
		build: func(w *shop) {
			w.open()
			w.order(3)
			w.close()
			w.flip(segment(1), w.lastFrame(1).off+20)
		},
	}}
}
