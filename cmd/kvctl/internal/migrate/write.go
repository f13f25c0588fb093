package migrate

import (
	"errors"
	"fmt"
	"strconv"
)

const (
	maxGroup      = 256     // keys in one MULTI
	maxGroupBytes = 1 << 20 // after which it ends
)

// writer writes small values to the target, many to a MULTI.
type writer struct {
	to      *Client
	written func(keys int64)
	refused func(h head, err error) // one that the target does not take
	group   []value
}

// put writes a value, soon. Its bytes are kept until flush.
func (w *writer) put(v value) error {
	if len(w.group) == 0 {
		w.to.Queue("MULTI")
	}
	w.group = append(w.group, v)
	w.to.queueWrite(v)
	if len(w.group) >= maxGroup || w.to.Pending() >= maxGroupBytes {
		return w.flush()
	}
	return nil
}

// flush ends the MULTI. Should it fail over one of its keys, each is written in one
// of its own.
func (w *writer) flush() error {
	group := w.group
	w.group = nil
	if len(group) == 0 {
		return nil
	}
	w.to.Queue("EXEC")
	err := w.to.outcome()
	if err == nil {
		w.written(int64(len(group)))
		return nil
	}
	var answer *ServerError
	if !errors.As(err, &answer) || !answer.concernsKey() {
		return err
	}
	if len(group) == 1 {
		w.refused(group[0].head, answer)
		return nil
	}
	for _, v := range group {
		if err := w.put(v); err != nil {
			return err
		}
		if err := w.flush(); err != nil {
			return err
		}
	}
	return nil
}

// outcome runs a MULTI and returns the first error in it.
func (c *Client) outcome() error {
	replies, err := c.Run()
	if err != nil {
		return err
	}
	for _, r := range replies {
		for _, r := range append([]Reply{r}, r.Items...) {
			if err := r.Err(); err != nil {
				return fmt.Errorf("%s: %w", c.Name, err)
			}
		}
	}
	return nil
}

// queueWrite replaces whatever the target has under the key.
func (c *Client) queueWrite(v value) {
	if v.kind == "string" {
		c.QueueBytes("SET", v.key, v.elems[0])
	} else {
		c.QueueBytes("DEL", v.key)
		c.queueAdd(v.kind, v.key, v.elems)
	}
	c.queueDeadline(v.head, v.key)
}

func (c *Client) queueDeadline(h head, key []byte) {
	if h.deadline > 0 {
		c.QueueBytes("PEXPIREAT", key, strconv.AppendInt(nil, h.deadline, 10))
	}
}

// queueAdd adds elements to a collection.
func (c *Client) queueAdd(kind string, key []byte, elems [][]byte) {
	command := map[string]string{"list": "RPUSH", "set": "SADD", "zset": "ZADD", "hash": "HSET"}[kind]
	args := make([][]byte, 0, len(elems)+1)
	args = append(args, key)
	if kind == "zset" {
		for i := 0; i+1 < len(elems); i += 2 {
			args = append(args, elems[i+1], elems[i])
		}
	} else {
		args = append(args, elems...)
	}
	c.QueueBytes(command, args...)
}

// copyLarge copies a collection piece by piece under another name, and renames it.
func copyLarge(from, to *Client, h head, progress func(key []byte, elems [][]byte)) error {
	unfinished := []byte(Unfinished)
	if _, err := to.DoBytes("DEL", unfinished); err != nil {
		return err
	}
	err := from.chunks(h, func(elems [][]byte) error {
		progress(nil, elems)
		to.queueAdd(h.kind, unfinished, elems)
		return to.outcome()
	})
	var answer *ServerError
	if errors.As(err, &answer) && answer.concernsKey() {
		_, derr := to.DoBytes("DEL", unfinished)
		return errors.Join(err, derr)
	}
	if err != nil {
		return err
	}
	to.Queue("MULTI")
	to.QueueBytes("RENAME", unfinished, h.key)
	to.queueDeadline(h, h.key)
	to.Queue("EXEC")
	return to.outcome()
}
