package engine_test

import (
	"bytes"
	"fmt"
	"sort"
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/engine"
)

// model is the reference: plain maps and no cleverness.
type model map[string]map[string]modelItem

type modelItem struct {
	value string
	dead  int64 // Unix ms, 0 for none
}

func (it modelItem) expired(now int64) bool { return it.dead != 0 && it.dead <= now }

func (m model) clone() model {
	c := make(model, len(m))
	for b, items := range m {
		c[b] = make(map[string]modelItem, len(items))
		for k, it := range items {
			c[b][k] = it
		}
	}
	return c
}

func (m model) set(bucket, key, value string, dead int64) {
	if m[bucket] == nil {
		m[bucket] = make(map[string]modelItem)
	}
	m[bucket][key] = modelItem{value, dead}
}

func (m model) deleteRange(bucket, from, to string, open bool) {
	for k := range m[bucket] {
		if k >= from && (open || k < to) {
			delete(m[bucket], k)
		}
	}
}

func (m model) sweep(now int64) {
	for _, items := range m {
		for k, it := range items {
			if it.expired(now) {
				delete(items, k)
			}
		}
	}
}

// keys returns the visible keys of [from, to) in order.
func (m model) keys(bucket, from, to string, open bool, now int64) (keys []string) {
	for k, it := range m[bucket] {
		if k >= from && (open || k < to) && !it.expired(now) {
			keys = append(keys, k)
		}
	}
	sort.Strings(keys)
	return keys
}

// dump is everything visible, in a form that is easy to compare and to read.
func (m model) dump(now int64) string {
	var buckets []string
	for b := range m {
		buckets = append(buckets, b)
	}
	sort.Strings(buckets)
	var out strings.Builder
	for _, b := range buckets {
		for _, k := range m.keys(b, "", "", true, now) {
			it := m[b][k]
			fmt.Fprintf(&out, "%q/%q=%s@%d\n", b, k, short(it.value), it.dead)
		}
	}
	return out.String()
}

// dumpTx is dump of what a transaction sees; along the way it holds the several
// ways to read against each other.
func dumpTx(t fataler, tx *engine.Tx) string {
	var out strings.Builder
	for _, name := range tx.Buckets() {
		b := tx.Bucket(name)
		var ahead []string
		for it := range b.Items(engine.Scan{}) {
			dead := int64(0)
			if !it.Deadline.IsZero() {
				dead = it.Deadline.UnixMilli()
			}
			ahead = append(ahead, string(it.Key))
			fmt.Fprintf(&out, "%q/%q=%s@%d\n", name, it.Key, short(string(it.Value)), dead)
			v, err := b.Get(it.Key)
			if err != nil || !bytes.Equal(v, it.Value) {
				t.Fatalf("bucket %q, key %q: the iteration sees %s, Get %s, %v", name, it.Key, short(string(it.Value)), short(string(v)), err)
			}
		}
		var back []string
		for k := range b.Reverse(nil, nil) {
			back = append([]string{string(k)}, back...)
		}
		if strings.Join(ahead, "|") != strings.Join(back, "|") {
			t.Fatalf("bucket %q: forwards %q, backwards %q", name, ahead, back)
		}
		if n := b.Count(engine.Scan{}); n != len(ahead) {
			t.Fatalf("bucket %q: Count %d, keys %d", name, n, len(ahead))
		}
	}
	return out.String()
}

// dumpDB is dump of what readers of a database see.
func dumpDB(t fataler, db *engine.DB) (s string) {
	if err := db.View(func(tx *engine.Tx) error { s = dumpTx(t, tx); return nil }); err != nil {
		t.Fatalf("View: %v", err)
	}
	return s
}

type fataler interface {
	Fatalf(format string, args ...any)
}

func short(s string) string {
	if len(s) > 24 {
		return fmt.Sprintf("%q…%d", s[:12], len(s))
	}
	return fmt.Sprintf("%q", s)
}

var _ fataler = (*testing.T)(nil)
