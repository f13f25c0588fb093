package mvcc

import (
	"sync/atomic"
	"unsafe"
)

// A key's head is a pointer to its newest version. While that is the only version,
// which is most of the time, it points at the record itself. Otherwise it points at
// a chain link, which looks like a record that has its flag set: the version, and
// what was the head before it.
//
//	head -> link{r3} -> link{r2} -> r1
//
// Readers take no lock. A writer changes the head in one store; the collector cuts
// a link out by one store too, and leaves the link's own next alone for a reader
// that stands on it.
type chain struct {
	record // lsn of rec; meta is flagChain
	rec    *record
	next   atomic.Pointer[record] // nil once all that was behind is collected

	// held is the pin in whose list the node waits because of the version that lies
	// behind this link; see garbage. Write lock.
	held *pin
}

const chainSize = 48

// link puts rec in front of what was the head.
func link(rec, head *record) *record {
	c := &chain{record: record{rec.lsn, flagChain}, rec: rec}
	c.next.Store(head)
	return &c.record
}

// chain returns r as the link that it is, or nil when it is a record.
func (r *record) chain() *chain {
	if r.meta&flagChain == 0 {
		return nil
	}
	return (*chain)(unsafe.Pointer(r))
}

// newest returns the version that a head stands for.
func (r *record) newest() *record {
	if c := r.chain(); c != nil {
		return c.rec
	}
	return r
}

// at returns the version that a reader at LSN at sees, nil when there is none.
func (r *record) at(at uint64) *record {
	for r.lsn > at {
		c := r.chain()
		if c == nil {
			return nil
		}
		if r = c.next.Load(); r == nil {
			return nil
		}
	}
	return r.newest()
}
