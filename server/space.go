package server

import (
	"context"
	"strconv"
	"time"

	"github.com/redis-lite/redis-lite/engine"
)

// maxDatabases is the most databases that Options.Databases may ask for.
const maxDatabases = 64

// maxKey bounds keys and elements here: what else goes into a key of the engine
// (a collection's number, a deadline, a score) fits beside it.
const keyRoom = 64

// Kind is the type of a key.
type Kind byte

const (
	KindNone Kind = iota
	KindString
	KindList
	KindSet
	KindZset
	KindHash
)

// String is the type's name as TYPE answers it.
func (k Kind) String() string {
	return [...]string{"none", "string", "list", "set", "zset", "hash"}[k]
}

// bucketNames are the buckets of one physical database.
type bucketNames struct{ str, meta, data, ttl string }

func bucketsOf(phys int) bucketNames {
	p := "redis/" + strconv.Itoa(phys)
	n := bucketNames{str: p, meta: p + "/meta", data: p + "/data", ttl: p + "/ttl"}
	if phys == 0 {
		n.str = ""
	}
	return n
}

// sysBucket holds what belongs to no database: which physical database each
// logical one is, and the numbers given to collections.
const sysBucket = "redis/sys"

// Space is the key space of one logical database inside a transaction: strings,
// and collections of every other type.
//
// Byte slices that it returns are the engine's own: immutable for ever, not to be
// written to, and fine to keep. What it is given is copied.
type Space struct {
	t    *Tx
	db   int // logical
	phys int

	str              *engine.TxBucket
	meta, data, dead *engine.TxBucket // once they were asked for
}

// Space returns the key space of a logical database.
func (t *Tx) Space(db int) *Space {
	// Nearly every transaction is about one database.
	if t.first.t != nil && t.first.db == db && !t.swapped {
		return &t.first
	}
	s := t.others[db]
	if s != nil {
		return s
	}
	if t.first.t == nil && t.others == nil {
		s = &t.first
	} else {
		if t.others == nil {
			t.others = make(map[int]*Space)
		}
		s = new(Space)
		t.others[db] = s
	}
	phys := t.physical(db)
	*s = Space{t: t, db: db, phys: phys, str: t.etx.Bucket(t.srv.buckets[phys].str)}
	return s
}

// forget has the databases looked up anew, for SWAPDB has exchanged some. Spaces
// that were handed out before go on as they were.
func (t *Tx) forget() {
	t.swapped = true
	t.others = make(map[int]*Space)
}

// elements is the bucket of their elements.
func (s *Space) elements() *engine.TxBucket {
	if s.data == nil {
		s.data = s.t.etx.Bucket(s.t.srv.buckets[s.phys].data)
	}
	return s.data
}

// deadlines is the bucket of the sweeper's index.
func (s *Space) deadlines() *engine.TxBucket {
	if s.dead == nil {
		s.dead = s.t.etx.Bucket(s.t.srv.buckets[s.phys].ttl)
	}
	return s.dead
}

// Tx is the transaction.
func (s *Space) Tx() *Tx { return s.t }

// DB is the number of the logical database.
func (s *Space) DB() int { return s.db }

// item looks a plain string up, whatever else may be under the key.
func (s *Space) item(key []byte) (engine.Item, bool) {
	it, err := s.str.GetItem(key)
	if err != nil && err != engine.ErrNotFound {
		s.t.fail(err)
	}
	return it, err == nil
}

// Item returns a string with its deadline and the LSN of its last write. The
// error is ErrWrongType or nil.
func (s *Space) Item(key []byte) (it engine.Item, ok bool, err error) {
	if it, ok = s.item(key); ok {
		return it, true, nil
	}
	if _, other := s.lookupMeta(key); other {
		return it, false, ErrWrongType
	}
	return it, false, nil
}

// Get returns the value of a string. The error is ErrWrongType or nil.
func (s *Space) Get(key []byte) (value []byte, ok bool, err error) {
	it, ok, err := s.Item(key)
	return it.Value, ok, err
}

// Kind returns the type of a key.
func (s *Space) Kind(key []byte) Kind {
	if _, ok := s.item(key); ok {
		return KindString
	}
	if m, ok := s.lookupMeta(key); ok {
		return m.kind
	}
	return KindNone
}

// Exists reports whether there is a key of any type.
func (s *Space) Exists(key []byte) bool { return s.Kind(key) != KindNone }

// Set makes key a string, whatever it was, with a deadline in Unix ms (0 for
// none). It announces no event: the command does, with Notify.
func (s *Space) Set(key, value []byte, deadline int64) {
	s.announceNew(key)
	s.dropCollection(key)
	s.putString(key, value, deadline)
}

// Update gives a string that is there, or an absent key, a new value and leaves
// its deadline. The caller has made sure that key is no collection.
func (s *Space) Update(old engine.Item, key, value []byte) {
	var dead int64
	if !old.Deadline.IsZero() {
		dead = old.Deadline.UnixMilli()
	} else {
		s.announceNew(key)
		s.dropCollection(key) // one that has expired and was not swept yet
	}
	s.putString(key, value, dead)
}

func (s *Space) putString(key, value []byte, deadline int64) {
	if !s.t.srv.validKey(key) {
		s.t.fail(ErrKeyLength)
		return
	}
	var err error
	if deadline == 0 {
		err = s.str.Set(context.Background(), key, value)
	} else {
		err = s.str.Set(context.Background(), key, value, engine.Deadline(time.UnixMilli(deadline)))
	}
	s.t.fail(err)
	s.t.touch(s.db, key)
}

// Delete removes a key of any type, and reports whether it was there. However
// large it is, this logs at most three mutations.
func (s *Space) Delete(key []byte) bool {
	if _, ok := s.item(key); ok {
		s.t.fail(s.str.Delete(context.Background(), key))
		s.t.touch(s.db, key)
		return true
	}
	if s.dropCollection(key) {
		s.t.touch(s.db, key)
		return true
	}
	return false
}

// Deadline returns when a key expires, in Unix ms, 0 for never; ok is false when
// there is no such key.
func (s *Space) Deadline(key []byte) (ms int64, ok bool) {
	if it, ok := s.item(key); ok {
		if it.Deadline.IsZero() {
			return 0, true
		}
		return it.Deadline.UnixMilli(), true
	}
	m, ok := s.lookupMeta(key)
	return m.deadline, ok
}

// SetDeadline changes when a key expires, 0 for never, and reports whether it is
// there.
func (s *Space) SetDeadline(key []byte, ms int64) bool {
	if it, ok := s.item(key); ok {
		s.putString(key, it.Value, ms)
		return true
	}
	m, ok := s.lookupMeta(key)
	if !ok {
		return false
	}
	s.moveDeadline(key, m.deadline, ms)
	m.deadline = ms
	s.putMeta(key, &m)
	s.t.touch(s.db, key)
	return true
}

// Notify announces what a command did to a key, for keyspace notifications.
func (s *Space) Notify(class byte, event string, key []byte) {
	s.t.notify(class, event, s.db, key)
}

// announceNew records the event that a key appears; it is asked before the key is
// written. Redis sends it before the event of the command.
func (s *Space) announceNew(key []byte) {
	if s.t.srv.post.wants('n') && !s.Exists(key) {
		s.t.notify('n', "new", s.db, key)
	}
}
