package demo

import (
	"context"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
)

const testSeed = 42

// world is a store in memory and the parent's list of it.
type world struct {
	t  *testing.T
	db *engine.DB
	l  *ledger
}

func newWorld(t *testing.T, writers int) *world {
	db, err := engine.OpenMemory(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return &world{t, db, newLedger(writers)}
}

// commit writes what a child would; told says how far the parent hears of it.
func (w *world) commit(writer int, number uint32, told ...string) {
	w.t.Helper()
	own, last := values(testSeed, writer, number)
	ctx := context.Background()
	c, err := w.db.UpdateAsync(ctx, func(tx *engine.Tx) error {
		if err := tx.Set(ctx, commitKey(writer, number), own); err != nil {
			return err
		}
		return tx.Set(ctx, lastKey(writer), last)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.tell(writer, number, c.LSN(), told...)
}

func (w *world) tell(writer int, number uint32, lsn uint64, told ...string) {
	w.t.Helper()
	for _, s := range told {
		e := event{acked: s == "acked", writer: uint32(writer), number: number, lsn: lsn}
		if err := w.l.add(e); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) set(key, value []byte) {
	w.t.Helper()
	if err := w.db.Set(context.Background(), key, value); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) del(key []byte) {
	w.t.Helper()
	if err := w.db.Delete(context.Background(), key); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) judge() *Judgement {
	w.t.Helper()
	j, err := judge(w.db, w.l, testSeed)
	if err != nil {
		w.t.Fatal(err)
	}
	return j
}

func TestJudgeCountsWhatCameBack(t *testing.T) {
	w := newWorld(t, 3)
	w.commit(0, 1, "begun", "acked")
	w.commit(0, 2, "begun", "acked")
	w.commit(1, 1, "begun", "acked")
	w.commit(1, 2, "begun")  // written, the acknowledgement was not out
	w.tell(0, 3, 0, "begun") // begun, never written
	j := w.judge()
	want := Judgement{Expected: 3, Recovered: 3, Begun: 2, Extra: 1}
	if !j.OK() || j.Expected != want.Expected || j.Recovered != want.Recovered || j.Begun != want.Begun || j.Extra != want.Extra {
		t.Fatalf("%+v", j)
	}
	// What came back once has been served, and must come back again.
	w.del(commitKey(1, 2))
	if j := w.judge(); j.OK() {
		t.Fatalf("a commit that was recovered vanished: %+v", j)
	}
}

// Everything that a broken engine could do to the store is noticed.
func TestJudgeNotices(t *testing.T) {
	for name, c := range map[string]struct {
		breakIt func(w *world)
		says    string
	}{
		"an acknowledged commit lost": {func(w *world) {
			w.del(commitKey(0, 3))
			_, last := values(testSeed, 0, 2)
			w.set(lastKey(0), last)
		}, "commit 3: acknowledged, and LOST"},
		"all of a writer lost": {func(w *world) {
			for n := uint32(1); n <= 3; n++ {
				w.del(commitKey(0, n))
			}
			w.del(lastKey(0))
		}, "commit 1: acknowledged, and LOST"},
		"a hole":         {func(w *world) { w.del(commitKey(0, 2)) }, "commit 2: acknowledged, and LOST"},
		"other bytes":    {func(w *world) { w.set(commitKey(0, 2), []byte("zzzz")) }, "other bytes"},
		"another LSN":    {func(w *world) { own, _ := values(testSeed, 0, 2); w.set(commitKey(0, 2), own) }, "came back as LSN"},
		"half a commit":  {func(w *world) { _, last := values(testSeed, 0, 2); w.set(lastKey(0), last) }, "half of a commit"},
		"the other half": {func(w *world) { w.del(lastKey(0)) }, "half of a commit"},
		"a first half":   {func(w *world) { _, last := values(testSeed, 1, 1); w.set(lastKey(1), last) }, "half of a commit"},
		"a second key's bytes": {func(w *world) {
			_, last := values(testSeed, 0, 3)
			last[len(last)-1] ^= 1
			w.set(lastKey(0), last)
		}, "second key came back with other bytes"},
		"a commit nobody began": {func(w *world) { own, _ := values(testSeed, 0, 9); w.set(commitKey(0, 9), own) }, "never written"},
		"a writer nobody knows": {func(w *world) { w.set([]byte("zebra"), nil) }, "of which nobody wrote 1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 2)
			for n := uint32(1); n <= 3; n++ {
				w.commit(0, n, "begun", "acked")
			}
			c.breakIt(w)
			j := w.judge()
			if j.OK() || !strings.Contains(strings.Join(j.Wrong, "\n"), c.says) {
				t.Fatalf("%+v; want %q", j, c.says)
			}
		})
	}
}

// A child that does not keep to the order is not believed.
func TestLedgerInsistsOnOrder(t *testing.T) {
	for name, events := range map[string][]event{
		"acknowledged before begun":    {{acked: true, number: 1}},
		"a number left out":            {{number: 1}, {acked: true, number: 1}, {number: 3}},
		"begun before the last is out": {{number: 1}, {number: 2}},
		"a writer that is none":        {{writer: 7, number: 1}},
		"acknowledged twice":           {{number: 1}, {acked: true, number: 1}, {acked: true, number: 1}},
	} {
		l := newLedger(1)
		var err error
		for _, e := range events {
			if err = l.add(e); err != nil {
				break
			}
		}
		if err == nil {
			t.Errorf("%s: believed", name)
		}
	}
}

// An event that the kill cut short is none; one that arrived is itself.
func FuzzReadEvent(f *testing.F) {
	f.Add(event{acked: true, writer: 3, number: 17, lsn: 4711}.encode())
	f.Add([]byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := readEvent(strings.NewReader(string(b)))
		if (err == nil) != (len(b) >= eventSize) {
			t.Fatalf("%d bytes: %v", len(b), err)
		}
		if err != nil {
			return
		}
		again, err := readEvent(strings.NewReader(string(e.encode())))
		if err != nil || again != e {
			t.Fatalf("%+v, then %+v, %v", e, again, err)
		}
	})
}
