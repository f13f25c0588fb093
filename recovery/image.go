package recovery

import (
	"bytes"
	"iter"
	"maps"
	"slices"

	"github.com/redis-lite/redis-lite/wal/record"
)

// image is a store's state in plain maps: what a replay comes to, for those who
// compare it with a snapshot or write one of it. It is a Loader.
type image struct {
	buckets map[string]map[string]held
	entries uint64
}

type held struct {
	value    []byte
	lsn      uint64
	deadline int64
}

func newImage() *image { return &image{buckets: map[string]map[string]held{}} }

// Reset empties the image.
func (m *image) Reset() { *m = *newImage() }

// Presize does nothing: it is not known for which bucket.
func (m *image) Presize(int) {}

// LoadBlock adds entries of a snapshot.
func (m *image) LoadBlock(entries []record.Entry) error {
	for i := range entries {
		e := &entries[i]
		m.set(e.Bucket, e.Key, held{bytes.Clone(e.Value), e.LSN, e.Deadline})
	}
	return nil
}

// Apply applies a commit.
func (m *image) Apply(lsn uint64, c *record.Commit) error {
	for i := range c.Mutations {
		mut := &c.Mutations[i]
		switch mut.Op {
		case record.OpSet:
			m.set(mut.Bucket, mut.Key, held{bytes.Clone(mut.Value), lsn, mut.Deadline})
		case record.OpDelete:
			m.delete(mut.Bucket, string(mut.Key))
		case record.OpDeleteRange:
			for k := range m.buckets[mut.Bucket] {
				if k >= string(mut.Key) && (mut.To == nil || k < string(mut.To)) {
					m.delete(mut.Bucket, k)
				}
			}
		}
	}
	return nil
}

func (m *image) set(bucket string, key []byte, h held) {
	b := m.buckets[bucket]
	if b == nil {
		b = map[string]held{}
		m.buckets[bucket] = b
	}
	if _, ok := b[string(key)]; !ok {
		m.entries++
	}
	b[string(key)] = h
}

func (m *image) delete(bucket, key string) {
	if _, ok := m.buckets[bucket][key]; ok {
		delete(m.buckets[bucket], key)
		m.entries--
	}
}

// all yields the entries in a snapshot's order.
func (m *image) all() iter.Seq[record.Entry] {
	return func(yield func(record.Entry) bool) {
		for _, bucket := range slices.Sorted(maps.Keys(m.buckets)) {
			b := m.buckets[bucket]
			for _, key := range slices.Sorted(maps.Keys(b)) {
				h := b[key]
				if !yield(record.Entry{Bucket: bucket, Key: []byte(key), Value: h.value, LSN: h.lsn, Deadline: h.deadline}) {
					return
				}
			}
		}
	}
}
