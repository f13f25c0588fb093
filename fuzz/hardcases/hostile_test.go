package hardcases_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/wal"
)

// A disk that may leave garbage in a sector while a part of it is written, the
// part that was durable included. Frames are not aligned to sectors (a frame of
// 48 bytes would take 512), so such a disk can take acknowledged commits. It is
// the one thing that the engine asks of a disk beyond what POSIX says, and this
// is all that it costs: frames in the very sector that was being written, at the
// end of the log. Nothing before them, never a wrong value, never a refusal.
func TestAHostileDiskCostsTheSectorThatWasBeingWritten(t *testing.T) {
	for _, sector := range []int64{512, 4096} {
		t.Run(fmt.Sprint(sector), func(t *testing.T) {
			fsys := crashfs.New(crashfs.Options{Mode: crashfs.Hostile, Atom: int(sector)})
			l := &ledger{states: []keys{{}}}
			db := open(t, fsys)
			points := l.watch(fsys)
			var ends []int64 // of the frames, by commit
			for i := range 40 {
				l.set(t, db, fmt.Sprintf("k%02d", i), "value")
				ends = append(ends, wal.HeaderBlock+int64(i+1)*frameSize(t, fsys))
			}
			most := 0
			for _, p := range points.list {
				for i, e := range p.Pending() {
					if e.Kind != crashfs.Data || !strings.HasSuffix(e.Name, ".wal") {
						continue
					}
					img := p.Crash(func(j int, _ *crashfs.Effect) crashfs.Fate {
						if j == i {
							return crashfs.Garble
						}
						return crashfs.Keep
					})
					sectorStart := e.Off / sector * sector
					owed := 0 // acknowledged, and before the sector
					for owed < p.acked && ends[owed] <= sectorStart {
						owed++
					}
					at := p.moment
					at.acked = owed
					db, err := engine.Open(dir, options(img))
					if err != nil {
						t.Fatalf("%v, sector at %d garbled: %v", p.moment, sectorStart, err)
					}
					n := at.check(t, db)
					_ = db.Close()
					most = max(most, p.acked-n)
					wantUsable(t, img, l.states[n])
				}
			}
			t.Logf("up to %d acknowledged commits of %d bytes were in the sector", most, frameSize(t, fsys))
			if most == 0 {
				t.Error("nothing was ever lost: the disk was not hostile")
			}
		})
	}
}

// frameSize is the size of each frame of a log in which all are alike.
func frameSize(t testing.TB, fsys *crashfs.FS) int64 {
	t.Helper()
	f := frames(t, copyOf(fsys), seg(1))[0]
	return f.end - f.off
}
