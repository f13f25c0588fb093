//go:build linux

package loopfs_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/fuzz/loopfs"
)

// appendAndSync appends records until it fails, and counts those that a sync
// has acknowledged.
func appendAndSync(file *os.File, acked *atomic.Uint64) {
	for {
		n := acked.Load()
		var b [256]byte
		binary.LittleEndian.PutUint64(b[:], n+1)
		if _, err := file.WriteAt(b[:], int64(n)*256); err != nil {
			return
		}
		if err := syscall.Fdatasync(int(file.Fd())); err != nil {
			return
		}
		acked.Store(n + 1)
	}
}

// createAndSync keeps the journal busy until it fails.
func createAndSync(dir string) {
	for i := 0; ; i++ {
		file, err := os.Create(filepath.Join(dir, fmt.Sprintf("other%d", i%5)))
		if err != nil {
			return
		}
		_, err = file.WriteString("x")
		if err == nil {
			err = file.Sync()
		}
		file.Close()
		if err != nil {
			return
		}
	}
}

// What every user of a cut rests on: a sync that had returned success before it
// is not undone. Of those that return success while the cut is made, or after
// it, the number is logged: there are some.
func TestASyncThatReturnedBeforeTheCutIsNotUndone(t *testing.T) {
	each(t, func(t *testing.T, f *loopfs.FS) {
		rounds := 20
		if testing.Short() {
			rounds = 3
		}
		for _, cut := range f.Kind().Cuts() {
			late := 0
			for i := range rounds {
				name := fmt.Sprintf("%v-%d", cut, i)
				file, err := os.Create(filepath.Join(f.Dir(), name))
				if err != nil {
					t.Fatal(err)
				}
				if err := f.Sync(); err != nil {
					t.Fatal(err)
				}
				var acked atomic.Uint64
				var wg sync.WaitGroup
				wg.Go(func() { appendAndSync(file, &acked); file.Close() })
				wg.Go(func() { createAndSync(f.Dir()) })
				time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
				before := acked.Load()
				if err := f.Cut(cut); err != nil {
					t.Fatal(err)
				}
				wg.Wait()
				if err := f.Remount(); err != nil {
					t.Fatal(err)
				}
				b, err := os.ReadFile(filepath.Join(f.Dir(), name))
				if err != nil {
					t.Fatal(err)
				}
				kept := uint64(0)
				for len(b) >= int(kept)*256+8 && binary.LittleEndian.Uint64(b[kept*256:]) == kept+1 {
					kept++
				}
				if kept < before {
					t.Errorf("%v: %d syncs had returned before the cut, %d are kept", cut, before, kept)
				}
				if kept < acked.Load() {
					late++
				}
			}
			t.Logf("%v: after %d of %d cuts a sync had returned success, while or after the cut was made, for what was lost", cut, late, rounds)
		}
	})
}
