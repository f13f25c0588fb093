package server

import (
	"context"
	"encoding/binary"
	"sync"

	"github.com/redis-lite/redis-lite/engine"
)

var (
	numbersKey  = []byte("numbers")   // the first number that may not be used yet
	databaseKey = []byte("databases") // one byte for each logical database: the physical one
)

// numberBlock is how many numbers one write to the log makes available.
const numberBlock = 1 << 16

// numbers gives every collection a number that none had before. The limit below
// which numbers may be used is in the store: who reaches it raises it in the
// transaction that uses the next number. In memory the limit follows only when
// that transaction has its place in the log; should it fail, the next one writes
// the limit again.
type numbers struct {
	mu          sync.Mutex
	next, limit uint64
}

// load reads where an earlier run of the server stopped.
func (n *numbers) load(db *engine.DB) error {
	v, err := db.Bucket(sysBucket).Get(numbersKey)
	switch {
	case err == engine.ErrNotFound:
		n.next, n.limit = 1, 1
		return nil
	case err != nil:
		return err
	case len(v) != 8:
		return Reply("ERR the record " + sysBucket + "/" + string(numbersKey) + " is damaged")
	}
	n.next = binary.BigEndian.Uint64(v)
	n.limit = n.next
	return nil
}

// take returns a new number.
func (n *numbers) take(t *Tx) uint64 {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.next >= max(n.limit, t.ids) {
		t.ids = n.next + numberBlock
		t.fail(t.etx.Bucket(sysBucket).Set(context.Background(), numbersKey, binary.BigEndian.AppendUint64(nil, t.ids)))
	}
	n.next++
	return n.next - 1
}

// logged is told of a transaction that is in the log.
func (n *numbers) logged(limit uint64) {
	if limit == 0 {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.limit = max(n.limit, limit)
}

// physical translates the number of a database. SWAPDB changes the table and no
// key; a store that has never seen one has no table.
func (t *Tx) physical(db int) int {
	if t.dbs == nil {
		if !t.srv.swapped.Load() {
			return db
		}
		t.loadDatabases()
	}
	return int(t.dbs[db])
}

func (t *Tx) loadDatabases() {
	t.dbs = new([maxDatabases]uint8)
	for i := range t.dbs {
		t.dbs[i] = uint8(i)
	}
	v, err := t.etx.Bucket(sysBucket).GetNoCopy(databaseKey)
	if err == nil {
		copy(t.dbs[:], v)
	} else if err != engine.ErrNotFound {
		t.fail(err)
	}
}

// swap exchanges two databases.
func (t *Tx) swap(a, b int) {
	t.srv.swapped.Store(true) // before anybody can see the record
	t.loadDatabases()
	t.dbs[a], t.dbs[b] = t.dbs[b], t.dbs[a]
	t.forget()
	t.fail(t.etx.Bucket(sysBucket).Set(context.Background(), databaseKey, t.dbs[:]))
}
