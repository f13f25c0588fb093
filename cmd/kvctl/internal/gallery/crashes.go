package gallery

import (
	"errors"
	"syscall"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/vfs"
)

// crashes are ends of processes and machines in the middle of something.
func crashes() []Case {
	return []Case{{
		Number: 8, Name: "08-failed-sync", Look: "@4",
		Story: "Three orders were taken. The disk reported an error for the sync of the fourth, whose\n" +
			"writer was told that nobody knows its outcome. The program ended; the machine is up.",
		build: func(w *shop) {
			w.open()
			w.order(3)
			w.disk.Inject(crashfs.Fault{On: crashfs.OpDataSync, Name: "*.wal", Do: crashfs.SyncLost})
			_ = w.take("")
			w.become(w.disk.Kill())
		},
	}, {
		Number: 9, Name: "09-killed-before-sync", Look: "@3",
		Story: "Two orders were taken. The program was killed after it had written the third and before\n" +
			"it was synced: whole in the memory of the machine, perhaps not on the disk.",
		build: func(w *shop) {
			w.open()
			w.order(2)
			w.killDuring(crashfs.OpDataSync, "*.wal", func() { _ = w.take("") })
		},
	}, {
		Number: 10, Name: "10-rotation-interrupted", Look: "/wal/0000000000000002.wal@0",
		Story: "The first log file was full, and the second was made. The power went before MANIFEST\n" +
			"knew of it.",
		build: func(w *shop) {
			w.open()
			w.cutDuring(crashfs.OpCreateTemp, "MANIFEST", crashfs.LoseAll, func() {
				for w.big(700) == nil {
				}
			})
		},
	}, {
		Number: 11, Name: "11-disk-full", Look: "@4",
		Story: "The disk was full in the middle of writing the fourth order. Its writer was told so,\n" +
			"and the program ended.",
		build: func(w *shop) {
			w.open()
			w.order(3)
			w.disk.Inject(crashfs.Fault{On: crashfs.OpWrite, Name: "*.wal", Do: crashfs.Fail, Short: 512, Err: noRoom})
			_ = w.big(900)
			w.become(w.disk.Kill())
		},
	}, {
		Number: 15, Name: "15-crash-inside-recovery", Look: "@3",
		Story: "The power went during the third order, which left a torn tail. The next start kept a\n" +
			"copy of it in quarantine, and the power went again before the tail was cut off.",
		build: func(w *shop) {
			w.open()
			w.order(2)
			w.cutDuring(crashfs.OpDataSync, "*.wal", crashfs.KeepOnly(0), func() { _ = w.big(900) })
			w.crashedOpen(crashfs.OpTruncate, "*.wal")
		},
	}, {
		Number: 15, Name: "15-crash-inside-compaction", Look: "/MANIFEST@0",
		Story: "Four orders were taken and a snapshot was written under its name; the power went before\n" +
			"MANIFEST listed it.",
		build: func(w *shop) {
			w.open()
			w.order(4)
			n := 0
			w.disk.SetHook(func(c *crashfs.Call) {
				// The first replacement is the rotation's, the second lists the snapshot.
				if c.Op == crashfs.OpCreateTemp && vfs.Base(c.Name) == recovery.ManifestName {
					if n++; n == 2 {
						w.disk.Stop()
					}
				}
			})
			_, _ = w.db.Compact(w.ctx)
			w.become(w.disk.Point().Crash(crashfs.KeepAll))
		},
	}}
}

// noRoom is what a full disk says.
const noRoom = syscall.ENOSPC

// crashedOpen opens the store and cuts the power before a step of its recovery.
func (w *shop) crashedOpen(op crashfs.Op, pattern string) {
	var p *crashfs.Point
	w.when(op, pattern, func() {
		p = w.disk.Point()
		w.disk.Stop()
	})
	_, err := w.tryOpen()
	if err == nil || p == nil {
		must(errors.New("the moment of the power cut never came"))
	}
	w.become(p.Crash(crashfs.KeepAll))
}
