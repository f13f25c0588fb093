package engine

import (
	"sync"
	"sync/atomic"

	"github.com/redis-lite/redis-lite/engine/internal/mvcc"
	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// stagedCommit is a commit that has its LSN and is not published yet.
type stagedCommit struct {
	lsn     uint64
	muts    []record.Mutation // own copies of all bytes
	made    []mvcc.Version    // of each of muts, what it puts into the map, if it is a Set
	time    int64             // when it began, Unix ms; for those who read the log
	size    int64             // of the encoded record
	pending wal.Pending       // set before the writer slot is freed

	// What muts and made point to for a single write.
	one     [1]record.Mutation
	oneMade [1]mvcc.Version
}

// staged holds what is sequenced and not yet published: the state that the next
// transaction of a writer starts from, and that no reader sees. Commits enter it
// inside the writer slot, in LSN order, and leave it after their LSN is
// published: in the other order there would be a moment at which a transaction
// finds a commit neither here nor in the map.
//
// The overlay over them is built when a transaction first reads; streams of
// plain writes never pay for it.
type staged struct {
	mu      sync.Mutex // never held across I/O
	queue   []*stagedCommit
	indexed int // how many from the front of queue are in over
	over    overlay

	bytes int64           // encoded size of all in queue
	spare []*stagedCommit // dropped, and to be used again
	rooms []room          // of dropped ones
	// deadline: none in queue is earlier; 0 for none. Changed under mu, read
	// without: the holder of the writer slot asks before every write.
	deadline atomic.Int64
}

// add appends a commit. Only the holder of the writer slot calls it.
func (s *staged) add(c *stagedCommit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queue = append(s.queue, c)
	s.bytes += c.size
	for i := range c.muts {
		d, first := c.muts[i].Deadline, s.deadline.Load()
		if d != 0 && (first == 0 || d < first) {
			s.deadline.Store(d)
		}
	}
}

// size is the encoded size of all that is staged, in bytes.
func (s *staged) size() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}

// earliestDeadline bounds the deadlines of staged writes from below; 0 when they
// have none.
func (s *staged) earliestDeadline() int64 { return s.deadline.Load() }

// undo takes the commit that was added last away again: the log refused it.
func (s *staged) undo(c *stagedCommit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.queue); n > 0 && s.queue[n-1] == c {
		s.queue[n-1] = nil
		s.queue = s.queue[:n-1]
		s.bytes -= c.size
	}
}

// drop forgets every commit up to an LSN that is published.
func (s *staged) drop(through uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for n < len(s.queue) && s.queue[n].lsn <= through {
		c := s.queue[n]
		s.bytes -= c.size
		if n < s.indexed {
			for i := range c.muts {
				s.over.forget(c.lsn, &c.muts[i])
			}
		}
		s.queue[n] = nil
		n++
		s.release(c)
	}
	s.indexed = max(0, s.indexed-n)
	if n == len(s.queue) {
		s.queue = s.queue[:0]
		s.deadline.Store(0)
	} else {
		s.queue = s.queue[n:]
	}
}

// room is memory for the mutations of a transaction.
type room struct {
	muts []record.Mutation
	made []mvcc.Version
}

const (
	maxRoom  = 1024 // mutations in a room that is kept
	maxRooms = 4    // kept
)

// takeRoom returns memory for a transaction's mutations, if there is any to be used
// again.
func (s *staged) takeRoom() (r room) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := len(s.rooms) - 1; last >= 0 {
		r, s.rooms[last], s.rooms = s.rooms[last], room{}, s.rooms[:last]
	}
	return r
}

// maxSpare is how many commits are kept for those that follow.
const maxSpare = 4096

// release takes back a commit that is published. Its writer may still be about to set
// pending, and is then inside the writer slot: nobody uses the commit again before
// the slot is free. mu is held.
func (s *staged) release(c *stagedCommit) {
	if len(s.spare) == maxSpare {
		return
	}
	if n := cap(c.muts); n > 1 && n <= maxRoom && len(s.rooms) < maxRooms {
		clear(c.muts) // the map alone keeps versions alive
		clear(c.made)
		s.rooms = append(s.rooms, room{c.muts[:0], c.made[:0]})
	}
	c.muts, c.made = nil, nil
	c.one[0], c.oneMade[0] = record.Mutation{}, mvcc.Version{}
	s.spare = append(s.spare, c)
}

// reuse appends the commits that were taken back to to, which is empty. Only the
// holder of the writer slot calls it.
func (s *staged) reuse(to []*stagedCommit) []*stagedCommit {
	s.mu.Lock()
	defer s.mu.Unlock()
	to, s.spare = s.spare, to
	return to
}

// get returns what staged commits say of a key, and the commit that says it.
func (s *staged) get(bucket string, key []byte) (p point, by wal.Pending, hit bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return point{}, wal.Pending{}, false
	}
	s.index()
	if p, hit = s.over.get(bucket, key); !hit {
		return point{}, wal.Pending{}, false
	}
	return p, s.find(p.lsn), true
}

// slice returns what staged commits say of a range, and the newest of them.
func (s *staged) slice(bucket string, from, to []byte, reverse bool) (l layer, by wal.Pending) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return layer{}, wal.Pending{}
	}
	s.index()
	l = s.over.slice(bucket, from, to, reverse)
	if l.newest == 0 {
		return l, wal.Pending{}
	}
	return l, s.find(l.newest)
}

// buckets calls fn with every bucket that a staged commit writes to.
func (s *staged) buckets(fn func(name string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.index()
	for name := range s.over.buckets {
		fn(name)
	}
}

// index brings the overlay up to date.
func (s *staged) index() {
	for ; s.indexed < len(s.queue); s.indexed++ {
		c := s.queue[s.indexed]
		for i := range c.muts {
			s.over.add(c.lsn, &c.muts[i])
		}
	}
}

// find returns what the commit with the given LSN waits for. LSNs in the queue are
// consecutive.
func (s *staged) find(lsn uint64) wal.Pending {
	if len(s.queue) == 0 {
		return wal.Pending{}
	}
	if i := lsn - s.queue[0].lsn; i < uint64(len(s.queue)) {
		return s.queue[i].pending
	}
	return wal.Pending{}
}
