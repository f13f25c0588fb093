package migrate

import (
	"errors"
	"maps"
	"slices"
)

// Options says what is copied.
type Options struct {
	// DB is the only database; negative stands for all that hold keys.
	DB int
	// Progress, if any, is called with the number of bytes read so far.
	Progress func(bytes int64)
}

// move is one run from a source to a target.
type move struct {
	from, to *Client
	o        Options
	rep      *Report
	db       int
}

// Run copies and then compares. The Report tells how far it came, whatever the
// error: a *ConnError or *ServerError, a *TakenError, or what ended the context.
func Run(from, to *Client, o Options) (*Report, error) {
	m := &move{from: from, to: to, o: o, rep: newReport()}
	dbs, err := databases(from, o)
	if err != nil {
		return m.rep, err
	}
	m.rep.Databases = dbs
	for _, step := range []func() error{m.copyDatabase, m.verifyDatabase} {
		for _, m.db = range dbs {
			if err := errors.Join(from.Select(m.db), to.Select(m.db)); err != nil {
				return m.rep, err
			}
			if err := step(); err != nil {
				return m.rep, err
			}
		}
	}
	m.rep.Verified = true
	return m.rep, nil
}

func databases(c *Client, o Options) ([]int, error) {
	if o.DB >= 0 {
		return []int{o.DB}, nil
	}
	found, err := c.Databases()
	if err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// copyDatabase writes what the target lacks.
func (m *move) copyDatabase() error {
	if err := m.to.Must("DEL", Unfinished); err != nil {
		return err
	}
	return m.from.scan(func(keys [][]byte) error {
		heads, err := m.from.heads(keys)
		if err != nil {
			return err
		}
		there, err := m.to.heads(keys)
		if err != nil {
			return err
		}
		var small, smallThere []head
		for i, h := range heads {
			switch {
			case string(h.key) == Unfinished:
				return &TakenError{m.db}
			case h.kind == "none":
			case !h.known():
				m.rep.Skipped.add(m.db, h.key, h.kind)
			case h.large():
				if err := m.copyLarge(h, there[i]); err != nil {
					return err
				}
			default:
				small, smallThere = append(small, h), append(smallThere, there[i])
			}
		}
		return m.copySmall(small, smallThere)
	})
}

// copySmall compares small values with the target's and writes those that differ.
func (m *move) copySmall(heads, there []head) error {
	w := &writer{
		to:      m.to,
		written: func(keys int64) { m.rep.Copied += keys },
		refused: func(h head, err error) { m.rep.Refused.add(m.db, h.key, err.Error()) },
	}
	at := 0
	err := m.from.values(heads, func(vs []value) error {
		held, err := m.held(vs, there[at:at+len(vs)])
		if err != nil {
			return err
		}
		for i, v := range vs {
			if v.elems == nil {
				continue // gone
			}
			m.progress(v.key, v.elems)
			if h := held[i]; h.elems != nil && h.kind == v.kind && m.sameDeadline(v.head, h.head) && h.hash() == v.hash() {
				m.rep.Kept++
				continue
			}
			if err := w.put(v); err != nil {
				return err
			}
		}
		at += len(vs)
		return w.flush()
	})
	return err
}

// held reads what the target has of the values, where it may be the same.
func (m *move) held(vs []value, there []head) ([]value, error) {
	out := make([]value, len(vs))
	var ask []head
	var index []int
	for i, h := range there {
		if h.kind == vs[i].kind && h.size == vs[i].size {
			ask, index = append(ask, h), append(index, i)
		}
	}
	n := 0
	err := m.to.values(ask, func(vs []value) error {
		for _, v := range vs {
			out[index[n]] = v
			n++
		}
		return nil
	})
	return out, err
}

func (m *move) copyLarge(h, there head) error {
	if there.kind == h.kind && there.size == h.size && m.sameDeadline(h, there) {
		a, err := m.from.hashLarge(h)
		if err != nil {
			return err
		}
		b, err := m.to.hashLarge(there)
		if err != nil {
			return err
		}
		if a == b {
			m.rep.Kept++
			return nil
		}
	}
	err := copyLarge(m.from, m.to, h, m.progress)
	var answer *ServerError
	switch {
	case err == nil:
		m.rep.Copied++
	case errors.As(err, &answer) && answer.concernsKey():
		m.rep.Refused.add(m.db, h.key, answer.Error())
	default:
		return err
	}
	return nil
}

func (m *move) progress(key []byte, elems [][]byte) {
	m.rep.Bytes += int64(len(key))
	for _, e := range elems {
		m.rep.Bytes += int64(len(e))
	}
	if m.o.Progress != nil {
		m.o.Progress(m.rep.Bytes)
	}
}

// inexact is how far deadlines may be apart when a side tells only what is left.
const inexact = 2000

func (m *move) sameDeadline(a, b head) bool {
	if a.deadline == 0 || b.deadline == 0 || m.from.exact && m.to.exact {
		return a.deadline == b.deadline
	}
	return max(a.deadline-b.deadline, b.deadline-a.deadline) <= inexact
}
