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
