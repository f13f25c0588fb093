package engine

import (
	"github.com/redis-lite/redis-lite/engine/internal/mvcc"
	"github.com/redis-lite/redis-lite/wal/record"
)

// loader is how recovery fills a map. Nothing is published while it does, so the
// map keeps one version of each key.
type loader struct {
	m     *mvcc.Map
	items []mvcc.Item
}

func newLoader() *loader { return &loader{m: mvcc.New(mvcc.Options{})} }

// Reset drops what was loaded: an image turned out to be rotten half-way.
func (l *loader) Reset() { l.m = mvcc.New(mvcc.Options{}) }

// Presize is told how many entries a snapshot announces, before any of them.
func (l *loader) Presize(entries int) { l.m = mvcc.New(mvcc.Options{Presize: entries}) }

// LoadBlock takes entries of a snapshot, in its order.
func (l *loader) LoadBlock(entries []record.Entry) error {
	for len(entries) > 0 {
		bucket := entries[0].Bucket
		l.items = l.items[:0]
		for len(entries) > 0 && entries[0].Bucket == bucket {
			e := &entries[0]
			l.items = append(l.items, mvcc.Item{Key: e.Key, Value: e.Value, LSN: e.LSN, Deadline: e.Deadline})
			entries = entries[1:]
		}
		l.m.Bucket(bucket).Load(l.items)
	}
	return nil
}

// Apply takes a commit of the log, in LSN order.
func (l *loader) Apply(lsn uint64, c *record.Commit) error {
	for i := range c.Mutations {
		applyMutation(l.m, &c.Mutations[i], lsn)
	}
	return nil
}

// applyMutation changes a map. Only one goroutine at a time may.
func applyMutation(m *mvcc.Map, mut *record.Mutation, lsn uint64) {
	b := m.Bucket(mut.Bucket)
	switch mut.Op {
	case record.OpSet:
		b.Set(mut.Key, mut.Value, lsn, mut.Deadline)
	case record.OpDelete:
		b.Delete(mut.Key, lsn)
	case record.OpDeleteRange:
		b.DeleteRange(mut.Key, mut.To, lsn)
	}
}
