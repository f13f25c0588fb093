package kernel

import (
	"bytes"
	"fmt"
	"maps"
	"slices"

	"github.com/redis-lite/redis-lite/engine"
)

// model is a state of the store: what a map would hold.
type model struct {
	pos  position
	data map[string]map[string][]byte // bucket, key
}

func newModel() *model {
	m := &model{data: map[string]map[string][]byte{}}
	for _, b := range buckets {
		m.data[b] = map[string][]byte{}
	}
	return m
}

func (m *model) clone() *model {
	c := &model{pos: m.pos, data: map[string]map[string][]byte{}}
	for b, keys := range m.data {
		c.data[b] = maps.Clone(keys) // values are never written to
	}
	return c
}

// apply makes transaction p true of the model.
func (m *model) apply(c *Config, p position) {
	for _, op := range c.transaction(p) {
		b := m.data[op.bucket]
		switch op.kind {
		case opSet:
			b[string(keyName(op.key))] = op.value
		case opDelete:
			delete(b, string(keyName(op.key)))
		case opDeleteRange:
			for k := op.key; k < op.end; k++ {
				delete(b, string(keyName(k)))
			}
		}
	}
	m.pos = p
}

// dump reads the whole store, by order and, key by key, by hash.
func dump(db *engine.DB) (*model, error) {
	m := newModel()
	err := db.View(func(tx *engine.Tx) error {
		var err error
		if m.pos, err = readPosition(tx); err != nil {
			return fmt.Errorf("the position: %w", err)
		}
		for _, name := range tx.Buckets() {
			if name == metaBucket {
				continue
			}
			if m.data[name] == nil {
				return fmt.Errorf("a bucket %q that nobody made", name)
			}
			for k, v := range tx.Bucket(name).Range(nil, nil) {
				m.data[name][string(k)] = v
				if got, err := tx.Bucket(name).Get(k); err != nil || !bytes.Equal(got, v) {
					return fmt.Errorf("%q/%q: a range shows %d bytes, Get %d bytes and %v", name, k, len(v), len(got), err)
				}
			}
		}
		return nil
	})
	return m, err
}

// diff says where two states differ, in a few words; "" when they do not.
func diff(want, got *model) string {
	n, first := 0, ""
	for _, b := range buckets {
		keys := slices.Collect(maps.Keys(want.data[b]))
		for k := range got.data[b] {
			if _, ok := want.data[b][k]; !ok {
				keys = append(keys, k)
			}
		}
		slices.Sort(keys)
		for _, k := range keys {
			w, inWant := want.data[b][k]
			g, inGot := got.data[b][k]
			if inWant == inGot && bytes.Equal(w, g) {
				continue
			}
			if n++; first == "" {
				first = fmt.Sprintf("%q/%q: want %s, got %s", b, k, describe(w, inWant), describe(g, inGot))
			}
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%d keys differ, the first is %s", n, first)
}

func describe(v []byte, ok bool) string {
	if !ok {
		return "nothing"
	}
	return fmt.Sprintf("%d bytes %.8x", len(v), v)
}
