package server

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/redis-lite/redis-lite/server/resp"
)

// tracking is the table behind CLIENT TRACKING: which connection may keep a copy of
// which key. As in Redis, keys of all databases share it, and a connection's entries
// outlive it until their keys change.
//
// A connection is entered before its command reads, so that no change falls between
// the two. What it is to hear from there on, until the replies of the batch are on
// their way, waits (tracked.busy): else it could hear that a key changed first and
// then get, and keep, the value of before.
type tracking struct {
	max atomic.Int64 // keys, beyond which some are forgotten; 0 for no bound

	mu   sync.Mutex
	keys map[string]map[int64]struct{} // key -> numbers of connections
	// items is the number of connections in keys, all together.
	items int
	// broadcast are the prefixes of BCAST.
	broadcast map[string]map[*Conn]struct{}
}

// tracked is one connection's part. Its own goroutine changes the modes, with
// tracking.mu held, and may read them without.
type tracked struct {
	on, bcast, optin, optout, noloop bool
	// caching is what CLIENT CACHING has said of the next command.
	caching  bool
	redirect int64 // number of the connection that hears for it; 0 for itself
	prefixes []string

	// The rest belongs to who holds tracking.mu.
	broken  bool // the connection that hears for it is gone
	busy    bool
	pending []notice
}

// notice is what one message tells: keys that have changed, or nil for all.
type notice []string

// maxPending is how many messages may wait for a connection's replies. Beyond, they
// become one that says everything has changed.
const maxPending = 4096

// wants reports whether the keys of a command are to be remembered.
func (t *tracked) wants(cmd *Command) bool {
	return t.on && !t.bcast && cmd.is(ReadOnly) && !(t.optin && !t.caching) && !(t.optout && t.caching)
}

// trackBatch is called before commands run that read or write keys.
func (c *Conn) trackBatch(batch []*pending) {
	if !c.track.on {
		return
	}
	t := &c.srv.tracking
	t.mu.Lock()
	defer t.mu.Unlock()
	c.track.busy = true
	for _, p := range batch {
		if p.tracked {
			t.remember(c, p.Cmd, p.Args)
		}
	}
	t.limit(c.srv)
}

// remember enters a connection under the keys of a command.
func (t *tracking) remember(c *Conn, cmd *Command, args [][]byte) {
	places, _ := cmd.keyPlaces(args)
	for _, i := range places {
		if i >= len(args) {
			continue
		}
		ids := t.keys[string(args[i])]
		if ids == nil {
			if t.keys == nil {
				t.keys = make(map[string]map[int64]struct{})
			}
			ids = make(map[int64]struct{}, 1)
			t.keys[string(args[i])] = ids
			c.srv.post.held.Store(true)
		}
		if _, have := ids[c.id]; !have {
			ids[c.id] = struct{}{}
			t.items++
		}
	}
}

// limit forgets keys beyond the bound and tells their connections, as if they had
// changed.
func (t *tracking) limit(s *Server) {
	bound := t.max.Load()
	if bound == 0 {
		return
	}
	for k := range t.keys {
		if int64(len(t.keys)) <= bound {
			return
		}
		t.invalidate(s, k, 0)
	}
}

// invalidate tells those who may have a copy of a key, apart from a connection by
// that did it itself and does not want to hear so, and forgets them.
func (t *tracking) invalidate(s *Server, key string, by int64) {
	ids, ok := t.keys[key]
	if !ok {
		return
	}
	for id := range ids {
		if c := s.connection(id); c != nil && c.track.on && !c.track.bcast && !(c.track.noloop && id == by) {
			t.tell(c, notice{key})
		}
	}
	t.items -= len(ids)
	delete(t.keys, key)
	s.post.held.Store(len(t.keys) > 0)
}

