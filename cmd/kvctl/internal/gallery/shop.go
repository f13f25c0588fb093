package gallery

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path"
	"strings"
	"time"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

// Where a store lies on the simulated disk it is made on.
const home = "/store"

// Process IDs for lock files: nobody can have the first, somebody always has the
// second.
const (
	deadPID   = "99999999\n"
	livingPID = "1\n"
)

// failure is how a step of a story ends the story.
type failure struct{ err error }

func must(err error) {
	if err != nil {
		panic(failure{err})
	}
}

// shop is the program that writes a store, the disk it writes to, and what it
// knows of its commits.
type shop struct {
	ctx    context.Context
	disk   *crashfs.FS
	db     *engine.DB
	opens  uint64
	now    time.Time
	orders int
	ledger Ledger
	lock   string // what LOCK holds in the end
}

func newShop(ctx context.Context) *shop {
	return &shop{
		ctx: ctx, disk: crashfs.New(crashfs.Options{}),
		now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC),
	}
}

// open opens the store, which must work.
func (w *shop) open(change ...func(*engine.Options)) {
	db, err := w.tryOpen(change...)
	must(err)
	w.db, w.lock = db, deadPID
}

// tryOpen opens it with small sizes and without anything in the background.
func (w *shop) tryOpen(change ...func(*engine.Options)) (*engine.DB, error) {
	w.opens++
	random := rand.New(rand.NewPCG(w.opens, 7))
	o := &engine.Options{
		FS: w.disk, Clock: func() time.Time { return w.now }, Rand: random.Uint64,
		SegmentSize: 8 << 10, FillStep: 4 << 10, IdleMark: -1, SweepEvery: -1,
		Compaction: engine.CompactionOptions{Disabled: true},
	}
	for _, c := range change {
		c(o)
	}
	return engine.Open(home, o)
}

// close ends the program in order.
func (w *shop) close() {
	must(w.db.Close())
	w.lock = ""
}

// compact makes a snapshot.
func (w *shop) compact() {
	w.now = w.now.Add(time.Minute)
	_, err := w.db.Compact(w.ctx)
	must(err)
}

var goods = []string{"teapot", "cup", "kettle", "sieve", "tray"}

// order takes n orders, each a commit of its own, a minute apart.
func (w *shop) order(n int) {
	for range n {
		must(w.take(""))
	}
}

// big takes an order with a long note.
func (w *shop) big(n int) error {
	return w.take(" " + strings.Repeat("gift wrap, please. ", n/19+1)[:n])
}

// take takes one order and notes in the ledger what became of it.
func (w *shop) take(note string) error {
	w.orders++
	return w.commit(map[string]string{
		fmt.Sprintf("order/%d", 1000+w.orders): fmt.Sprintf("%d x %s%s", w.orders%3+1, goods[w.orders%len(goods)], note),
	})
}

// commit writes keys and waits for the disk.
func (w *shop) commit(set map[string]string, del ...string) error {
	w.now = w.now.Add(time.Minute)
	at := len(w.ledger.Commits)
	w.ledger.Commits = append(w.ledger.Commits, Commit{LSN: w.db.LSN() + 1, Set: set, Del: del})
	err := w.db.Update(w.ctx, func(tx *engine.Tx) error {
		for k, v := range set {
			if err := tx.Set(w.ctx, []byte(k), []byte(v)); err != nil {
				return err
			}
		}
		for _, k := range del {
			if err := tx.Delete(w.ctx, []byte(k)); err != nil {
				return err
			}
		}
		return nil
	})
	w.ledger.Commits[at].Acked = err == nil
	return err
}

// when arranges for do to run inside the next call of a kind, before it happens.
func (w *shop) when(op crashfs.Op, pattern string, do func()) {
	done := false
	w.disk.SetHook(func(c *crashfs.Call) {
		if ok, _ := path.Match(pattern, vfs.Base(c.Name)); ok && !done && c.Op&op != 0 {
			done = true
			do()
		}
	})
}

// cut is a power cut at this moment: the disk goes on with what fate keeps. What
// the dead process still wants to do reaches nobody.
func (w *shop) cut(fate crashfs.Chooser) { w.become(w.disk.Point().Crash(fate)) }

// become goes on with another disk; a process that had the old one open is dead.
func (w *shop) become(disk *crashfs.FS) {
	w.disk.Stop()
	w.disk = disk
	w.lock = deadPID
}

// cutDuring runs do, and cuts the power right before the first call of a kind
// that it makes. What do says of its outcome is not asked: nobody was there to
// hear it.
func (w *shop) cutDuring(op crashfs.Op, pattern string, fate crashfs.Chooser, do func()) {
	var p *crashfs.Point
	w.when(op, pattern, func() {
		p = w.disk.Point()
		w.disk.Stop()
	})
	do()
	if p == nil {
		must(errors.New("the moment of the power cut never came"))
	}
	w.become(p.Crash(fate))
}

// killDuring is cutDuring for a process that dies while the machine stays up.
func (w *shop) killDuring(op crashfs.Op, pattern string, do func()) {
	w.cutDuring(op, pattern, crashfs.KeepAll, do)
}

func segment(seq uint64) string { return vfs.Join(home, recovery.WALDir, wal.SegmentName(seq)) }
func snap(lsn uint64) string    { return vfs.Join(home, recovery.SnapshotDir, snapshot.Name(lsn)) }

const manifest = home + "/" + recovery.ManifestName
