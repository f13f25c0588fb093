package conformance

import (
	"slices"
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
	"github.com/redis-lite/redis-lite/fuzz/loopfs"
)

// missed are states that real file systems showed and that the simulation once
// did not allow, as the shortest scripts that led there.
var missed = []struct {
	name   string
	script Script
	found  string
	cut    loopfs.Cut
	modes  []crashfs.Mode // that must allow it
}{
	{
		// The flush at a rename is of blocks that were not allocated yet; this one
		// was, and only the length had changed.
		name: "a length without its data in a block that was there before, renamed over another",
		script: Script{
			{Kind: Create, Path: "b"}, {Kind: Create, Path: "a"}, {Kind: Write, Path: "a", Len: 100},
			{Kind: Settle}, {Kind: Write, Path: "a", Len: 4096}, {Kind: Rename, Path: "a", To: "b"}, {Kind: SyncDir, Path: "."},
		},
		found: "b=C*100 0*3996", cut: loopfs.Shutdown,
		modes: []crashfs.Mode{crashfs.Worst, crashfs.Ext4, crashfs.Ext4NoAutoDA},
	},
	{
		// The flush at the rename had allocated the blocks and begun to write
		// them; the journal was committed before they were written.
		name: "a file of zeros after a rename over another and fsync of the directory",
		script: Script{
			{Kind: Create, Path: "b"}, {Kind: Create, Path: "a"}, {Kind: Write, Path: "a", Off: 4096, Len: 100},
			{Kind: Rename, Path: "a", To: "b"}, {Kind: SyncDir, Path: "."},
		},
		found: "b=0*4196", cut: loopfs.Shutdown,
		modes: []crashfs.Mode{crashfs.Worst, crashfs.Ext4, crashfs.Ext4NoAutoDA},
	},
	{
		// The page cache zeroes the rest of the block, and writes it back whenever
		// it likes.
		name: "the old length with zeros behind the one it was truncated to",
		script: Script{
			{Kind: Create, Path: "a"}, {Kind: Write, Path: "a", Len: 4096}, {Kind: Settle},
			{Kind: Truncate, Path: "a", Off: 50}, {Kind: Flush, Path: "a", Len: 4096},
		},
		found: "a=B*50 0*4046", cut: loopfs.Shutdown,
		modes: crashfs.Modes(),
	},
	{
		name: "fdatasync of a growth that a truncation took back commits nothing",
		script: Script{
			{Kind: Create, Path: "a"}, {Kind: Settle}, {Kind: Create, Path: "b"},
			{Kind: Write, Path: "a", Off: 100, Len: 100}, {Kind: Truncate, Path: "a"}, {Kind: Fdatasync, Path: "a"},
		},
		found: "a=(empty)", cut: loopfs.Shutdown,
		modes: crashfs.Modes(),
	},
	{
		name: "a length that ends in a hole, which a later write has filled",
		script: Script{
			{Kind: Create, Path: "a"}, {Kind: Write, Path: "a", Off: 4096, Len: 12288},
			{Kind: Write, Path: "a", Off: 50, Len: 100}, {Kind: Flush, Path: "a", Off: 50, Len: 100},
		},
		found: "a=0*50 C*100 0*3946", cut: loopfs.ShutdownFlushed,
		modes: crashfs.Modes(),
	},
	{
		name: "the end of a block as the length, with a hole behind it",
		script: Script{
			{Kind: Create, Path: "a"}, {Kind: Write, Path: "a", Len: 4196},
			{Kind: Write, Path: "a", Off: 8192, Len: 4096}, {Kind: Start, Path: "a", Off: 50, Len: 4096},
		},
		found: "a=B*4196 0*3996", cut: loopfs.ShutdownFlushed,
		modes: crashfs.Modes(),
	},
	{
		name: "a later block with its length before an earlier one",
		script: Script{
			{Kind: Create, Path: "b"}, {Kind: Write, Path: "b", Len: 10000},
			{Kind: Flush, Path: "b", Off: 8192, Len: 4096}, {Kind: Commit},
		},
		found: "b=0*8192 B*1808", cut: loopfs.Shutdown,
		modes: crashfs.Modes(),
	},
	{
		name: "fsync of a renamed file without the directory it came from",
		script: Script{
			{Kind: Mkdir, Path: "d"}, {Kind: Create, Path: "d/a"}, {Kind: Rename, Path: "d/a", To: "a"}, {Kind: Fsync, Path: "a"},
		},
		found: "a=(empty)", cut: loopfs.Pull,
		modes: []crashfs.Mode{crashfs.Worst, crashfs.Btrfs},
	},
}

func TestStatesThatWereOnceMissedAreLegal(t *testing.T) {
	for _, m := range missed {
		for _, mode := range m.modes {
			states, err := list(m.script, mode, 4096, 1000)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(states, m.found) {
				t.Errorf("%s: mode %v does not allow %q, only\n%q", m.name, mode, m.found, states)
			}
		}
	}
}

func TestStatesThatWereOnceMissedAreStillSeenOnExt4(t *testing.T) {
	if reason := loopfs.Available(loopfs.Ext4); reason != "" {
		t.Skip("not run: " + reason)
	}
	c, err := New(loopfs.Ext4)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	cycles := 20
	if testing.Short() {
		cycles = 2
	}
	for _, m := range missed {
		if m.cut == loopfs.Pull {
			continue // on another file system
		}
		seen := 0
		for range cycles {
			if err := c.Check(m.script, m.cut); err != nil {
				t.Fatal(err)
			}
			if c.last == m.found {
				seen++
			}
		}
		t.Logf("%s: %d of %d cuts", m.name, seen, cycles)
	}
}
