package server

import (
	"crypto/sha256"
	"encoding/hex"
	"runtime"

	"github.com/redis-lite/redis-lite/engine"
	"github.com/redis-lite/redis-lite/server/resp"
)

// keyOverhead is what a key costs beside its bytes and its value's: the node, its
// version, its places in the hash table and in the order. Measured, rounded up.
const keyOverhead = 120

func runMemoryUsage(c *Call) {
	for i := 3; i < len(c.Args); i += 2 {
		if !c.Is(i, "samples") || i+1 == len(c.Args) {
			c.Fail(ErrSyntax)
			return
		}
		n, ok := resp.ParseInt(c.Args[i+1])
		if !ok {
			c.Fail(ErrNotInteger)
			return
		}
		if n < 0 {
			c.Fail(ErrSyntax)
			return
		}
	}
	n, ok := c.Space().memory(c.Args[2])
	if !ok {
		c.Null()
		return
	}
	c.Int(n)
}

// memory estimates what a key costs, in bytes.
func (s *Space) memory(key []byte) (n int64, ok bool) {
	if it, ok := s.item(key); ok {
		return int64(len(key)+len(it.Value)) + keyOverhead, true
	}
	m, ok := s.lookupMeta(key)
	if !ok {
		return 0, false
	}
	if m.isPacked {
		if len(m.pieces) == 0 {
			return int64(len(key)+len(m.packed)) + keyOverhead, true
		}
		n = int64(len(key)) + keyOverhead
		for _, p := range m.pieces {
			n += int64(p.size) + keyOverhead
		}
		return n, true
	}
	n = int64(len(key)) + 16 + keyOverhead
	// What an element costs is taken from a few of them.
	one := func(engine.Item) int64 { return 1 }
	switch m.kind {
	case KindZset: // each stands twice, by member and by score
		n += int64(2 * float64(m.count) * s.perElement(m.number, one))
	case KindList:
		n += int64(float64(m.count) * s.perElement(m.number, one))
	default:
		inPage := func(it engine.Item) int64 { return countPacked(it.Value, m.kind) }
		if m.pages.n > 0 {
			n += int64(float64(m.count-m.pages.apart) * s.perElement(m.pages.number, inPage))
		}
		n += int64(float64(m.pages.apart) * s.perElement(m.number, one))
	}
	return n, true
}

// perElement estimates what an element costs, in bytes, by a few of the keys under a
// number; count says how many elements are under one.
func (s *Space) perElement(number uint64, count func(engine.Item) int64) float64 {
	const sample = 16
	bytes, keys, elements := int64(0), 0, int64(0)
	for it := range s.elements().Items(engine.Scan{Prefix: appendNumber(nil, number)}) {
		bytes += int64(len(it.Key)+len(it.Value)) + keyOverhead
		elements += count(it)
		if keys++; keys == sample {
			break
		}
	}
	if elements == 0 {
		return 0
	}
	return float64(bytes) / float64(elements)
}

// keyCount is what INFO tells of a database.
type keyCount struct{ keys, expires int }

// countKeys counts the keys of all databases, and those of them with a deadline.
// The engine counts the deadlines of all strings together: when several databases
// hold strings, each gets its share by its number of strings.
func (s *Server) countKeys(deadlines int) []keyCount {
	out := make([]keyCount, s.opts.Databases)
	_ = s.viewTx(func(t *Tx) error {
		total := 0
		for db := range out {
			total += t.Space(db).str.Len()
		}
		for db := range out {
			sp := t.Space(db)
			out[db].keys = sp.Len()
			out[db].expires = sp.deadlines().Len()
			if total > 0 {
				out[db].expires += deadlines * sp.str.Len() / total
			}
		}
		return nil
	})
	return out
}

func (s *Server) memoryAdvice() string {
	m := s.db.Metrics()
	switch {
	case s.opts.MemoryLimit > 0 && m.MapBytes > s.opts.MemoryLimit/10*9:
		return "The data has nearly reached the memory limit; writes beyond it get -OOM. Nothing is evicted.\n"
	case m.Snapshots > 0 && m.PublishedLSN-m.OldestSnapshotLSN > 1_000_000:
		return "A long read keeps old versions in memory: see OldestSnapshot in the engine's metrics.\n"
	}
	return "No memory problem is seen.\n"
}

func runMemoryStats(c *Call) {
	var ms runtime.MemStats
	runtime.ReadMemStats(&ms)
	m := c.Server.db.Metrics()
	peak := max(c.Server.peak.Load(), int64(ms.HeapAlloc))
	c.Server.peak.Store(peak)
	facts := []struct {
		name  string
		value int64
	}{
		{"peak.allocated", peak}, {"total.allocated", int64(ms.HeapAlloc)}, {"startup.allocated", 0}, {"replication.backlog", 0},
		{"clients.slaves", 0}, {"clients.normal", c.Server.clientBytes()}, {"aof.buffer", m.StagedBytes},
		{"overhead.total", int64(ms.HeapAlloc) - min(m.MapBytes, int64(ms.HeapAlloc))},
		{"keys.count", int64(m.Keys)}, {"keys.bytes-per-key", m.MapBytes / int64(max(m.Keys, 1))}, {"dataset.bytes", m.MapBytes},
	}
	c.Map(len(facts))
	for _, f := range facts {
		c.BulkString(f.name)
		c.Int(f.value)
	}
}

// hexDigest is a password as ACL LIST shows it.
func hexDigest(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}
