package server

import (
	"context"
	"sync"
	"sync/atomic"
)

// watches are the keys that connections WATCH. Transactions mark them while they
// hold the writer slot, and EXEC looks while it holds it, so no change can fall
// in between.
type watches struct {
	n    atomic.Int64 // of watches; nothing else is asked while it is 0
	mu   sync.Mutex
	keys map[Key]map[*watch]struct{}
}

// watch is one key watched by one connection.
type watch struct {
	key    Key
	dirty  atomic.Bool
	exists bool
	lsn    uint64 // of a string's last write
}

func (w *watches) any() bool { return w.n.Load() > 0 }

func (w *watches) add(x *watch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.keys == nil {
		w.keys = make(map[Key]map[*watch]struct{})
	}
	set := w.keys[x.key]
	if set == nil {
		set = make(map[*watch]struct{})
		w.keys[x.key] = set
	}
	set[x] = struct{}{}
	w.n.Add(1)
}

func (w *watches) remove(x *watch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	set := w.keys[x.key]
	if _, ok := set[x]; !ok {
		return
	}
	delete(set, x)
	w.n.Add(-1)
	if len(set) == 0 {
		delete(w.keys, x.key)
	}
}

// touch marks all who watch one of the keys.
func (w *watches) touch(keys []Key) {
	if len(keys) == 0 || !w.any() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, k := range keys {
		for x := range w.keys[k] {
			x.dirty.Store(true)
		}
	}
}

// inDB returns the watched keys of a database.
func (w *watches) inDB(db int) (keys []Key) {
	if !w.any() {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for k := range w.keys {
		if k.DB == db {
			keys = append(keys, k)
		}
	}
	return keys
}

// runWatch registers inside the writer slot. It reads each key there: one whose
// last write is not published yet holds back the reply until it is, for else the
// client could read the value before that write and believe it guarded.
func runWatch(c *Call) {
	conn := c.Conn
	if conn.multi.active {
		c.Failf("WATCH inside MULTI is not allowed")
		return
	}
	from := c.Len()
	added := len(conn.watching)
	commit, err := c.Server.update(context.Background(), func(t *Tx) error {
		s := t.Space(conn.db)
		for _, k := range c.Args[1:] {
			x := &watch{key: Key{conn.db, string(k)}}
			x.exists, x.lsn = s.version(k)
			c.Server.watches.add(x)
			conn.watching = append(conn.watching, x)
		}
		return nil
	})
	if err != nil {
		for _, x := range conn.watching[added:] {
			c.Server.watches.remove(x)
		}
		conn.watching = conn.watching[:added]
		c.Fail(err)
		return
	}
	c.OK()
	conn.committed(unit{from: from, to: c.Len(), replies: 1, commit: commit})
}

func runUnwatch(c *Call) {
	if !c.Multi { // EXEC looks at them first, and forgets them afterwards
		c.Conn.unwatch()
	}
	c.OK()
}

// version tells whether a key is there, and of a string when it was last written:
// a program beside the server may have done that, of which the server hears
// nothing.
func (s *Space) version(key []byte) (exists bool, lsn uint64) {
	if len(key) == 0 {
		return false, 0
	}
	if it, ok := s.item(key); ok {
		return true, it.LSN
	}
	_, exists = s.lookupMeta(key)
	return exists, 0
}

// unchanged reports whether all watched keys are as they were.
func (c *Conn) unchanged(t *Tx) bool {
	for _, x := range c.watching {
		if x.dirty.Load() {
			return false
		}
		exists, lsn := t.Space(x.key.DB).version([]byte(x.key.Key))
		if exists != x.exists || lsn != x.lsn {
			return false
		}
	}
	return true
}

// unwatch forgets all watched keys.
func (c *Conn) unwatch() {
	for _, x := range c.watching {
		c.srv.watches.remove(x)
	}
	c.watching = nil
}
