package server

import (
	"sync"

	"github.com/redis-lite/redis-lite/server/resp"
)

// subject is what a subscription names.
type subject int

const (
	toChannel subject = iota
	toPattern
	toShard // a channel of its own world: SSUBSCRIBE
	subjects
)

// hub knows who listens to which channel. A message is handed to each listener's
// output, in the order of publication, and never waits for one: who does not keep
// up is cut off (see Options.PubSubLimit).
type hub struct {
	mu     sync.RWMutex
	topics [subjects]map[string]map[*Conn]struct{}
}

// subscriptions are those of one connection. Its own goroutine changes them,
// with hub.mu held; under that lock anybody may read.
type subscriptions [subjects]map[string]struct{}

// count is what a confirmation reports: channels and patterns together, or the
// sharded channels.
func (s *subscriptions) count(kind subject) int64 {
	if kind == toShard {
		return int64(len(s[toShard]))
	}
	return int64(len(s[toChannel]) + len(s[toPattern]))
}

// any reports whether there is a subscription of any kind.
func (s *subscriptions) any() bool {
	return len(s[toChannel])+len(s[toPattern])+len(s[toShard]) > 0
}

// add enters a connection, and calls confirm first, while nothing can be published:
// who has read the confirmation hears every message from then on, and none before it.
// confirm must not wait.
func (h *hub) add(c *Conn, kind subject, name string, confirm func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	confirm()
	if h.topics[kind] == nil {
		h.topics[kind] = make(map[string]map[*Conn]struct{})
	}
	if h.topics[kind][name] == nil {
		h.topics[kind][name] = make(map[*Conn]struct{})
	}
	h.topics[kind][name][c] = struct{}{}
	if c.subs[kind] == nil {
		c.subs[kind] = make(map[string]struct{})
	}
	c.subs[kind][name] = struct{}{}
}

// remove takes a connection out.
func (h *hub) remove(c *Conn, kind subject, name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.removeLocked(c, kind, name)
}

func (h *hub) removeLocked(c *Conn, kind subject, name string) {
	delete(c.subs[kind], name)
	topic := h.topics[kind][name]
	delete(topic, c)
	if len(topic) == 0 {
		delete(h.topics[kind], name)
	}
}

// removeAll takes a connection out everywhere.
func (h *hub) removeAll(c *Conn) {
	if !c.subs.any() {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for kind := range c.subs {
		for name := range c.subs[kind] {
			h.removeLocked(c, subject(kind), name)
		}
	}
}

// publish sends a message to all who listen and returns how many that are. A
// connection that listens in two ways counts, and hears, twice.
func (h *hub) publish(channel, message []byte, sharded bool) (receivers int64) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	kind, word := toChannel, "message"
	if sharded {
		kind, word = toShard, "smessage"
	}
	if topic := h.topics[kind][string(channel)]; len(topic) > 0 {
		m := published{word, nil, channel, message, [2][]byte{}}
		for c := range topic {
			c.hear(&m)
		}
		receivers += int64(len(topic))
	}
	if sharded {
		return receivers
	}
	for pattern, topic := range h.topics[toPattern] {
		if !globMatch([]byte(pattern), channel) {
			continue
		}
		m := published{"pmessage", []byte(pattern), channel, message, [2][]byte{}}
		for c := range topic {
			c.hear(&m)
		}
		receivers += int64(len(topic))
	}
	return receivers
}

// counts of subscribers: of a channel, of all patterns.
func (h *hub) listeners(kind subject, name []byte) int64 {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return int64(len(h.topics[kind][string(name)]))
}

func (h *hub) patterns() int64 {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return int64(len(h.topics[toPattern]))
}

// names lists the channels that somebody listens to and that a pattern allows.
func (h *hub) names(kind subject, pattern []byte) (out []string) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for name := range h.topics[kind] {
		if pattern == nil || globMatch(pattern, []byte(name)) {
			out = append(out, name)
		}
	}
	return out
}

// published is a message on its way, encoded once for each version of the
// protocol: all who hear it share the bytes.
type published struct {
	word                      string
	pattern, channel, message []byte
	encoded                   [2][]byte
}

func (m *published) bytes(resp3 bool) []byte {
	i, proto := 0, 2
	if resp3 {
		i, proto = 1, 3
	}
	if m.encoded[i] == nil {
		var w resp.Writer
		w.SetProto(proto)
		if m.pattern != nil {
			w.Push(4)
			w.BulkString(m.word)
			w.Bulk(m.pattern)
		} else {
			w.Push(3)
			w.BulkString(m.word)
		}
		w.Bulk(m.channel)
		w.Bulk(m.message)
		m.encoded[i] = w.Take()
	}
	return m.encoded[i]
}

// hear hands a message to a connection, and gives the connection up when it has
// too much waiting already.
func (c *Conn) hear(m *published) {
	c.pushOrClose(m.bytes(c.resp3.Load()))
}

func (c *Conn) pushOrClose(b []byte) {
	if !c.Push(b) {
		c.cutOff()
	}
}

// cutOff gives up a connection that has too much waiting.
func (c *Conn) cutOff() {
	if !c.closed.Load() {
		c.srv.stats.outputLimit.Add(1)
		c.srv.opts.Logger.Warn("a subscriber that does not keep up is cut off", "client", c.id, "address", c.address())
		c.Close()
	}
}
