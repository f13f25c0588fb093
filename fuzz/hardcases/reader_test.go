package hardcases_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/vfs"
)

// sectors cuts a write into pieces of 512 bytes.
func sectors(n int) (list [][2]int) {
	for from := 0; from < n; from += 512 {
		list = append(list, [2]int{from, min(from+512, n)})
	}
	return list
}

func backwards(n int) (list [][2]int) {
	all := sectors(n)
	for i := range all {
		list = append(list, all[len(all)-1-i])
	}
	return list
}

// A reader in another process meets a frame that is half written, a rotation that
// is half done, a compaction that takes its files away. It never says "damage",
// never shows a torn state or one that a power cut could undo, and never goes
// back.
//
// Guards: only what a later frame proves durable is shown; what looks wrong is
// looked at again, with a new MANIFEST, before it is called wrong; a vanished
// segment means to start again from the snapshot; what cannot be read yet is
// unfinished.
func TestHardCase21_ReaderBesideAWriter(t *testing.T) {
	small := segments(8 << 10)

	// The reader looks before every single call of the writer, and between the
	// sectors of each write.
	for name, pieces := range map[string]func(int) [][2]int{"sector by sector": sectors, "the last sector first": backwards} {
		t.Run("at every step of the writer, "+name, func(t *testing.T) {
			fsys := newDisk()
			l := &ledger{states: []keys{{}}}
			writer := &spy{FS: fsys, pieces: pieces, before: func() {}}
			db := open(t, writer, small)
			l.set(t, db, "first", "1")
			reader := open(t, fsys, small, readOnly)
			looks, seen, undone := 0, 0, 0
			// The writer is in the middle of a call: nothing here may end the test.
			look := func() error {
				at := l.now()
				kept := at
				at.acked = 0 // a reader may be behind
				if _, err := reader.Refresh(ctx); err != nil {
					return fmt.Errorf("Refresh: %w", err)
				}
				n, err := at.find(t, reader)
				if err != nil {
					return err
				}
				if n < seen {
					return fmt.Errorf("the reader went back from commit %d to %d", seen, n)
				}
				seen = n
				anew, err := engine.Open(dir, options(fsys, small, readOnly))
				if err != nil {
					return fmt.Errorf("Open: %w", err)
				}
				defer anew.Close()
				m, err := at.find(t, anew)
				if err != nil || looks%5 > 0 {
					return err
				}
				// What was seen survives a power cut right now.
				undone++
				crashed, err := engine.Open(dir, options(fsys.Point().Crash(crashfs.LoseAll), small))
				if err != nil {
					return err
				}
				defer crashed.Close()
				if left, err := kept.find(t, crashed); err != nil || left < max(n, m) {
					return fmt.Errorf("a reader saw %d commits, a power cut leaves %d, %v", max(n, m), left, err)
				}
				return nil
			}
			writer.before = func() {
				if looks++; t.Failed() {
					return
				}
				if err := look(); err != nil {
					t.Errorf("look %d: %v", looks, err)
				}
			}
			for i := range 12 {
				l.set(t, db, fmt.Sprint("k", i%5), full(i)[:700+60*i])
				if i == 4 || i == 9 || i == 11 {
					compact(t, db)
				}
				if i == 7 {
					if err := db.Sync(ctx); err != nil {
						t.Fatal(err)
					}
				}
			}
			closeDB(t, db)
			writer.before = func() {}
			// The MARK of Close proves the last commit.
			if _, err := reader.Refresh(ctx); err != nil {
				t.Fatal(err)
			}
			wantKeys(t, reader, l.states[l.acked])
			if looks < 200 {
				t.Errorf("only %d looks", looks)
			}
			t.Log(looks, "looks,", undone, "power cuts")
		})
	}

	// The other way round: before each call of the reader in turn, the writer does
	// a piece of work. So MANIFEST, the list of files and the files themselves
	// are of different times.
	serial := 0
	value := func(size int) string { // never the same twice
		serial++
		return fmt.Sprint(serial, ":") + strings.Repeat("v", size)
	}
	work := map[string]func(t *testing.T, db *engine.DB, l *ledger){
		"a commit": func(t *testing.T, db *engine.DB, l *ledger) { l.set(t, db, "w", value(500)) },
		"commits and a mark": func(t *testing.T, db *engine.DB, l *ledger) {
			l.set(t, db, "w", value(100))
			l.set(t, db, "x", value(900))
			if err := db.Sync(ctx); err != nil {
				t.Error(err)
			}
		},
		"a rotation": func(t *testing.T, db *engine.DB, l *ledger) {
			for i := range 4 {
				l.set(t, db, fmt.Sprint("w", i), value(1500))
			}
		},
		"two compactions": func(t *testing.T, db *engine.DB, l *ledger) {
			for range 2 {
				l.set(t, db, "w", value(1500))
				compact(t, db)
			}
		},
		"compactions, rotations and commits": func(t *testing.T, db *engine.DB, l *ledger) {
			for i := range 3 {
				l.set(t, db, "w", value(1500))
				l.set(t, db, fmt.Sprint("x", i), value(1500))
				l.set(t, db, fmt.Sprint("y", i), value(1500))
				compact(t, db)
			}
			l.set(t, db, "z", value(1))
			l.set(t, db, "z", value(1))
		},
	}
	for name, do := range work {
		t.Run("before each call of the reader, "+name, func(t *testing.T) {
			for n := 1; ; n++ {
				fsys := newDisk()
				l := &ledger{states: []keys{{}}}
				db := open(t, fsys, small)
				for i := range 6 {
					l.set(t, db, fmt.Sprint("k", i), full(i)[:900])
				}
				// A reader from before, which will have to catch up, and one that
				// opens.
				calls, did := 0, 0
				var mu sync.Mutex // recovery reads ahead in a goroutine of its own
				view := &spy{FS: fsys, before: func() {
					mu.Lock()
					defer mu.Unlock()
					// Twice: with the first everything changes once, with the
					// second also while the reader looks again.
					if calls++; calls == n || calls == n+7 {
						did++
						do(t, db, l)
					}
				}}
				old := open(t, view, small, readOnly)
				old.Close()
				reader := open(t, view, small, readOnly)
				before := l.now().sees(t, reader)
				do(t, db, l)
				if _, err := reader.Refresh(ctx); err != nil {
					t.Fatalf("call %d: Refresh: %v", n, err)
				}
				if after := l.now().sees(t, reader); after < before {
					t.Fatalf("call %d: the reader went back from commit %d to %d", n, before, after)
				}
				mu.Lock()
				calls = n + 7 // from here on nothing happens any more
				mu.Unlock()
				if err := db.Sync(ctx); err != nil {
					t.Fatal(err)
				}
				if _, err := reader.Refresh(ctx); err != nil {
					t.Fatalf("call %d: Refresh: %v", n, err)
				}
				wantKeys(t, reader, l.states[l.acked])
				_ = reader.Close()
				_ = db.Close()
				if did == 0 {
					if n < 30 {
						t.Errorf("the readers made %d calls", n)
					}
					break
				}
			}
		})
	}

	// The reader was there first: it sees an empty store, and then, without being
	// opened again, the one that a writer makes.
	t.Run("before the store exists", func(t *testing.T) {
		fsys := newDisk()
		if err := vfs.MkdirAll(fsys, dir); err != nil {
			t.Fatal(err)
		}
		reader := open(t, fsys, readOnly)
		refresh := func(want keys) {
			t.Helper()
			if _, err := reader.Refresh(ctx); err != nil {
				t.Fatalf("Refresh: %v", err)
			}
			wantKeys(t, reader, want)
		}
		refresh(keys{})
		writer := &spy{FS: fsys, before: func() { refresh(keys{}) }}
		db := open(t, writer)
		writer.before = func() {}
		put(t, db, "a", "1")
		refresh(keys{})
		put(t, db, "b", "2")
		refresh(keys{"a": "1"})
		closeDB(t, db)
		refresh(keys{"a": "1", "b": "2"})
	})

	// The other extreme: of rot a reader says so, beside a writer too.
	t.Run("damage is still damage", func(t *testing.T) {
		fsys := newDisk()
		db := open(t, fsys)
		for i := range 4 {
			put(t, db, fmt.Sprint("k", i), strings.Repeat("v", 300))
		}
		at := frames(t, fsys, seg(1))[1]
		flip(t, fsys, seg(1), at.off+60)
		for _, fs := range []vfs.FS{fsys, copyOf(fsys)} {
			_, err := engine.Open(dir, options(fs, readOnly))
			wantDamage(t, err, damage{seg(1), at.off, 2, "proves that this was durable"})
		}
	})
}

// sees holds what a reader shows to the books: the state after some commit that
// had been begun. The number of that commit is returned.
func (m moment) sees(t testing.TB, db *engine.DB) int {
	t.Helper()
	m.acked = 0
	return m.check(t, db)
}
