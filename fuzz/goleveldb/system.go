package goleveldb

import (
	"fmt"
	"sort"

	"github.com/syndtr/goleveldb/leveldb"
	"github.com/syndtr/goleveldb/leveldb/opt"
	"github.com/syndtr/goleveldb/leveldb/util"

	"github.com/redis-lite/redis-lite/fuzz/crashtest"
	"github.com/redis-lite/redis-lite/vfs"
)

// Op is a batch of puts and deletes (a nil value), or a compaction.
type Op struct {
	Put     map[string]string
	Delete  []string
	Compact bool
}

func (o Op) String() string {
	if o.Compact {
		return "compact"
	}
	return fmt.Sprintf("put %v delete %v", crashtest.State(o.Put), o.Delete)
}

// System opens goleveldb with every write synced, and a memory table so small
// that a few writes fill it.
type System struct {
	Mended bool // with the fix of pull request 351
}

// Open implements crashtest.System.
func (s System) Open(fsys vfs.FS) (crashtest.Store[Op], error) {
	stor, err := newFiles(fsys, "/db")
	if err != nil {
		return nil, err
	}
	stor.mended = s.Mended
	db, err := leveldb.Open(stor, &opt.Options{WriteBuffer: 4 << 10, CompactionTableSize: 4 << 10})
	if err != nil {
		stor.Close()
		return nil, err
	}
	return store{db, stor}, nil
}

// Apply implements crashtest.System.
func (System) Apply(s crashtest.State, op Op) {
	for _, k := range op.Delete {
		delete(s, k)
	}
	for k, v := range op.Put {
		s[k] = v
	}
}

// Probe implements crashtest.Prober.
func (System) Probe() Op { return Op{Put: map[string]string{"probe": "1"}} }

type store struct {
	db   *leveldb.DB
	stor *files
}

func (s store) Do(op Op) error {
	if op.Compact {
		return s.db.CompactRange(util.Range{})
	}
	b := new(leveldb.Batch)
	for _, k := range op.Delete {
		b.Delete([]byte(k))
	}
	keys := make([]string, 0, len(op.Put))
	for k := range op.Put {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	for _, k := range keys {
		b.Put([]byte(k), []byte(op.Put[k]))
	}
	return s.db.Write(b, &opt.WriteOptions{Sync: true})
}

func (s store) Dump() (crashtest.State, error) {
	out := crashtest.State{}
	it := s.db.NewIterator(nil, nil)
	defer it.Release()
	for it.Next() {
		out[string(it.Key())] = string(it.Value())
	}
	return out, it.Error()
}

func (s store) Close() error {
	err := s.db.Close()
	if e := s.stor.Close(); err == nil {
		err = e
	}
	return err
}
