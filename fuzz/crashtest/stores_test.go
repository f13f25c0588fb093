package crashtest_test

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"slices"

	"pgregory.net/rapid"

	"github.com/redis-lite/redis-lite/fuzz/crashtest"
	"github.com/redis-lite/redis-lite/vfs"
)

// change is the operation of the stores under test: one transaction.
type change struct {
	set map[string]string
	del []string
}

func set(kv ...string) change {
	c := change{set: map[string]string{}}
	for i := 0; i < len(kv); i += 2 {
		c.set[kv[i]] = kv[i+1]
	}
	return c
}

func del(k string) change { return change{del: []string{k}} }

func (c change) apply(s map[string]string) {
	for _, k := range c.del {
		delete(s, k)
	}
	maps.Copy(s, c.set)
}

func (c change) String() string {
	s := ""
	for _, k := range c.del {
		s += " del " + k
	}
	if len(c.set) > 0 {
		s += " set " + crashtest.State(c.set).String()
	}
	return s[min(1, len(s)):]
}

// model is the half of a System that all these stores have in common.
type model struct{}

func (model) Apply(s crashtest.State, c change) { c.apply(s) }
func (model) Probe() change                     { return set("probe", "x") }

// fileStore keeps its whole state in one file that it replaces.
type fileStore struct {
	fs    vfs.FS
	state map[string]string
	how   fileSystem
}

// fileSystem opens fileStores; its fields are what one may forget.
type fileSystem struct {
	model
	noSync    bool // the new file is renamed before it is on the disk
	noDirSync bool // the rename is acknowledged before it is
	inPlace   bool // no new file at all
}

func (f fileSystem) Open(fsys vfs.FS) (crashtest.Store[change], error) {
	s := &fileStore{fs: fsys, how: f, state: map[string]string{}}
	b, err := readAll(fsys, "/state")
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &s.state)
	}
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	// What is served must not be taken away again.
	if !f.noDirSync {
		err = fsys.SyncDir("/")
	}
	return s, err
}

func (s *fileStore) Do(c change) error {
	next := maps.Clone(s.state)
	c.apply(next)
	b, err := json.Marshal(next)
	if err != nil {
		return err
	}
	if err := s.write(b); err != nil {
		return err
	}
	s.state = next
	return nil
}

func (s *fileStore) write(b []byte) error {
	if s.how.inPlace {
		f, err := s.fs.OpenWrite("/state")
		if errors.Is(err, fs.ErrNotExist) {
			f, err = s.fs.Create("/state")
		}
		if err != nil {
			return err
		}
		defer f.Close()
		if err := f.Truncate(0); err != nil {
			return err
		}
		if _, err := f.WriteAt(b, 0); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
		return s.fs.SyncDir("/")
	}
	f, err := s.fs.CreateTemp("/state")
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := f.WriteAt(b, 0); err != nil {
		return err
	}
	if !s.how.noSync {
		if err := f.Sync(); err != nil {
			return err
		}
	}
	if err := f.Publish(); err != nil {
		return err
	}
	if s.how.noDirSync {
		return nil
	}
	return s.fs.SyncDir("/")
}

func (s *fileStore) Dump() (crashtest.State, error) { return maps.Clone(s.state), nil }
func (s *fileStore) Close() error                   { return nil }

// logStore appends every change to a log.
type logStore struct {
	f     vfs.File
	end   int64
	state map[string]string
	how   logSystem
	dead  error
}

// logSystem opens logStores; its fields are ways to go wrong.
type logSystem struct {
	model
	noSync    bool // acknowledge before the sync
	noCRC     bool // believe what is there
	noTrim    bool // append behind a torn tail as if it were not there
	noDirSync bool
	retry     bool // a failed sync is tried again
	eachKey   bool // a transaction is one record for each key
	noRewrite bool // serve what was found without making sure that it is on the disk
}

const logName = "/db/log"

func (l logSystem) Open(fsys vfs.FS) (crashtest.Store[change], error) {
	s := &logStore{how: l, state: map[string]string{}}
	if l.noDirSync {
		_ = fsys.Mkdir("/db")
	} else if err := vfs.MkdirAll(fsys, "/db"); err != nil {
		return nil, err
	}
	f, err := fsys.OpenWrite(logName)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = fsys.Create(logName)
	}
	if err != nil {
		return nil, err
	}
	s.f = f
	if err := s.replay(); err != nil {
		return nil, err
	}
	if !l.noDirSync {
		if err := fsys.SyncDir("/db"); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *logStore) replay() error {
	size, err := s.f.Size()
	if err != nil {
		return err
	}
	b := make([]byte, size)
	if _, err := s.f.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for s.end < int64(len(b)) {
		rest := b[s.end:]
		if len(rest) < 8 {
			break
		}
		size := int(binary.LittleEndian.Uint32(rest))
		if size == 0 || size > len(rest)-8 {
			break
		}
		body := rest[8 : 8+size]
		if !s.how.noCRC && crc32.ChecksumIEEE(body) != binary.LittleEndian.Uint32(rest[4:]) {
			break
		}
		var c struct {
			Set map[string]string
			Del []string
		}
		if err := json.Unmarshal(body, &c); err != nil {
			return err
		}
		change{set: c.Set, del: c.Del}.apply(s.state)
		s.end += int64(8 + size)
	}
	if s.how.noTrim {
		s.end = int64(len(b))
		return nil
	}
	if err := s.f.Truncate(s.end); err != nil {
		return err
	}
	if s.how.noRewrite {
		return nil
	}
	// A sync alone would do nothing for pages that count as clean.
	if s.end > 0 {
		if _, err := s.f.WriteAt(b[:s.end], 0); err != nil {
			return err
		}
	}
	return s.f.Sync()
}

func (s *logStore) Do(c change) error {
	if s.dead != nil {
		return s.dead
	}
	parts := []change{c}
	if s.how.eachKey {
		parts = nil
		for _, k := range c.del {
			parts = append(parts, del(k))
		}
		for _, k := range slices.Sorted(maps.Keys(c.set)) { // the same calls every time
			parts = append(parts, set(k, c.set[k]))
		}
	}
	for _, p := range parts {
		body, err := json.Marshal(struct {
			Set map[string]string
			Del []string
		}{p.set, p.del})
		if err != nil {
			return err
		}
		rec := binary.LittleEndian.AppendUint32(nil, uint32(len(body)))
		rec = binary.LittleEndian.AppendUint32(rec, crc32.ChecksumIEEE(body))
		rec = append(rec, body...)
		if _, err := s.f.WriteAt(rec, s.end); err != nil {
			s.dead = err
			return err
		}
		s.end += int64(len(rec))
	}
	if !s.how.noSync {
		err := s.f.Sync()
		if err != nil && s.how.retry {
			err = s.f.Sync()
		}
		if err != nil {
			s.dead = err
			return err
		}
	}
	c.apply(s.state)
	return nil
}

func (s *logStore) Dump() (crashtest.State, error) { return maps.Clone(s.state), nil }
func (s *logStore) Close() error                   { return s.f.Close() }

func readAll(fsys vfs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	n, err := f.Size()
	if err != nil {
		return nil, err
	}
	b := make([]byte, n)
	if _, err := f.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return b, nil
}

func drawChange(t *rapid.T) change {
	k := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "key")
	switch rapid.IntRange(0, 3).Draw(t, "kind") {
	case 0:
		return del(k)
	case 1:
		return set(k, rapid.StringMatching("[a-z]{0,5}").Draw(t, "value"), "z", "both")
	}
	return set(k, rapid.StringMatching("[a-z]{0,700}").Draw(t, "value"))
}
