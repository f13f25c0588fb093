package server

import (
	"context"

	"github.com/redis-lite/redis-lite/engine"
)

// The records of collections in a transaction. Many commands of a batch are often
// about one collection, a queue above all: its record is kept here from the first
// change on, and given to the engine once, at the end of the transaction or before
// anything goes through the records in another way.

// recordKey names a record by its physical database, which SWAPDB does not change.
type recordKey struct {
	phys int
	key  string
}

// changedRecord is a record that the transaction has changed and not yet written.
type changedRecord struct {
	s       *Space
	m       meta
	dropped bool // deleted since, which the engine knows
}

// rawMeta reads the record of a key, expired or not.
func (s *Space) rawMeta(key []byte) (m meta, ok bool) {
	if !s.t.srv.collections[s.phys].Load() {
		return m, false
	}
	if r := s.t.changed.find(recordKey{s.phys, string(key)}); r != nil && !r.dropped {
		return r.m, true
	}
	v, err := s.recordBucket().GetNoCopy(key)
	if err != nil {
		if err != engine.ErrNotFound {
			s.t.fail(err)
		}
		return m, false
	}
	if m, ok = decodeMeta(v); !ok {
		s.t.fail(Reply("ERR the record of this key is damaged or of a newer version"))
	}
	return m, ok
}

// lookupMeta is rawMeta without what has expired.
func (s *Space) lookupMeta(key []byte) (m meta, ok bool) {
	m, ok = s.rawMeta(key)
	if ok && m.deadline != 0 && m.deadline <= s.t.now {
		return meta{}, false
	}
	return m, ok
}

// putMeta changes the record of a key.
func (s *Space) putMeta(key []byte, m *meta) {
	if !s.t.srv.validKey(key) {
		s.t.fail(ErrKeyLength)
		return
	}
	s.t.srv.collections[s.phys].Store(true) // before anybody can see the record
	s.t.changed.put(recordKey{s.phys, string(key)}, changedRecord{s: s, m: *m})
}

// deleteMeta removes the record of a key. What has come and gone within a transaction
// leaves its trace in the log all the same: a job that was pushed and taken is one
// that there was.
func (s *Space) deleteMeta(key []byte) {
	if r := s.t.changed.find(recordKey{s.phys, string(key)}); r != nil && !r.dropped {
		r.write(key)
		r.dropped = true
	}
	s.t.fail(s.recordBucket().Delete(context.Background(), key))
}

func (r *changedRecord) write(key []byte) {
	record := r.m.record()
	if len(r.m.pieces) > 0 {
		r.s.writePieces(&r.m)
		if r.same(key, record) {
			return
		}
	}
	r.s.t.fail(r.s.recordBucket().Set(context.Background(), key, record))
}

// writeRecords gives the engine the records that were changed, in the order in which
// they first were.
func (t *Tx) writeRecords() {
	for _, r := range t.changed.list {
		if !r.value.dropped {
			r.value.write([]byte(r.key.key))
		}
	}
	t.changed = changes[recordKey, changedRecord]{}
}

// records is the bucket of all records, as the transaction has left them.
func (s *Space) records() *engine.TxBucket {
	s.t.writeRecords()
	return s.recordBucket()
}

// recordBucket is the bucket without those that are still to be written.
func (s *Space) recordBucket() *engine.TxBucket {
	if s.meta == nil {
		s.meta = s.t.etx.Bucket(s.t.srv.buckets[s.phys].meta)
	}
	return s.meta
}
