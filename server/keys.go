package server

import (
	"bytes"
	"iter"

	"github.com/redis-lite/redis-lite/engine"
)

// keyCommands are those of keys of any type.
func keyCommands() []*Command {
	g := func(name string, arity int, flags Flag, last int, since, complexity, summary string, run func(*Call)) *Command {
		c := &Command{Name: name, Arity: arity, Flags: flags, First: 1, Last: last, Step: 1, Group: GroupGeneric,
			Since: since, Complexity: complexity, Summary: summary, Run: run, ACL: []string{"keyspace"}}
		if last == 0 {
			c.First, c.Step = 0, 0
		}
		return c
	}
	return []*Command{
		g("del", -2, Write, -1, "1.0.0", "O(N) where N is the number of keys that will be removed.", "Deletes one or more keys.", runDel),
		g("unlink", -2, Write|Fast, -1, "4.0.0", "O(N) where N is the number of keys that will be removed.", "Asynchronously deletes one or more keys.", runDel),
		g("exists", -2, ReadOnly|Fast, -1, "1.0.0", "O(N) where N is the number of keys to check.", "Determines whether one or more keys exist.", runExists),
		g("touch", -2, ReadOnly|Fast, -1, "3.2.1", "O(N) where N is the number of keys that will be touched.", "Returns the number of existing keys out of those specified after updating the time they were last accessed.", runExists),
		g("type", 2, ReadOnly|Fast, 1, "1.0.0", "O(1)", "Determines the type of value stored at a key.", func(c *Call) { c.Status(c.Space().Kind(c.Args[1]).String()) }),
		g("rename", 3, Write, 2, "1.0.0", "O(1)", "Renames a key and overwrites the destination.", runRename),
		g("renamenx", 3, Write|Fast, 2, "1.0.0", "O(1)", "Renames a key only when the target key name doesn't exist.", runRename),
		g("copy", -3, Write|DenyOOM, 2, "6.2.0", "O(N) worst case for collections, where N is the number of nested items. O(1) for string values.", "Copies the value of a key to a new key.", runCopy),
		g("move", 3, Write|Fast, 1, "1.0.0", "O(1) for a string, O(N) for a collection of N elements.", "Moves a key to another database.", runMove),
		g("keys", 2, ReadOnly, 0, "1.0.0", "O(N) with N being the number of keys in the database.", "Returns all key names that match a pattern.", runKeys),
		g("scan", -2, ReadOnly, 0, "2.8.0", "O(1) for every call. O(N) for a complete iteration.", "Iterates over the key names in the database.", runScan),
		g("randomkey", 1, ReadOnly, 0, "1.0.0", "O(1)", "Returns a random key name from the database.", runRandomKey),
	}
}

func runDel(c *Call) {
	s := c.Space()
	n := int64(0)
	for _, k := range c.Args[1:] {
		if s.Delete(k) {
			s.Notify('g', "del", k)
			n++
		}
	}
	c.Int(n)
}

func runExists(c *Call) {
	s := c.Space()
	n := int64(0)
	for _, k := range c.Args[1:] {
		if s.Exists(k) {
			n++
		}
	}
	c.Int(n)
}

// Rename gives a key that is there another name, with its deadline, over whatever
// has that name. A collection's elements stay where they are.
func (s *Space) Rename(from, to []byte) {
	if it, ok := s.item(from); ok {
		dead := int64(0)
		if !it.Deadline.IsZero() {
			dead = it.Deadline.UnixMilli()
		}
		s.Delete(from)
		s.Delete(to) // so that it appears anew, as Redis announces it
		s.Set(to, it.Value, dead)
		return
	}
	m, ok := s.lookupMeta(from)
	if !ok {
		return
	}
	s.deleteMeta(from)
	s.moveDeadline(from, m.deadline, 0)
	s.t.touch(s.db, from)
	s.Delete(to)
	s.dropCollection(to) // one that has expired
	s.moveDeadline(to, 0, m.deadline)
	s.announceNew(to)
	s.putMeta(to, &m)
	s.t.touch(s.db, to)
}

func runRename(c *Call) {
	s, from, to := c.Space(), c.Args[1], c.Args[2]
	nx := c.Cmd.Name == "renamenx"
	if !s.Exists(from) {
		c.Fail(ErrNoSuchKey)
		return
	}
	same := string(from) == string(to)
	if nx && (same || s.Exists(to)) {
		c.Int(0)
		return
	}
	if !same {
		s.Rename(from, to)
		s.Notify('g', "rename_from", from)
		s.Notify('g', "rename_to", to)
	}
	if nx {
		c.Int(1)
	} else {
		c.OK()
	}
}

