package crashtest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/redis-lite/redis-lite/fuzz/crashtest"
	"github.com/redis-lite/redis-lite/vfs"
)

// Notes is a map in a file again, saved so that it survives: the file is synced
// before it gets its name, the directory before Set says that it is done, and
// Open syncs what a process that died may have left unsynced before it shows it.
type Notes struct {
	fs     vfs.FS
	values map[string]string
}

func OpenNotes(fsys vfs.FS) (*Notes, error) {
	n := &Notes{fs: fsys, values: map[string]string{}}
	// A process may have died between the rename and its SyncDir. The new file is
	// in the cache then, and nobody may be shown what a power cut takes back.
	if err := fsys.SyncDir("/"); err != nil {
		return nil, err
	}
	b, err := readAll(fsys, "/notes.json")
	if errors.Is(err, fs.ErrNotExist) {
		return n, nil
	}
	if err != nil {
		return nil, err
	}
	return n, json.Unmarshal(b, &n.values)
}

func (n *Notes) Set(key, value string) error {
	n.values[key] = value
	b, err := json.Marshal(n.values)
	if err != nil {
		return err
	}
	f, err := n.fs.CreateTemp("/notes.json")
	if err != nil {
		return err
	}
	defer f.Close() // removes it, unless it was published
	if _, err := f.WriteAt(b, 0); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Publish(); err != nil {
		return err
	}
	return n.fs.SyncDir("/")
}

type note struct{ Key, Value string }

type notesSystem struct{}

func (notesSystem) Open(fsys vfs.FS) (crashtest.Store[note], error) {
	n, err := OpenNotes(fsys)
	return notesStore{n}, err
}

func (notesSystem) Apply(s crashtest.State, op note) { s[op.Key] = op.Value }

type notesStore struct{ *Notes }

func (s notesStore) Do(op note) error               { return s.Set(op.Key, op.Value) }
func (s notesStore) Dump() (crashtest.State, error) { return s.values, nil }
func (s notesStore) Close() error                   { return nil }

// The store of the package example, mended: every history of three operations
// survives every crash.
func Example_mended() {
	alphabet := crashtest.Ops(note{"color", "red"}, note{"color", "blue"}, note{"size", "1"})
	r := crashtest.ExhaustAll(notesSystem{}, alphabet, 3, nil, crashtest.Options{})
	fmt.Println(r.Verdict, r.Histories, "histories")
	// Output: OK 39 histories
}
