package migrate

import (
	"strconv"
	"time"
)

// Unfinished is the key that a large collection is built under.
const Unfinished = "kvctl:unfinished copy"

// head is what can be said of a key without reading its value.
type head struct {
	key      []byte
	kind     string // as TYPE answers; "none" for a key that is gone
	deadline int64  // Unix ms; 0 for never
	size     int64  // elements, or bytes of a string
}

// sizes are the commands that count; a type that is not here is not copied.
var sizes = map[string]string{
	"string": "STRLEN", "list": "LLEN", "set": "SCARD", "zset": "ZCARD", "hash": "HLEN",
}

func (h *head) known() bool { return sizes[h.kind] != "" }

// large reports whether the value is not read at once.
func (h *head) large() bool { return h.kind != "string" && h.size > maxSmall }

// heads asks about many keys. A key that changes its type meanwhile may be "none".
func (c *Client) heads(keys [][]byte) ([]head, error) {
	out := make([]head, len(keys))
	until := "PEXPIRETIME"
	if !c.exact {
		until = "PTTL"
	}
	for _, k := range keys {
		c.QueueBytes("TYPE", k)
		c.QueueBytes(until, k)
	}
	asked := time.Now()
	replies, err := c.Run()
	if err != nil {
		return nil, err
	}
	var counted []int
	for i, k := range keys {
		kind, left := replies[2*i], replies[2*i+1]
		for _, r := range []Reply{kind, left} {
			if err := r.Err(); err != nil {
				return nil, err
			}
		}
		out[i] = head{key: k, kind: string(kind.Text)}
		if left.Int > 0 || left.Int == 0 && c.exact {
			out[i].deadline = max(left.Int, 1)
			if !c.exact {
				out[i].deadline += asked.UnixMilli()
			}
		}
		if name := sizes[out[i].kind]; name != "" {
			c.QueueBytes(name, k)
			counted = append(counted, i)
		}
	}
	if replies, err = c.Run(); err != nil {
		return nil, err
	}
	for j, i := range counted {
		if replies[j].Err() != nil || replies[j].Int == 0 && out[i].kind != "string" {
			out[i].kind = "none"
		}
		out[i].size = replies[j].Int
	}
	return out, nil
}

// scan visits the names of a database's keys, a page at a time. A key may come
// twice, as SCAN has it.
func (c *Client) scan(fn func(keys [][]byte) error) error {
	cursor := "0"
	for {
		r, err := c.Do("SCAN", cursor, "COUNT", strconv.Itoa(pageKeys))
		if err != nil {
			return err
		}
		next, items, err := c.page(r)
		if err != nil {
			return err
		}
		if len(items) > 0 {
			if err := fn(items); err != nil {
				return err
			}
		}
		if cursor = next; cursor == "0" {
			return nil
		}
	}
}

// page takes the answer of a SCAN apart.
func (c *Client) page(r Reply) (cursor string, items [][]byte, err error) {
	if len(r.Items) != 2 || r.Items[0].Kind != '$' || r.Items[1].Kind != '*' {
		return "", nil, &ConnError{c.Name, &ProtocolError{"no page of a SCAN"}}
	}
	return string(r.Items[0].Text), texts(r.Items[1]), nil
}

func texts(r Reply) [][]byte {
	out := make([][]byte, len(r.Items))
	for i, it := range r.Items {
		out[i] = it.Text
	}
	return out
}
