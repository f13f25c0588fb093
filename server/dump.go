package server

import (
	"errors"

	"github.com/redis-lite/redis-lite/server/rdb"
	"github.com/redis-lite/redis-lite/server/resp"
)

// dumpCommands move single values between servers, in Redis's own format.
func dumpCommands() []*Command {
	return []*Command{
		{Name: "dump", Arity: 2, Flags: ReadOnly, First: 1, Last: 1, Step: 1, Group: GroupGeneric, Since: "2.6.0", ACL: []string{"keyspace"},
			Complexity: "O(1) to access the key and additional O(N*M) to serialize it, where N is the number of Redis objects composing the value and M their average size.",
			Summary:    "Returns a serialized representation of the value stored at a key.", Run: runDump},
		{Name: "restore", Arity: -4, Flags: Write | DenyOOM, First: 1, Last: 1, Step: 1, Group: GroupGeneric, Since: "2.6.0", ACL: []string{"keyspace", "dangerous"},
			Complexity: "O(1) to create the new key and additional O(N*M) to reconstruct the serialized value, where N is the number of Redis objects composing the value and M their average size.",
			Summary:    "Creates a key from the serialized representation of a value.", Run: runRestore},
	}
}

// export returns the value under key as DUMP writes it.
func (s *Space) export(key []byte) (v rdb.Value, ok bool) {
	if it, ok := s.item(key); ok {
		return rdb.Value{Type: rdb.String, Elems: [][]byte{it.Value}}, true
	}
	c, ok := s.OpenAny(key)
	if !ok {
		return v, false
	}
	v.Type = map[Kind]rdb.Type{KindList: rdb.List, KindSet: rdb.Set, KindZset: rdb.Zset, KindHash: rdb.Hash}[c.Kind()]
	c.each(func(e entry) {
		v.Elems = append(v.Elems, e.k)
		switch c.Kind() {
		case KindHash:
			v.Elems = append(v.Elems, e.v)
		case KindZset:
			v.Scores = append(v.Scores, decodeScore(e.v))
		}
	})
	return v, true
}

// load puts a decoded value under key, over whatever is there.
func (s *Space) load(key []byte, v rdb.Value, deadline int64) {
	if v.Type == rdb.String {
		s.Set(key, v.Elems[0], deadline)
		return
	}
	c := s.Create(key, map[rdb.Type]Kind{rdb.List: KindList, rdb.Set: KindSet, rdb.Zset: KindZset, rdb.Hash: KindHash}[v.Type])
	switch v.Type {
	case rdb.Hash:
		for i := 0; i < len(v.Elems); i += 2 {
			c.Put(v.Elems[i], v.Elems[i+1])
		}
	case rdb.Zset:
		for i, e := range v.Elems {
			c.SetScore(e, v.Scores[i])
		}
	default:
		for _, e := range v.Elems {
			c.take(entry{k: e})
		}
	}
	c.Close()
	if deadline != 0 {
		s.SetDeadline(key, deadline)
	}
}

func runDump(c *Call) {
	v, ok := c.Space().export(c.Args[1])
	if !ok {
		c.Null()
		return
	}
	c.Bulk(rdb.Append(nil, v))
}

func runRestore(c *Call) {
	var replace, absolute, idle, freq bool
	for i := 4; i < len(c.Args); i++ {
		more := i+1 < len(c.Args)
		switch {
		case c.Is(i, "replace"):
			replace = true
		case c.Is(i, "absttl"):
			absolute = true
		case c.Is(i, "idletime") && more && !freq, c.Is(i, "freq") && more && !idle:
			idle, freq = idle || c.Is(i, "idletime"), freq || c.Is(i, "freq")
			n, ok := resp.ParseInt(c.Args[i+1])
			switch {
			case !ok:
				c.Fail(ErrNotInteger)
				return
			case n < 0 && c.Is(i, "idletime"):
				c.Failf("Invalid IDLETIME value, must be >= 0")
				return
			case (n < 0 || n > 255) && c.Is(i, "freq"):
				c.Failf("Invalid FREQ value, must be >= 0 and <= 255")
				return
			}
			i++
		default:
			c.Fail(ErrSyntax)
			return
		}
	}
	s, key := c.Space(), c.Args[1]
	if !replace && s.Exists(key) {
		c.Error("BUSYKEY Target key name already exists.")
		return
	}
	ttl, err := c.parseInt(2)
	if err != nil {
		c.Fail(err)
		return
	}
	if ttl < 0 {
		c.Failf("Invalid TTL value, must be >= 0")
		return
	}
	v, err := rdb.Decode(c.Args[3])
	if err != nil {
		if errors.Is(err, rdb.ErrChecksum) {
			c.Failf("DUMP payload version or checksum are wrong")
		} else {
			c.Failf("Bad data format")
		}
		return
	}
	if ttl > 0 && !absolute {
		ttl += c.Tx.now
	}
	if ttl > 0 && ttl <= c.Tx.now {
		if s.Delete(key) {
			s.Notify('g', "del", key)
		}
		c.OK()
		return
	}
	s.Delete(key) // so that it appears anew, as Redis announces it
	s.load(key, v, ttl)
	s.Notify('g', "restore", key)
	c.OK()
}
