package kernel_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/redis-lite/redis-lite/fuzz/kernel"
	"github.com/redis-lite/redis-lite/fuzz/loopfs"
)

// A full disk ends a run, and is no verdict against the store: neither when the
// first child finds it so, nor when the store fills it.
func TestAFullDiskIsNoFailureOfTheStore(t *testing.T) {
	if reason := loopfs.Available(loopfs.Ext4); reason != "" {
		t.Skip("not run: " + reason)
	}
	for name, room := range map[string]int64{"full at once": 0, "filled by the store": 2 << 20} {
		t.Run(name, func(t *testing.T) {
			f, err := loopfs.New(loopfs.Ext4)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			fill(t, filepath.Join(f.Dir(), "filling"), room)
			report, err := kernel.Run(t.Context(), kernel.Options{
				Dir: f.Dir, Command: child, Config: kernel.Defaults(seed(t)), Disasters: []kernel.Disaster{kernel.KillNine()},
				Rounds: 10_000, Scratch: t.TempDir(),
			})
			var machine *kernel.MachineError
			if !errors.As(err, &machine) || !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("after %v: %v", report, err)
			}
		})
	}
}

// fill writes a file until the disk has only so much room left.
func fill(t *testing.T, name string, room int64) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	size := int64(0)
	for block := make([]byte, 1<<20); len(block) > 0; {
		n, err := f.Write(block)
		size += int64(n)
		switch {
		case errors.Is(err, syscall.ENOSPC):
			block = block[:len(block)/2] // down to the last byte
		case err != nil:
			t.Fatal(err)
		}
	}
	if err := f.Truncate(max(0, size-room)); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
}
