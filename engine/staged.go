package engine

import (
	"sync"
	"sync/atomic"

	"github.com/redis-lite/redis-lite/wal"
	"github.com/redis-lite/redis-lite/wal/record"
)

// stagedCommit is a commit that has its LSN and is not published yet.
type stagedCommit struct {
	lsn     uint64
	muts    []record.Mutation // own copies of all bytes
	time    int64             // when it began, Unix ms; for those who read the log
	size    int64             // of the encoded record
	pending wal.Pending       // set before the writer slot is freed

	one [1]record.Mutation // what muts points to for a single write
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

	bytes int64 // encoded size of all in queue
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
	}
	s.indexed = max(0, s.indexed-n)
	if n == len(s.queue) {
		s.queue = s.queue[:0]
		s.deadline.Store(0)
	} else {
		s.queue = s.queue[n:]
	}
}

// get returns what staged commits say of a key, and the commit that says it.
func (s *staged) get(bucket string, key []byte) (p point, by *stagedCommit, hit bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return point{}, nil, false
	}
	s.index()
	if p, hit = s.over.get(bucket, key); !hit {
		return point{}, nil, false
	}
	return p, s.find(p.lsn), true
}

// slice returns what staged commits say of a range, and the newest of them.
func (s *staged) slice(bucket string, from, to []byte, reverse bool) (l layer, by *stagedCommit) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.queue) == 0 {
		return layer{}, nil
	}
	s.index()
	l = s.over.slice(bucket, from, to, reverse)
	if l.newest == 0 {
		return l, nil
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

// find returns the commit with the given LSN. LSNs in the queue are consecutive.
func (s *staged) find(lsn uint64) *stagedCommit {
	if len(s.queue) == 0 {
		return nil
	}
	if i := lsn - s.queue[0].lsn; i < uint64(len(s.queue)) {
		return s.queue[i]
	}
	return nil
}