// copyTo copies a key that is there, of any type and with its deadline, over
// whatever the other space has under the other name.
func (s *Space) copyTo(key []byte, dst *Space, name []byte) {
	if it, ok := s.item(key); ok {
		dead := int64(0)
		if !it.Deadline.IsZero() {
			dead = it.Deadline.UnixMilli()
		}
		dst.Set(name, it.Value, dead)
		return
	}
	src, ok := s.OpenAny(key)
	if !ok {
		return
	}
	out := dst.Create(name, src.Kind())
	src.each(func(e entry) { out.take(e) })
	out.Close()
	if src.Deadline() != 0 {
		dst.SetDeadline(name, src.Deadline())
	}
}

func runCopy(c *Call) {
	from := c.Space()
	to := from
	replace := false
	for i := 3; i < len(c.Args); i++ {
		switch {
		case c.Is(i, "replace"):
			replace = true
		case c.Is(i, "db") && i+1 < len(c.Args):
			n, err := c.dbNumber(i + 1)
			if err != nil {
				c.Fail(err)
				return
			}
			to = c.Tx.Space(n)
			i++
		default:
			c.Fail(ErrSyntax)
			return
		}
	}
	if from == to && string(c.Args[1]) == string(c.Args[2]) {
		c.Failf("source and destination objects are the same")
		return
	}
	if !from.Exists(c.Args[1]) || !replace && to.Exists(c.Args[2]) {
		c.Int(0)
		return
	}
	to.Delete(c.Args[2]) // so that it appears anew, as Redis announces it
	from.copyTo(c.Args[1], to, c.Args[2])
	to.Notify('g', "copy_to", c.Args[2])
	c.Int(1)
}

func runMove(c *Call) {
	n, err := c.dbNumber(2)
	if err != nil {
		c.Fail(err)
		return
	}
	if n == c.Conn.db {
		c.Failf("source and destination objects are the same")
		return
	}
	from, to, key := c.Space(), c.Tx.Space(n), c.Args[1]
	if !from.Exists(key) || to.Exists(key) {
		c.Int(0)
		return
	}
	from.copyTo(key, to, key)
	from.Delete(key)
	from.Notify('g', "move_from", key)
	to.Notify('g', "move_to", key)
	c.Int(1)
}

// keysFrom visits the keys of a database that begin with prefix, in order, from
// from on (nil for the first). Strings and collections are merged, so that a key
// has its place whatever it holds: a scan does not miss one that changes its type.
func (s *Space) keysFrom(from, prefix []byte, yield func(key []byte, kind Kind) bool) {
	scan := engine.Scan{From: from, Prefix: prefix}
	if !s.t.srv.collections[s.phys].Load() {
		for it := range s.str.Items(scan) {
			if !yield(it.Key, KindString) {
				return
			}
		}
		return
	}
	next, stop := iter.Pull(s.records().Items(scan))
	defer stop()
	other, more := next()
	// below visits the collections before a key, or all that are left.
	below := func(key []byte) bool {
		for more && (key == nil || bytes.Compare(other.Key, key) < 0) {
			m, ok := decodeMeta(other.Value)
			if ok && (m.deadline == 0 || m.deadline > s.t.now) && !yield(other.Key, m.kind) {
				return false
			}
			other, more = next()
		}
		return true
	}
	for it := range s.str.Items(scan) {
		if !below(it.Key) || !yield(it.Key, KindString) {
			return
		}
	}
	below(nil)
}

func runKeys(c *Call) {
	pattern := c.Args[1]
	var found [][]byte
	c.Space().keysFrom(nil, globPrefix(pattern), func(key []byte, _ Kind) bool {
		if globMatch(pattern, key) {
			found = append(found, key)
		}
		return true
	})
	c.Array(len(found))
	for _, k := range found {
		c.Bulk(k)
	}
}

func runRandomKey(c *Call) {
	if key, ok := c.Space().randomKey(); ok {
		c.Bulk(key)
	} else {
		c.Null()
	}
}

// randomKey draws between strings and collections by their numbers.
func (s *Space) randomKey() (key []byte, ok bool) {
	n, m := s.str.Len(), s.records().Len()
	if n+m == 0 {
		return nil, false
	}
	if s.t.srv.random()%uint64(n+m) < uint64(n) {
		if it, ok := s.str.Random(s.t.srv.random()); ok {
			return it.Key, true
		}
	}
	for range 16 {
		it, ok := s.records().Random(s.t.srv.random())
		if !ok {
			break
		}
		if _, live := s.lookupMeta(it.Key); live {
			return it.Key, true
		}
	}
	s.keysFrom(nil, nil, func(k []byte, _ Kind) bool { key, ok = k, true; return false })
	return key, ok
}
