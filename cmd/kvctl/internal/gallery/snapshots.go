package gallery

import (
	"bytes"
	"encoding/binary"
	"time"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/recovery"
)

// twoSnapshots is a store with two snapshots and a log that goes back to the
// older one.
func (w *shop) twoSnapshots() {
	w.open()
	w.order(3)
	w.compact()
	w.order(3)
	w.compact()
	w.order(2)
	w.close()
}

// block is where the first block of a snapshot begins.
func (w *shop) block(lsn uint64) int64 {
	return 16 + int64(binary.LittleEndian.Uint32(w.read(snap(lsn))[8:]))
}

func snapshots() []Case {
	return []Case{{
		Number: 13, Name: "13-rotten-one-set-aside", Look: "/MANIFEST@0",
		Story: "The newest of two snapshots had rotted. The program fell back on the older one and the\n" +
			"log, set the rotten one aside, and made a third.",
		build: func(w *shop) {
			w.twoSnapshots()
			w.flip(snap(6), w.block(6)+40)
			w.open()
			w.order(1)
			w.compact()
			w.close()
		},
	}, {
		Number: 20, Name: "20-newest-snapshot-rotten", Look: "/snap/0000000000000006.snap@0",
		Story: "A bit flipped in the newest of two snapshots.",
		build: func(w *shop) {
			w.twoSnapshots()
			w.flip(snap(6), w.block(6)+40)
		},
	}, {
		Number: 20, Name: "20-snapshot-truncated", Look: "/snap/0000000000000006.snap@0",
		Story: "The newest of two snapshots lost its end.",
		build: func(w *shop) {
			w.twoSnapshots()
			w.truncate(snap(6), 200)
		},
	}, {
		Number: 20, Name: "20-snapshot-renamed", Look: "/snap/0000000000000006.snap@0",
		Story: "Somebody copied the older snapshot over the newer one.",
		build: func(w *shop) {
			w.twoSnapshots()
			w.place(snap(6), w.read(snap(3)))
		},
	}, {
		Number: 20, Name: "20-both-snapshots-rotten", Look: "/snap/0000000000000006.snap@0",
		Story: "Both snapshots rotted, and the log does not go back to the beginning any more.",
		build: func(w *shop) {
			w.twoSnapshots()
			w.flip(snap(6), w.block(6)+40)
			w.flip(snap(3), w.block(3)+40)
		},
	}, {
		Number: 20, Name: "20-only-snapshot-rotten", Look: "/snap/0000000000000090.snap@0",
		Story: "The store was restored from a backup, so that a snapshot is all there is of the past, and\n" +
			"two orders were taken since. Then one block of the snapshot rotted.",
		build: func(w *shop) {
			w.open()
			for range 90 {
				must(w.big(2000))
			}
			w.restore()
			w.open()
			w.order(2)
			w.close()
			w.flip(snap(90), w.block(90)+70000)
		},
	}}
}

// restore backs the store up, and goes on with a new one that is made of the
// backup.
func (w *shop) restore() {
	var backup bytes.Buffer
	_, err := w.db.Backup(w.ctx, &backup)
	must(err)
	w.close()
	w.become(crashfs.New(crashfs.Options{}))
	seed := uint64(99)
	_, _, err = recovery.Restore(w.ctx, recovery.RestoreOptions{
		FS: w.disk, Dir: home, Now: func() time.Time { return w.now },
		Rand: func() uint64 { seed *= 0x9e3779b97f4a7c15; return seed },
	}, &backup)
	must(err)
}
