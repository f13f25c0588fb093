package server

import (
	"strconv"
	"sync"

	"github.com/redis-lite/redis-lite/server/resp"
)

// cursors remembers where scans stand. A cursor of the protocol is a number; the
// place it means is a key, for scans go in the order of keys: a key that is there
// from the first call to the last is visited exactly once, whatever is written
// meanwhile.
//
// The table is bounded: of the scans that nobody went on with, the oldest are
// forgotten. A cursor that is not in it (forgotten, from before a restart, or
// invented) begins again at the first key, which returns keys twice but never
// misses one.
type cursors struct {
	mu    sync.Mutex
	last  uint64
	byNum map[uint64]place
	ring  []uint64 // numbers in the order they were given, a circle
	next  int
}

// place is where a scan goes on.
type place struct {
	owner string // what is scanned: a database, a collection
	from  []byte // the first key to visit
}

// maxCursors bounds the table; a place is a key and some 100 bytes.
const maxCursors = 16384

// give stores a place and returns its number, never 0.
func (t *cursors) give(p place) uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byNum == nil {
		t.byNum = make(map[uint64]place)
		t.ring = make([]uint64, maxCursors)
	}
	t.last++
	delete(t.byNum, t.ring[t.next])
	t.ring[t.next] = t.last
	t.next = (t.next + 1) % len(t.ring)
	t.byNum[t.last] = p
	return t.last
}

// find returns the place of a cursor. It stays: a client may ask again.
func (t *cursors) find(n uint64, owner string) (p place, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p, ok = t.byNum[n]
	return p, ok && p.owner == owner
}

const errCursor = Reply("ERR invalid cursor")

// scanArgs are the options that SCAN and its relatives share.
type scanArgs struct {
	cursor  uint64
	pattern []byte
	count   int
	kind    string
}

// parseScan reads the cursor at place i and the options behind it.
func (c *Call) parseScan(i int, typed bool) (a scanArgs, err error) {
	a.count = 10
	var ok bool
	if a.cursor, ok = parseCursor(c.Args[i]); !ok {
		return a, errCursor
	}
	for i++; i < len(c.Args); i += 2 {
		switch {
		case i+1 == len(c.Args):
			return a, ErrSyntax
		case c.Is(i, "count"):
			n, ok := resp.ParseInt(c.Args[i+1])
			if !ok {
				return a, ErrNotInteger
			}
			if n < 1 {
				return a, ErrSyntax
			}
			a.count = int(min(n, 1<<20))
		case c.Is(i, "match"):
			a.pattern = c.Args[i+1]
		case typed && c.Is(i, "type"):
			a.kind = string(appendLower(nil, c.Args[i+1]))
		default:
			return a, ErrSyntax
		}
	}
	if len(a.pattern) == 1 && a.pattern[0] == '*' {
		a.pattern = nil
	}
	return a, nil
}

// parseCursor reads a cursor as C's strtoul does, to which nothing is 0.
func parseCursor(b []byte) (n uint64, ok bool) {
	if len(b) == 0 {
		return 0, true
	}
	digits := string(b)
	if b[0] == '+' || b[0] == '-' {
		digits = digits[1:]
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if b[0] == '-' {
		n = -n
	}
	return n, err == nil
}

func runScan(c *Call) {
	a, err := c.parseScan(1, true)
	if err != nil {
		c.Fail(err)
		return
	}
	s := c.Space()
	owner := "db" + strconv.Itoa(c.Conn.db)
	at := place{owner: owner}
	if a.cursor != 0 {
		if p, ok := c.Server.cursors.find(a.cursor, owner); ok {
			at = p
		}
	}
	var (
		found [][]byte
		next  *place
		n     int
	)
	s.keysFrom(at.from, globPrefix(a.pattern), func(key []byte, kind Kind) bool {
		if n == a.count {
			next = &place{owner: owner, from: key}
			return false
		}
		n++
		if (a.kind == "" || a.kind == kind.String()) && (a.pattern == nil || globMatch(a.pattern, key)) {
			found = append(found, key)
		}
		return true
	})
	c.scanReply(next)
	c.Array(len(found))
	for _, k := range found {
		c.Bulk(k)
	}
}

// scanReply begins the reply of a scan: the cursor to go on with, then what the
// caller writes.
func (c *Call) scanReply(next *place) {
	c.Array(2)
	if next == nil {
		c.BulkString("0")
		return
	}
	c.BulkString(strconv.FormatUint(c.Server.cursors.give(*next), 10))
}