// changed tells of a transaction that is durable.
func (s *Server) trackChanges(l *letter) {
	t := &s.tracking
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(l.flushed) > 0 {
		t.keys, t.items = nil, 0
		s.post.held.Store(false)
		for _, c := range s.connections() {
			if c.track.on {
				t.tell(c, nil)
			}
		}
	}
	for _, k := range l.touched {
		t.invalidate(s, k.Key, l.by)
	}
	heard := make(map[string][]string) // prefixes, and the keys under them
	for prefix := range t.broadcast {
		for _, k := range l.touched {
			if strings.HasPrefix(k.Key, prefix) {
				heard[prefix] = append(heard[prefix], k.Key)
			}
		}
	}
	for _, prefix := range slices.Sorted(maps.Keys(heard)) {
		keys := heard[prefix]
		slices.Sort(keys)
		n := notice(slices.Compact(keys))
		for c := range t.broadcast[prefix] {
			if !c.track.noloop || c.id != l.by {
				t.tell(c, n)
			}
		}
	}
}

// tell sends a message, or keeps it until the connection's replies are sent.
func (t *tracking) tell(c *Conn, n notice) {
	if !c.track.busy {
		t.send(c, n)
		return
	}
	if len(c.track.pending) >= maxPending {
		c.track.pending, n = nil, nil
	}
	c.track.pending = append(c.track.pending, n)
}

// trackDone is called when the replies of a batch are on their way.
func (c *Conn) trackDone() {
	if !c.track.on {
		return
	}
	t := &c.srv.tracking
	t.mu.Lock()
	defer t.mu.Unlock()
	c.track.busy = false
	for _, n := range c.track.pending {
		t.send(c, n)
	}
	c.track.pending = nil
}

// invalidateChannel is where connections of RESP2 hear what others redirect to them.
const invalidateChannel = "__redis__:invalidate"

// send hands a message to the connection, or to the one that hears for it. In RESP2
// nobody can be told who does not listen to channels.
func (t *tracking) send(c *Conn, n notice) {
	to := c
	if id := c.track.redirect; id != 0 {
		if to = c.srv.connection(id); to == nil {
			c.track.broken = true
			if c.resp3.Load() {
				var w resp.Writer
				w.SetProto(3)
				w.Push(2)
				w.BulkString("tracking-redir-broken")
				w.Int(id)
				c.pushOrClose(w.Take())
			}
			return
		}
	}
	var w resp.Writer
	switch {
	case to.resp3.Load():
		w.SetProto(3)
		w.Push(2)
		w.BulkString("invalidate")
	case c.track.redirect != 0 && to.subscribed():
		w.Push(3)
		w.BulkString("message")
		w.BulkString(invalidateChannel)
	default:
		return
	}
	if n == nil {
		w.Null()
	} else {
		w.Array(len(n))
		for _, k := range n {
			w.BulkString(k)
		}
	}
	to.pushOrClose(w.Take())
}

// enable turns tracking on, or changes its modes.
func (t *tracking) enable(c *Conn, want tracked) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !c.track.on {
		c.srv.post.trackers.Add(1)
	}
	had := c.track
	had.on, had.broken = true, false
	had.bcast, had.optin, had.optout, had.noloop, had.redirect = want.bcast, want.optin, want.optout, want.noloop, want.redirect
	c.track = had
	if !want.bcast {
		return
	}
	if len(want.prefixes) == 0 {
		want.prefixes = []string{""}
	}
	for _, p := range want.prefixes {
		if t.broadcast == nil {
			t.broadcast = make(map[string]map[*Conn]struct{})
		}
		if t.broadcast[p] == nil {
			t.broadcast[p] = make(map[*Conn]struct{})
		}
		t.broadcast[p][c] = struct{}{}
		if !slices.Contains(c.track.prefixes, p) {
			c.track.prefixes = append(c.track.prefixes, p)
		}
	}
	slices.Sort(c.track.prefixes)
}

// disable turns tracking off. What the table holds of the connection goes when the
// keys do.
func (t *tracking) disable(c *Conn) {
	if !c.track.on {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, p := range c.track.prefixes {
		delete(t.broadcast[p], c)
		if len(t.broadcast[p]) == 0 {
			delete(t.broadcast, p)
		}
	}
	c.track = tracked{}
	c.srv.post.trackers.Add(-1)
}

// setCaching notes what CLIENT CACHING has said, or that it was used.
func (c *Conn) setCaching(yes bool) {
	c.srv.tracking.mu.Lock()
	defer c.srv.tracking.mu.Unlock()
	c.track.caching = yes
}

// size is for INFO: keys, connections under them, prefixes.
func (t *tracking) size() (keys, items, prefixes int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.keys), t.items, len(t.broadcast)
}
