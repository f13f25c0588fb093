package server

import (
	"context"

	"github.com/redis-lite/redis-lite/engine"
)

// Tx is one transaction on the key space: all commands of a batch, or all of an
// EXEC, or a single one.
//
// Its methods and those of Space return no errors of the engine. The first one
// stays in err, what is written afterwards goes nowhere, and whoever runs the
// transaction asks at its end: then nothing of it was done, and the error is the
// reply. So handlers read as if writing could not fail.
type Tx struct {
	srv   *Server
	etx   *engine.Tx
	write bool  // in Update, else in View
	now   int64 // Unix ms

	dbs     *[maxDatabases]uint8 // logical to physical; nil while nothing was swapped
	first   Space                // the database that was asked for first
	others  map[int]*Space       // all others
	swapped bool                 // first is no longer what it was
	err     error

	changed changes[recordKey, changedRecord] // records of collections, still to be written

	touched []Key
	events  []Event
	after   []func()
	by      int64 // number of the connection whose transaction it is
	watched []Key // keys that changed with their whole database, and that somebody watches
	flushed []int // databases that were emptied or swapped
	letter  *letter
	served  []*waiter
	offered int    // of touched, those that were offered to blocked clients
	ids     uint64 // the limit of collection numbers that this transaction has logged
}

// Key is a key of a logical database. Its bytes are its own.
type Key struct {
	DB  int
	Key string
}

// Event is something that keyspace notifications tell of.
type Event struct {
	Key
	Class byte   // as in notify-keyspace-events: 'g' generic, '$' string, 'l', 's', 'h', 'z', 'x' expired, 'n' new, ...
	Name  string // "set", "del", "expire", ...
}

// Now is the transaction's time, in Unix milliseconds.
func (t *Tx) Now() int64 { return t.now }

// Writable reports whether the transaction may write.
func (t *Tx) Writable() bool { return t.write }

// After has fn called once the transaction is durable, and not at all should it
// fail. Calls of all transactions come one after the other, in the order of the
// commits, on a goroutine of the server: fn must not wait for anything.
func (t *Tx) After(fn func()) { t.after = append(t.after, fn) }

// fail keeps the first error of the engine.
func (t *Tx) fail(err error) {
	if err != nil && t.err == nil {
		t.err = err
	}
}

// notify records an event.
func (t *Tx) notify(class byte, name string, db int, key []byte) {
	if t.srv.post.wants(class) {
		t.events = append(t.events, Event{Key{db, string(key)}, class, name})
	}
}

// touch records that a key was changed, for those who watch, track or wait for it.
func (t *Tx) touch(db int, key []byte) {
	if t.srv.post.tracked() || t.srv.watches.any() || t.srv.blocked.any() {
		t.touched = append(t.touched, Key{db, string(key)})
	}
}

// viewTx runs fn on a snapshot of what is published.
func (s *Server) viewTx(fn func(*Tx) error) error {
	return s.db.View(func(etx *engine.Tx) error {
		return fn(&Tx{srv: s, etx: etx, now: etx.Time().UnixMilli()})
	})
}

// update runs fn in a writing transaction of the engine and returns its commit,
// which the caller has to wait for: nobody else may be writing it to the disk.
// A ctx that ends while the transaction waits to begin prevents it.
func (s *Server) update(ctx context.Context, fn func(*Tx) error) (*engine.Commit, error) {
	var t *Tx
	commit, err := s.db.UpdateAsync(ctx, func(etx *engine.Tx) error {
		t = &Tx{srv: s, etx: etx, write: true, now: etx.Time().UnixMilli()}
		defer s.arena.reset()
		if err := fn(t); err != nil {
			return err
		}
		if t.err != nil {
			return t.err
		}
		s.serveBlocked(t)
		t.writeRecords()
		if t.err != nil {
			return t.err
		}
		t.finish()
		return nil
	}, engine.WillWait())
	if t != nil {
		t.sequenced(commit, err)
	}
	return commit, err
}
