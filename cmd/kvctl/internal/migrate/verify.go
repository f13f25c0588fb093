package migrate

import (
	"hash/maphash"
	"time"
)

// seen tells keys that SCAN shows twice. It keeps 64 bits of each, so that in ten
// million keys one in some 400,000 runs leaves a key out.
type seen struct {
	seed maphash.Seed
	keys map[uint64]struct{}
}

func (s *seen) again(key []byte) bool {
	h := maphash.Bytes(s.seed, key)
	_, again := s.keys[h]
	s.keys[h] = struct{}{}
	return again
}

// hashed is a key with its value's hash.
type hashed struct {
	head
	sum [32]byte
}

// verifyDatabase reads every key on both sides.
func (m *move) verifyDatabase() error {
	once := seen{maphash.MakeSeed(), make(map[uint64]struct{})}
	matched := int64(0)
	err := m.from.scan(func(keys [][]byte) error {
		fresh := keys[:0]
		for _, k := range keys {
			if !once.again(k) {
				fresh = append(fresh, k)
			}
		}
		source, err := m.from.hashes(fresh)
		if err != nil {
			return err
		}
		target, err := m.to.hashes(fresh)
		if err != nil {
			return err
		}
		for i := range source {
			if !m.same(source[i], target[i]) {
				// One of them may have changed in between.
				if source[i], target[i], err = m.again(fresh[i]); err != nil {
					return err
				}
			}
			if target[i].kind != "none" {
				matched++
			}
			m.judge(source[i], target[i])
		}
		return nil
	})
	if err != nil {
		return err
	}
	size, err := m.to.Do("DBSIZE")
	if err != nil {
		return err
	}
	m.rep.Others += max(0, size.Int-matched)
	return nil
}

func (m *move) again(key []byte) (source, target hashed, err error) {
	s, err := m.from.hashes([][]byte{key})
	if err != nil {
		return source, target, err
	}
	t, err := m.to.hashes([][]byte{key})
	if err != nil {
		return source, target, err
	}
	return s[0], t[0], nil
}

func (m *move) same(s, t hashed) bool {
	return s.kind == t.kind && s.sum == t.sum && m.sameDeadline(s.head, t.head)
}

// judge enters a key of the source into the report.
func (m *move) judge(s, t hashed) {
	if !s.known() {
		return // gone, or skipped
	}
	now := time.Now().UnixMilli()
	r := m.rep.Types[s.kind]
	switch {
	case t.kind == "none" && s.deadline > 0 && s.deadline <= now:
		m.rep.Expired++
		return
	case t.kind == "none" && m.rep.Refused.has(m.db, s.key):
	case t.kind == "none":
		m.rep.Missing.add(m.db, s.key, s.kind)
	case t.kind != s.kind:
		m.rep.Different.add(m.db, s.key, "a "+t.kind+", not a "+s.kind)
	case t.sum != s.sum:
		m.rep.Different.add(m.db, s.key, "another value")
	case !m.sameDeadline(s.head, t.head):
		m.rep.Different.add(m.db, s.key, "another deadline")
	}
	r.addSource(s.head, s.sum)
	if t.known() {
		m.rep.Types[t.kind].addTarget(t.head, t.sum)
	}
}

// hashes reads keys of any size.
func (c *Client) hashes(keys [][]byte) ([]hashed, error) {
	heads, err := c.heads(keys)
	if err != nil {
		return nil, err
	}
	out := make([]hashed, len(heads))
	var small []head
	var index []int
	for i, h := range heads {
		out[i].head = h
		switch {
		case !h.known():
		case h.large():
			if out[i].sum, err = c.hashLarge(h); err != nil {
				return nil, err
			}
		default:
			small, index = append(small, h), append(index, i)
		}
	}
	n := 0
	err = c.values(small, func(vs []value) error {
		for _, v := range vs {
			if v.elems == nil {
				out[index[n]].kind = "none"
			} else {
				out[index[n]].sum = v.hash()
			}
			n++
		}
		return nil
	})
	return out, err
}
