package recoverytest

import (
	"fmt"
	"maps"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/wal/record"
)

// Contents is a Loader that keeps everything in a map. It also checks what a
// Loader is promised.
type Contents struct {
	Keys   map[string]string // "bucket/key" -> value; a key of the default bucket stands alone
	LSNs   []uint64          // of the commits that were applied
	Resets int
}

var _ recovery.Loader = (*Contents)(nil)

// NewContents returns an empty one.
func NewContents() *Contents { return &Contents{Keys: map[string]string{}} }

// Reset forgets everything.
func (c *Contents) Reset() { *c = Contents{Keys: map[string]string{}, Resets: c.Resets + 1} }

// Presize does nothing.
func (c *Contents) Presize(int) {}

// LoadBlock takes entries of a snapshot.
func (c *Contents) LoadBlock(entries []record.Entry) error {
	for _, e := range entries {
		if _, twice := c.Keys[name(e.Bucket, e.Key)]; twice {
			return fmt.Errorf("key %q loaded twice", e.Key)
		}
		c.Keys[name(e.Bucket, e.Key)] = string(e.Value)
	}
	return nil
}

// Apply takes a commit.
func (c *Contents) Apply(lsn uint64, commit *record.Commit) error {
	if n := len(c.LSNs); n > 0 && c.LSNs[n-1] >= lsn {
		return fmt.Errorf("LSN %d applied behind %d", lsn, c.LSNs[n-1])
	}
	c.LSNs = append(c.LSNs, lsn)
	Do(c.Keys, commit)
	return nil
}

// Do applies a commit to a map: the reference that recovery is held to.
func Do(keys map[string]string, c *record.Commit) {
	for i := range c.Mutations {
		m := &c.Mutations[i]
		switch m.Op {
		case record.OpSet:
			keys[name(m.Bucket, m.Key)] = string(m.Value)
		case record.OpDelete:
			delete(keys, name(m.Bucket, m.Key))
		case record.OpDeleteRange:
			from, to := name(m.Bucket, m.Key), name(m.Bucket, m.To)
			maps.DeleteFunc(keys, func(k, _ string) bool { return k >= from && (m.To == nil || k < to) })
		}
	}
}

func name(bucket string, key []byte) string {
	if bucket == "" {
		return string(key)
	}
	return bucket + "/" + string(key)
}

// Set is a commit that sets one key of the default bucket.
func Set(key, value string) record.Commit {
	return record.Commit{Mutations: []record.Mutation{{Op: record.OpSet, Key: []byte(key), Value: []byte(value)}}}
}

// Delete is a commit that deletes one key of the default bucket.
func Delete(key string) record.Commit {
	return record.Commit{Mutations: []record.Mutation{{Op: record.OpDelete, Key: []byte(key)}}}
}

// Entry is an entry of a snapshot, in the default bucket.
func Entry(key, value string, lsn uint64) record.Entry {
	return record.Entry{Key: []byte(key), Value: []byte(value), LSN: lsn}
}
