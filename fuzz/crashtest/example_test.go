package crashtest_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/fuzz/crashtest"
	"github.com/redis-lite/redis-lite/vfs"
)

// Settings is a store of one's own: a map that is kept in a file. It saves by
// the book, or so it thinks: write a new file, rename it over the old one, sync
// the directory.
type Settings struct {
	fs     vfs.FS
	values map[string]string
}

func OpenSettings(fsys vfs.FS) (*Settings, error) {
	s := &Settings{fs: fsys, values: map[string]string{}}
	b, err := readAll(fsys, "/settings.json")
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &s.values); err != nil {
		return nil, fmt.Errorf("settings.json: %w", err)
	}
	return s, nil
}

func (s *Settings) Set(key, value string) error {
	s.values[key] = value
	b, err := json.Marshal(s.values)
	if err != nil {
		return err
	}
	f, err := s.fs.CreateTemp("/settings.json")
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteAt(b, 0); err != nil {
		return err
	}
	if err := f.Publish(); err != nil { // renames
		return err
	}
	return s.fs.SyncDir("/")
}

// What follows is all that a crash test needs: an operation, how to open, and
// what the operation does to the model.

type setting struct{ Key, Value string }

func (s setting) String() string { return s.Key + "=" + s.Value }

type settingsSystem struct{}

func (settingsSystem) Open(fsys vfs.FS) (crashtest.Store[setting], error) {
	s, err := OpenSettings(fsys)
	return settingsStore{s}, err
}

func (settingsSystem) Apply(s crashtest.State, op setting) { s[op.Key] = op.Value }

type settingsStore struct{ *Settings }

func (s settingsStore) Do(op setting) error            { return s.Set(op.Key, op.Value) }
func (s settingsStore) Dump() (crashtest.State, error) { return crashtest.State(s.values), nil }
func (s settingsStore) Close() error                   { return nil }

// A first crash test. In a test it would be crashtest.Exhaust(t, ...), which
// fails with the whole report and writes it as a page too.
func Example() {
	alphabet := crashtest.Ops(setting{"color", "red"}, setting{"color", "blue"})
	r := crashtest.ExhaustAll(settingsSystem{}, alphabet, 3, nil, crashtest.Options{})

	f := r.Failure
	fmt.Println(f.Verdict, "-", f.Err)
	for _, op := range f.History() {
		fmt.Println(op.Op, "was", op.Status)
	}
	for _, o := range f.Explain().Effects {
		if o.Fate == crashfs.Lose {
			fmt.Println("lost:", o.Effect, "of", o.Call.Op)
		}
	}
	// Output:
	// RecoveryFailed - settings.json: unexpected end of JSON input
	// color=red was in flight
	// lost: size /.settings.json.1.tmp 0 -> 15 of write
}

// Which file systems in use lose the same? All do, for a file that is new.
func ExampleFailure_Permits() {
	r := crashtest.Run(settingsSystem{}, crashtest.Ops(setting{"color", "red"}), crashtest.Options{})
	for _, p := range r.Failure.Permits() {
		fmt.Println(p.Mode, p.OK)
	}
	// Output:
	// worst true
	// ext4 true
	// ext4-noauto_da_alloc true
	// xfs true
	// btrfs true
	// hostile true
}

// A history with crashes in it: what the store shows after each is held against
// the model, and what it showed must last from then on.
func ExampleRun() {
	r := crashtest.Run(settingsSystem{}, []crashtest.Step[setting]{
		{Op: setting{"color", "red"}},
		{Action: crashtest.Kill}, // the process dies, the machine does not
		{Op: setting{"color", "blue"}},
		{Action: crashtest.Crash, Choose: crashfs.LoseAll},
	}, crashtest.Options{})
	fmt.Println(r.Verdict)
	// Output: RecoveryFailed
}
