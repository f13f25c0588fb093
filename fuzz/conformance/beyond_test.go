package conformance

import (
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/loopfs"
)

// TestBeyond: what the simulation leaves out is let pass where it was seen, and
// nowhere near it.
func TestBeyond(t *testing.T) {
	create := func(p string) Op { return Op{Kind: Create, Path: p} }
	fsync := func(p string) Op { return Op{Kind: Fsync, Path: p} }
	rename := Op{Kind: Rename, Path: "b", To: "a"}
	commit := Op{Kind: Commit}
	nothing, kept := tree{}, tree{"a": node{}}
	for _, c := range []struct {
		name   string
		script Script
		found  tree
		want   bool
	}{
		{"seen", Script{create("a"), create("b"), fsync("a"), rename, commit}, nothing, true},
		{"the name is there", Script{create("a"), create("b"), fsync("a"), rename, commit}, kept, false},
		{"what is renamed was synced", Script{create("a"), create("b"), fsync("a"), fsync("b"), rename, commit}, nothing, false},
		{"the directory was synced", Script{create("a"), create("b"), fsync("a"), {Kind: SyncDir, Path: "."}, rename, commit}, nothing, false},
		{"all was synced", Script{create("a"), fsync("a"), {Kind: SyncAll}, create("b"), rename, commit}, nothing, false},
		{"the old one is older", Script{create("a"), {Kind: Settle}, create("b"), fsync("a"), rename, commit}, nothing, false},
		{"between directories", Script{create("d/b"), {Kind: Rename, Path: "d/b", To: "a"}}, kept, true},
	} {
		if got := beyond(loopfs.Btrfs, c.script, c.found); got != c.want {
			t.Errorf("%s: %t", c.name, got)
		}
		if beyond(loopfs.Ext4, c.script, c.found) {
			t.Errorf("%s: on ext4", c.name)
		}
	}
}

// TestRenameOverALoggedName shows the second case on a real btrfs, where there is
// one, so that the day on which it is gone is noticed.
func TestRenameOverALoggedName(t *testing.T) {
	if reason := loopfs.Available(loopfs.Btrfs); reason != "" {
		t.Skip("not run: " + reason)
	}
	c, err := New(loopfs.Btrfs)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s := Script{{Kind: Create, Path: "a"}, {Kind: Create, Path: "b"}, {Kind: Fsync, Path: "a"}, {Kind: Rename, Path: "b", To: "a"}, {Kind: Commit}}
	if err := c.Check(s, loopfs.Btrfs.Cuts()[0]); err != nil {
		t.Error(err)
	}
	t.Logf("found %s; %d of 1 beyond the model", c.last, c.Counts().Beyond)
}
