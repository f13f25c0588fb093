package goleveldb

import (
	"strings"
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/fuzz/crashtest"
)

func put(k, v string) Op { return Op{Put: map[string]string{k: v}} }

var alphabet = append(crashtest.Ops(
	put("a", "1"),
	Op{Put: map[string]string{"a": "2", "b": "2"}},
	Op{Delete: []string{"a"}},
	put("big", strings.Repeat("x", 3000)),
	Op{Compact: true},
), crashtest.Step[Op]{Action: crashtest.Reopen})

// tried leaves crashes of the store's creation out, see TestCreation.
func tried(m ...crashfs.Mode) crashtest.Options {
	return crashtest.Options{
		Modes: m, Created: true, Deep: 16,
		Bound: crashfs.Bound{Exhaustive: 6, Pairs: -1, Random: 8},
	}
}

// Opening writes a new manifest, points CURRENT at it and removes the old one,
// without having synced the new one: a power cut can leave a store that does
// not open. Users met it (goleveldb issue 335), pull request 351 mended it.
func TestTheManifestIsNotSynced(t *testing.T) {
	r := crashtest.Run(System{}, nil, tried(crashfs.Ext4))
	if r.Verdict != crashtest.RecoveryFailed || !strings.Contains(r.Failure.Err.Error(), "manifest corrupted (field 'comparer')") {
		t.Fatalf("not found: %v\n%v", r, r.Failure)
	}
	for _, p := range r.Failure.Permits() {
		if !p.OK {
			t.Errorf("%v does not permit it: %v", p.Mode, p.Why)
		}
	}
	t.Log(r.Failure)
}

// With that mended, nothing is lost on the file systems that people use.
func TestMendedOnFileSystemsInUse(t *testing.T) {
	crashtest.Exhaust(t, System{Mended: true}, alphabet, 2, tried(crashfs.Ext4, crashfs.Ext4NoAutoDA, crashfs.XFS, crashfs.Btrfs))
}

// POSIX alone is not enough: one directory sync is meant to cover the name of
// the new manifest and that of CURRENT, but nothing says that the first gets to
// the disk before the second.
func TestMendedOnTheWorst(t *testing.T) {
	r := crashtest.Run(System{Mended: true}, nil, tried(crashfs.Worst))
	if r.Verdict != crashtest.RecoveryFailed || !strings.Contains(r.Failure.Err.Error(), "file missing") {
		t.Fatalf("not found: %v\n%v", r, r.Failure)
	}
	for _, p := range r.Failure.Permits() {
		if want := p.Mode == crashfs.Worst || p.Mode == crashfs.Hostile; p.OK != want {
			t.Errorf("%v: permitted %v", p.Mode, p.OK)
		}
	}
	t.Log(r.Failure)
}

// A store whose creation was interrupted is never opened again, not even after
// a mere kill: its files are there and CURRENT is not (goleveldb issue 180 looks
// like it).
func TestCreation(t *testing.T) {
	o := tried(crashfs.Ext4)
	o.Created = false
	r := crashtest.Run(System{Mended: true}, nil, o)
	if r.Verdict != crashtest.RecoveryFailed {
		t.Fatalf("not found: %v", r)
	}
	t.Log(r.Failure)
}
