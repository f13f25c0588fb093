package engine_test

import (
	"context"
	"errors"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/engine"
)

// machine drives one database. Everything runs in one goroutine, so a failed
// call is the only thing whose outcome can be unknown.
type machine struct {
	db   *engine.DB
	now  int64
	want model

	// When a write fails, what is there after the next open is want or maybe.
	broken bool
	maybe  model

	views []*heldView
}

var ctx = context.Background()

func (m *machine) close() {
	for _, v := range m.views {
		v.end()
	}
	m.views = nil
	if m.db != nil {
		_ = m.db.Close()
	}
}

// check compares everything that can be read.
func (m *machine) check(t *rapid.T) {
	if got, want := dumpDB(t, m.db), m.want.dump(m.now); got != want {
		t.Fatalf("readers see\n%swant\n%s", got, want)
	}
	for _, v := range m.views {
		v.check(t)
	}
}

// wrote takes the outcome of a write whose effect would be next.
func (m *machine) wrote(t *rapid.T, what string, err error, next model) {
	switch {
	case err == nil && m.broken:
		t.Fatalf("%s: the log had failed, and a write was acknowledged", what)
	case err == nil:
		m.want = next
	case m.broken:
		if !errors.Is(err, engine.ErrLogFailed) {
			t.Fatalf("%s on a failed log: %v, want ErrLogFailed", what, err)
		}
	default:
		m.broken, m.maybe = true, next
	}
}

func (m *machine) set(t *rapid.T) {
	bucket, key, value := drawBucket(t), drawKey(t), drawValue(t)
	dead := drawDeadline(t, m.now)
	next := m.want.clone()
	next.set(bucket, key, value, dead)
	var opts []engine.SetOption
	if dead != 0 {
		opts = append(opts, engine.Deadline(time.UnixMilli(dead)))
	}
	m.wrote(t, "Set", m.db.Bucket(bucket).Set(ctx, []byte(key), []byte(value), opts...), next)
}

func (m *machine) delete(t *rapid.T) {
	bucket, key := drawBucket(t), drawKey(t)
	if _, there := m.want[bucket][key]; !there && m.broken {
		return
	}
	next := m.want.clone()
	delete(next[bucket], key)
	m.wrote(t, "Delete", m.db.Bucket(bucket).Delete(ctx, []byte(key)), next)
}

func (m *machine) deleteRange(t *rapid.T) {
	from, to, open := drawRange(t)
	next := m.want.clone()
	next.deleteRange("", from, to, open)
	m.wrote(t, "DeleteRange", m.db.DeleteRange(ctx, []byte(from), upper(to, open)), next)
}

func (m *machine) compareAndSwap(t *rapid.T) {
	key, value := drawKey(t), drawValue(t)
	next := m.want.clone()
	cur, there := m.want[""][key]
	there = there && !cur.expired(m.now)
	var old []byte
	match := rapid.Bool().Draw(t, "match")
	switch {
	case there && match:
		old = []byte(cur.value)
		next.set("", key, value, cur.dead)
	case !there && match:
		next.set("", key, value, 0)
	case there:
		// nil asks for absence.
	default:
		old = []byte("not it")
	}
	swapped, err := m.db.CompareAndSwap(ctx, []byte(key), old, []byte(value))
	if err == nil && swapped != match {
		t.Fatalf("CompareAndSwap swapped = %v, want %v", swapped, match)
	}
	m.wrote(t, "CompareAndSwap", err, next)
}

var errAbort = errors.New("the transaction does not want to")

// transaction runs a few operations, reading its own writes in between, and
// commits, gives up or panics.
func (m *machine) transaction(t *rapid.T) {
	next := m.want.clone()
	n := rapid.IntRange(0, 6).Draw(t, "operations")
	end := rapid.SampledFrom([]string{"commit", "commit", "abort", "panic"}).Draw(t, "end")
	var err error
	func() {
		defer func() {
			if r := recover(); r != nil {
				if r != any("wanted") {
					panic(r)
				}
				err = errAbort
			}
		}()
		err = m.db.Update(ctx, func(tx *engine.Tx) error {
			for range n {
				m.step(t, tx, next)
				if got, want := dumpTx(t, tx), next.dump(m.now); got != want {
					t.Fatalf("inside the transaction:\n%swant\n%s", got, want)
				}
			}
			switch end {
			case "abort":
				return errAbort
			case "panic":
				panic("wanted")
			}
			return nil
		})
	}()
	if end != "commit" {
		if !errors.Is(err, errAbort) && !m.broken {
			t.Fatalf("an aborted transaction returned %v", err)
		}
		return
	}
	m.wrote(t, "Update", err, next)
}

