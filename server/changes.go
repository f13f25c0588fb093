package server

// changes are values by key, in the order in which the keys were first changed: what a
// transaction or a collection holds back until it is done.
type changes[K comparable, V any] struct {
	list []change[K, V]
	at   map[K]int // places in list of all keys, once they are many
}

type change[K comparable, V any] struct {
	key   K
	value V
}

// manyChanges is from how many on a map finds them faster than looking at each.
const manyChanges = 8

// find returns the value of a key, good until the next put, or nil.
func (c *changes[K, V]) find(key K) *V {
	if c.at != nil {
		if i, ok := c.at[key]; ok {
			return &c.list[i].value
		}
		return nil
	}
	for i := range c.list {
		if c.list[i].key == key {
			return &c.list[i].value
		}
	}
	return nil
}

// put gives a key its value.
func (c *changes[K, V]) put(key K, value V) {
	if v := c.find(key); v != nil {
		*v = value
		return
	}
	c.list = append(c.list, change[K, V]{key, value})
	switch {
	case c.at != nil:
		c.at[key] = len(c.list) - 1
	case len(c.list) == manyChanges:
		c.at = make(map[K]int)
		for i, x := range c.list {
			c.at[x.key] = i
		}
	}
}
