package server

import (
	"context"
	"encoding/binary"
	"iter"
	"slices"
)

// Lists: element i lies at index head+i, so both ends grow without moving
// anything and every place is one look-up. There are no holes: what leaves the
// middle, or enters it, moves the shorter of the two sides.

// listIndex is an index as part of an element key, in order.
func listIndex(i int64) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(i)^1<<63)
}

// At returns the element at place i, counted from 0.
func (c *Collection) At(i int) (v []byte, ok bool) {
	if i < 0 || i >= c.Len() {
		return nil, false
	}
	if c.m.isPacked {
		p := c.place(i)
		return p.key(), true
	}
	return c.getData(listIndex(c.m.head + int64(i)))
}

// SetAt replaces the element at place i, which is there.
func (c *Collection) SetAt(i int, v []byte) {
	c.touched = true
	c.makeRoomFor(v)
	if c.m.isPacked {
		p := c.place(i)
		c.splice(p.from, p.to, &entry{k: v})
		return
	}
	c.setData(listIndex(c.m.head+int64(i)), v)
}

// Push adds an element at the left or the right end.
func (c *Collection) Push(v []byte, left bool) {
	c.makeRoom(v, nil)
	c.changed, c.touched = true, true
	if c.m.isPacked {
		at := len(c.m.packed)
		if left {
			at = 0
		}
		c.splice(at, at, &entry{k: v})
		c.grow(1)
		return
	}
	at := c.m.head + c.m.count
	if left {
		c.m.head--
		at = c.m.head
	}
	c.grow(1)
	c.setData(listIndex(at), v)
}

// Pop removes and returns the element at an end; ok is false for an empty list.
func (c *Collection) Pop(left bool) (v []byte, ok bool) {
	i := c.Len() - 1
	if left {
		i = 0
	}
	if v, ok = c.At(i); !ok {
		return nil, false
	}
	c.changed, c.touched = true, true
	if c.m.isPacked {
		p := c.place(i)
		c.splice(p.from, p.to, nil)
	} else {
		c.deleteData(listIndex(c.m.head + int64(i)))
		if left {
			c.m.head++
		}
	}
	c.grow(-1)
	return v, true
}

// Values visits the elements from place from up to, not including, place to, or
// in reverse from the last of them down, as they are at its start.
func (c *Collection) Values(from, to int, reverse bool) iter.Seq2[int, []byte] {
	from, to = max(from, 0), min(to, c.Len())
	return func(yield func(int, []byte) bool) {
		if from >= to {
			return
		}
		if c.m.isPacked {
			entries := c.packedList()
			for n := range to - from {
				i := from + n
				if reverse {
					i = to - 1 - n
				}
				if !yield(i, entries[i].k) {
					return
				}
			}
			return
		}
		head := c.m.head
		for e := range c.scanData(listIndex(head+int64(from)), listIndex(head+int64(to)), reverse) {
			i := int64(binary.BigEndian.Uint64(e.k)^1<<63) - head
			if !yield(int(i), e.v) {
				return
			}
		}
	}
}

// Insert puts an element before place i, 0 <= i <= Len.
func (c *Collection) Insert(i int, v []byte) {
	n := c.Len()
	if i == 0 || i == n {
		c.Push(v, i == 0 && n > 0)
		return
	}
	c.makeRoom(v, nil)
	c.changed, c.touched = true, true
	if c.m.isPacked {
		p := c.place(i)
		c.splice(p.from, p.from, &entry{k: v})
		c.grow(1)
		return
	}
	if i < n-i {
		c.m.head--
		for j, e := range c.Values(1, i+1, false) { // places as they are with the new head
			c.setData(listIndex(c.m.head+int64(j)-1), e)
		}
		c.grow(1)
	} else {
		for j, e := range c.Values(i, n, true) {
			c.setData(listIndex(c.m.head+int64(j)+1), e)
		}
		c.grow(1)
	}
	c.setData(listIndex(c.m.head+int64(i)), v)
}

// RemoveAll removes the elements at the given places, which ascend.
func (c *Collection) RemoveAll(places []int) {
	if len(places) == 0 {
		return
	}
	n := c.Len()
	c.changed, c.touched = true, true
	if c.m.isPacked {
		for _, i := range slices.Backward(places) {
			p := c.place(i)
			c.splice(p.from, p.to, nil)
		}
		c.grow(-len(places))
		return
	}
	first, last := places[0], places[len(places)-1]
	head := c.m.head
	if last < n-1-first {
		// Move what is left of the last one to the right.
		to, k := last, len(places)-1
		for i, v := range c.Values(0, last+1, true) {
			if k >= 0 && places[k] == i {
				k--
				continue
			}
			c.setData(listIndex(head+int64(to)), v)
			to--
		}
		for i := 0; i <= to; i++ {
			c.deleteData(listIndex(head + int64(i)))
		}
		c.m.head += int64(len(places))
	} else {
		to, k := first, 0
		for i, v := range c.Values(first, n, false) {
			if k < len(places) && places[k] == i {
				k++
				continue
			}
			c.setData(listIndex(head+int64(to)), v)
			to++
		}
		for i := to; i < n; i++ {
			c.deleteData(listIndex(head + int64(i)))
		}
	}
	c.grow(-len(places))
}

// Trim keeps the elements from place from up to, not including, place to.
func (c *Collection) Trim(from, to int) {
	n := c.Len()
	from, to = max(from, 0), min(to, n)
	if from >= to {
		from, to = 0, 0
	}
	if from == 0 && to == n {
		return
	}
	c.changed, c.touched = true, true
	if c.m.isPacked {
		var lo, hi int // bytes that stay
		if from < to {
			lo, hi = c.place(from).from, c.place(to-1).to
		}
		c.edited(hi, len(c.m.packed), 0)
		c.edited(0, lo, 0)
		c.m.packed, c.m.room = c.m.packed[lo:hi:hi], nil
	} else if to == 0 {
		c.s.dropElements(c.m.number)
	} else {
		c.dropRange(0, from)
		c.dropRange(to, n)
		c.m.head += int64(from)
	}
	c.m.count = int64(to - from)
}

// dropRange removes elements at an end with one mutation.
func (c *Collection) dropRange(from, to int) {
	if from >= to {
		return
	}
	a, b := c.dataKey(listIndex(c.m.head+int64(from))), c.dataKey(listIndex(c.m.head+int64(to)))
	c.s.t.fail(c.s.elements().DeleteRange(context.Background(), a, b))
}
