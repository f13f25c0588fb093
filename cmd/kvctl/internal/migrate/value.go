package migrate

import (
	"fmt"
	"strconv"
)

const (
	pageKeys  = 512     // that one SCAN is asked for
	maxSmall  = 512     // elements of a collection that is read and written at once
	chunk     = 512     // elements of a larger one that are read and written together
	maxValues = 4 << 20 // bytes of strings, about, in one pipeline
	maxItems  = 4096    // elements in one pipeline
)

// value is the whole of a small key: a string alone, the elements of a list or set,
// fields and values, members and scores in turn. elems is nil when the key was
// gone, or another type, by the time that it was read.
type value struct {
	head
	elems [][]byte
}

// values reads small keys, in pipelines of a bounded size, and hands them on in
// their order.
func (c *Client) values(heads []head, fn func([]value) error) error {
	for len(heads) > 0 {
		n, bytes, items := 0, int64(0), int64(0)
		for n < len(heads) && (n == 0 || bytes < maxValues && items < maxItems) {
			h := heads[n]
			if h.kind == "string" {
				bytes += h.size
			} else {
				items += h.size
			}
			c.queueRead(h)
			n++
		}
		replies, err := c.Run()
		if err != nil {
			return err
		}
		vs := make([]value, n)
		for i, r := range replies {
			vs[i].head = heads[i]
			switch {
			case r.Kind == '$' && !r.Nil:
				vs[i].elems = [][]byte{r.Text}
			case r.Kind == '*' && len(r.Items) > 0:
				vs[i].elems = texts(r)
			case r.Kind == '-':
				if e := r.Err().(*ServerError); e.Code() != "WRONGTYPE" {
					return fmt.Errorf("%s: reading %q: %w", c.Name, heads[i].key, e)
				}
			}
		}
		if err := fn(vs); err != nil {
			return err
		}
		heads = heads[n:]
	}
	return nil
}

func (c *Client) queueRead(h head) {
	switch h.kind {
	case "string":
		c.QueueBytes("GET", h.key)
	case "list":
		c.QueueBytes("LRANGE", h.key, []byte("0"), []byte("-1"))
	case "set":
		c.QueueBytes("SMEMBERS", h.key)
	case "zset":
		c.QueueBytes("ZRANGE", h.key, []byte("0"), []byte("-1"), []byte("WITHSCORES"))
	case "hash":
		c.QueueBytes("HGETALL", h.key)
	}
}

// chunks reads a large collection piece by piece, each in the form of value.elems.
// Of sets, sorted sets and hashes an element may come twice.
func (c *Client) chunks(h head, fn func(elems [][]byte) error) error {
	if h.kind == "list" {
		for at := 0; ; at += chunk {
			r, err := c.DoBytes("LRANGE", h.key, strconv.AppendInt(nil, int64(at), 10), strconv.AppendInt(nil, int64(at+chunk-1), 10))
			if err != nil || len(r.Items) == 0 {
				return err
			}
			if err := fn(texts(r)); err != nil {
				return err
			}
		}
	}
	command := map[string]string{"set": "SSCAN", "zset": "ZSCAN", "hash": "HSCAN"}[h.kind]
	cursor := "0"
	for {
		r, err := c.DoBytes(command, h.key, []byte(cursor), []byte("COUNT"), strconv.AppendInt(nil, chunk, 10))
		if err != nil {
			return err
		}
		next, items, err := c.page(r)
		if err != nil {
			return err
		}
		for len(items) > 0 { // a page may be longer than it was asked to be
			n := min(len(items), chunk*width(h.kind))
			if err := fn(items[:n]); err != nil {
				return err
			}
			items = items[n:]
		}
		if cursor = next; cursor == "0" {
			return nil
		}
	}
}

// width is how many strings stand for an element.
func width(kind string) int {
	if kind == "hash" || kind == "zset" {
		return 2
	}
	return 1
}

// DoBytes is Do with arguments that are bytes.
func (c *Client) DoBytes(command string, args ...[]byte) (Reply, error) {
	c.QueueBytes(command, args...)
	r, err := c.Run()
	if err != nil {
		return Reply{}, err
	}
	if err := r[0].Err(); err != nil {
		return Reply{}, fmt.Errorf("%s: %s: %w", c.Name, command, err)
	}
	return r[0], nil
}
