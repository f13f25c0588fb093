package hardcases_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// ledger is the other side of a history: what a store holds after each commit,
// and which of them were promised. Recovery owes a state between the two.
type ledger struct {
	mu     sync.Mutex
	states []keys // states[n] is what n commits make
	acked  int    // the first acked commits must survive
}

// set writes a key and keeps the books.
func (l *ledger) set(t testing.TB, db *engine.DB, key, value string) {
	t.Helper()
	if err := l.try(key, value, func() error { return db.Set(ctx, []byte(key), []byte(value)) }); err != nil {
		t.Fatalf("Set %q: %v", key, err)
	}
}

// try is set for a write that may fail; after a failed one no other may follow.
func (l *ledger) try(key, value string, write func() error) error {
	l.mu.Lock()
	l.states = append(l.states, with(l.states[len(l.states)-1], key, value))
	l.mu.Unlock()
	err := write()
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.acked = len(l.states) - 1
	}
	return err
}

// lazily is set for a commit that nobody promises yet; promise then does.
func (l *ledger) lazily(t testing.TB, db *engine.DB, key, value string) {
	t.Helper()
	l.mu.Lock()
	l.states = append(l.states, with(l.states[len(l.states)-1], key, value))
	l.mu.Unlock()
	if err := db.Set(ctx, []byte(key), []byte(value)); err != nil {
		t.Fatalf("Set %q: %v", key, err)
	}
}

// promise says that everything so far must survive.
func (l *ledger) promise() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.acked = len(l.states) - 1
}

// now is what recovery would owe if the power went at once.
func (l *ledger) now() moment {
	l.mu.Lock()
	defer l.mu.Unlock()
	return moment{ledger: l, acked: l.acked, issued: len(l.states) - 1}
}

// moment is a moment of a history: which commits were promised by then, and how
// many had been begun.
type moment struct {
	ledger        *ledger
	acked, issued int
	call          string // what was about to happen
}

func (m moment) String() string {
	return fmt.Sprintf("power cut before %s (%d of %d commits promised)", m.call, m.acked, m.issued)
}

// check holds a recovered store to the books: its state is that after n commits,
// and n is returned.
func (m moment) check(t testing.TB, db *engine.DB) (n int) {
	t.Helper()
	n, err := m.find(t, db)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// find is check where nothing may end the test.
func (m moment) find(t testing.TB, db *engine.DB) (n int, err error) {
	got := dump(t, db)
	for n := m.acked; n <= m.issued; n++ {
		if cmp.Equal(got, m.ledger.states[n]) {
			return n, nil
		}
	}
	return 0, fmt.Errorf("%v: the store holds %v\nwant one of the states from %v\nto %v\n%v", m,
		brief(got), brief(m.ledger.states[m.acked]), brief(m.ledger.states[m.issued]), db.RecoveryReport())
}

// points are the places of a history at which the power can go.
type points struct {
	fs     *crashfs.FS
	ledger *ledger
	mu     sync.Mutex
	list   []point
}

type point struct {
	*crashfs.Point
	moment
}

// watch notes, from now on, the state of the disk before every call that could
// change it, and what recovery would owe there. It needs a disk that nobody uses
// at the moment.
func (l *ledger) watch(fsys *crashfs.FS) *points {
	ps := &points{fs: fsys, ledger: l}
	fsys.SetHook(ps.note)
	return ps
}

// note is the hook.
func (ps *points) note(c *crashfs.Call) {
	if c.Op&crashfs.OpChanges == 0 || c.Op == crashfs.OpLock {
		return
	}
	p := point{ps.fs.Point(), ps.ledger.now()}
	p.call = c.String()
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.list = append(ps.list, p)
}

// chain is several hooks in one.
func chain(hooks ...func(*crashfs.Call)) func(*crashfs.Call) {
	return func(c *crashfs.Call) {
		for _, h := range hooks {
			h(c)
		}
	}
}

// each crashes at every point, in every way within the bound, and hands over
// what is left. Images that were seen with the same promises are left out.
func (ps *points) each(t testing.TB, b crashfs.Bound, check func(*crashfs.FS, moment)) {
	t.Helper()
	if len(ps.list) == 0 {
		t.Fatal("the disk was never touched")
	}
	b.Census = &crashfs.Census{}
	for _, p := range ps.list {
		b.Salt = uint64(p.acked)<<32 | uint64(p.issued)
		for img := range p.States(b) {
			check(img, p.moment)
		}
	}
	t.Log(b.Census.Counts())
}

// verdict is what a second look at an image that may have been mended owes:
// opening works, the state is legal, it stays the same, and writing works.
func verdict(t testing.TB, img *crashfs.FS, at moment, change ...option) {
	t.Helper()
	db, err := engine.Open(dir, options(img, change...))
	if err != nil {
		t.Fatalf("%v: %v", at, err)
	}
	defer db.Close() // should check end the test
	n := at.check(t, db)
	_ = db.Close()
	wantUsable(t, img, at.ledger.states[n], change...)
}

// set2 is set as a transaction with options of its commit.
func (l *ledger) set2(t testing.TB, db *engine.DB, key, value string, o ...engine.CommitOption) {
	t.Helper()
	err := l.try(key, value, func() error {
		return db.Update(ctx, func(tx *engine.Tx) error { return tx.Set(ctx, []byte(key), []byte(value)) }, o...)
	})
	if err != nil {
		t.Fatalf("Update %q: %v", key, err)
	}
}
