package gallery

import (
	"time"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// living are stores that are in use, or whose surroundings misbehave.
func living() []Case {
	return []Case{{
		Number: 16, Name: "16-held-by-a-process", Look: "@2",
		Story: "Another process has the store open. Whoever looks does not disturb it.",
		build: func(w *shop) {
			w.open()
			w.order(2)
			must(w.db.Sync(w.ctx))
			w.become(w.disk.Kill())
			w.lock = livingPID
		},
	}, {
		Number: 16, Name: "16-lock-file-without-a-pid", Look: "@2",
		Story: "LOCK holds something that is no process ID; the store was closed in order.",
		build: func(w *shop) {
			w.open()
			w.order(2)
			w.close()
			w.lock = "me, on Monday\n"
		},
	}, {
		Number: 17, Name: "17-clock-backwards", Look: "@3",
		Story: "The clock was a year ahead, and was then set right. Order comes from the LSNs.",
		build: func(w *shop) {
			w.now = w.now.AddDate(1, 0, 0)
			w.open()
			w.order(2)
			w.now = w.now.AddDate(-1, 0, 0)
			w.order(2)
			w.now = w.now.Add(-time.Hour)
			w.order(1)
			w.close()
		},
	}, {
		Number: 18, Name: "18-unreadable", Look: "@3", Unreadable: "0000000000000001.wal", Fault: 4300,
		Story: "The disk cannot read a part of the log and says so. That is no end of the log, no tear\n" +
			"and no damage: nobody knows what is there.",
		build: func(w *shop) {
			w.open()
			w.order(6)
			w.close()
		},
	}, {
		Number: 21, Name: "21-writer-at-work", Look: "@3",
		Story: "A process has the store open and is writing its third order at this very moment: half of\n" +
			"the frame is there.",
		build: func(w *shop) {
			w.open()
			w.order(2)
			w.cutDuring(crashfs.OpDataSync, "*.wal", crashfs.KeepOnly(0), func() { _ = w.big(900) })
			w.lock = livingPID
		},
	}}
}