func (m *machine) step(t *rapid.T, tx *engine.Tx, next model) {
	bucket, key := drawBucket(t), drawKey(t)
	b := tx.Bucket(bucket)
	var err error
	switch rapid.IntRange(0, 3).Draw(t, "op") {
	case 0, 1:
		value, dead := drawValue(t), drawDeadline(t, m.now)
		var opts []engine.SetOption
		if dead != 0 {
			opts = append(opts, engine.Deadline(time.UnixMilli(dead)))
		}
		err = b.Set(ctx, []byte(key), []byte(value), opts...)
		next.set(bucket, key, value, dead)
	case 2:
		err = b.Delete(ctx, []byte(key))
		delete(next[bucket], key)
	case 3:
		from, to, open := drawRange(t)
		err = b.DeleteRange(ctx, []byte(from), upper(to, open))
		next.deleteRange(bucket, from, to, open)
	}
	if err != nil {
		t.Fatalf("in a transaction: %v", err)
	}
	from, to, open := drawRange(t)
	var got []string
	for k := range b.Range([]byte(from), upper(to, open)) {
		got = append(got, string(k))
	}
	if want := next.keys(bucket, from, to, open, m.now); strings.Join(got, "|") != strings.Join(want, "|") {
		t.Fatalf("range [%q, %q) open=%v of bucket %q: %q, want %q", from, to, open, bucket, got, want)
	}
}

// clock moves the time, sometimes backwards.
func (m *machine) clock(t *rapid.T) {
	m.now += int64(rapid.SampledFrom([]int{1, 10, 100, -5, 1_000_000, -50}).Draw(t, "ms"))
	m.now = max(m.now, 1)
}

func (m *machine) sweep(t *rapid.T) {
	next := m.want.clone()
	next.sweep(m.now)
	_, err := m.db.SweepExpired(ctx)
	if err == nil && m.broken {
		return // there was nothing to sweep
	}
	m.wrote(t, "SweepExpired", err, next)
}

func (m *machine) compact(t *rapid.T) {
	if err := m.tryCompact(); err != nil && !m.broken {
		t.Fatalf("Compact: %v", err)
	}
}

// tryCompact compacts on a disk that may fail. When that ends the log, no write
// was under way: nothing about the contents is unknown.
func (m *machine) tryCompact() error {
	_, err := m.db.Compact(ctx)
	if err != nil && !m.broken && m.db.Metrics().Failed != nil {
		m.broken, m.maybe = true, m.want.clone()
	}
	return err
}

// heldView is a View that stays open across other steps.
type heldView struct {
	ask  chan func(*engine.Tx)
	done chan struct{}
	want model
	now  int64 // the view's time
}

func (m *machine) toggleView(t *rapid.T) {
	if len(m.views) > 2 {
		m.views[0].end()
		m.views = m.views[1:]
		return
	}
	v := &heldView{ask: make(chan func(*engine.Tx)), done: make(chan struct{}), want: m.want.clone(), now: m.now}
	db := m.db
	go func() {
		defer close(v.done)
		_ = db.View(func(tx *engine.Tx) error {
			for f := range v.ask {
				f(tx)
			}
			return nil
		})
	}()
	v.ask <- func(*engine.Tx) {} // it has begun
	m.views = append(m.views, v)
}

func (v *heldView) check(t *rapid.T) {
	result := make(chan string)
	v.ask <- func(tx *engine.Tx) { result <- dumpTx(t, tx) }
	if got, want := <-result, v.want.dump(v.now); got != want {
		t.Fatalf("a held view sees\n%swant, as when it began,\n%s", got, want)
	}
}

func (v *heldView) end() {
	close(v.ask)
	<-v.done
}

func drawBucket(t *rapid.T) string {
	return rapid.SampledFrom([]string{"", "", "b", "store/x"}).Draw(t, "bucket")
}

func drawKey(t *rapid.T) string {
	return rapid.SampledFrom([]string{"a", "aa", "ab", "b", "c\x00", "d\xff", "\xff\xff"}).Draw(t, "key")
}

func drawValue(t *rapid.T) string {
	n := rapid.SampledFrom([]int{0, 1, 5, 40, 600, 5000, 20000}).Draw(t, "length")
	return strings.Repeat(rapid.StringMatching("[a-z]").Draw(t, "letter"), n)
}

func drawDeadline(t *rapid.T, now int64) int64 {
	d := rapid.SampledFrom([]int64{0, 0, 0, 5, 60, -1}).Draw(t, "ttl")
	if d == 0 {
		return 0
	}
	return max(now+d, 1)
}

func drawRange(t *rapid.T) (from, to string, open bool) {
	bounds := rapid.SampledFrom([]string{"", "a", "aa", "ab", "b", "c", "d\xff", "\xff\xff\xff"})
	return bounds.Draw(t, "from"), bounds.Draw(t, "to"), rapid.Bool().Draw(t, "open")
}

func upper(to string, open bool) []byte {
	if open {
		return nil
	}
	return []byte(to)
}
