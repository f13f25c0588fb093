//go:build linux

package loopfs_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/redis-lite/redis-lite/fuzz/loopfs"
)

// appendAndSync appends records until it fails, and returns how many of them a
// sync had acknowledged.
func appendAndSync(file *os.File) (acked uint64) {
	var b [256]byte
	for {
		binary.LittleEndian.PutUint64(b[:], acked+1)
		if _, err := file.WriteAt(b[:], int64(acked)*256); err != nil {
			return acked
		}
		if err := syscall.Fdatasync(int(file.Fd())); err != nil {
			return acked
		}
		acked++
	}
}

// What makes Pull worth having: no sync that returned success is undone by it,
// however the two overlap. Of the ioctl only the number is logged.
func TestASyncThatSucceedsIsKeptWhenTheDiskIsPulled(t *testing.T) {
	each(t, func(t *testing.T, f *loopfs.FS) {
		const rounds = 20
		for _, cut := range f.Kind().Cuts() {
			undone := 0
			for i := range rounds {
				name := fmt.Sprintf("%v-%d", cut, i)
				file, err := os.Create(filepath.Join(f.Dir(), name))
				if err != nil {
					t.Fatal(err)
				}
				if err := f.Sync(); err != nil {
					t.Fatal(err)
				}
				done := make(chan uint64)
				go func() {
					acked := appendAndSync(file)
					file.Close()
					done <- acked
				}()
				time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
				if err := f.Cut(cut); err != nil {
					t.Fatal(err)
				}
				acked := <-done
				if err := f.Remount(); err != nil {
					t.Fatal(err)
				}
				b, err := os.ReadFile(filepath.Join(f.Dir(), name))
				if err != nil {
					t.Fatal(err)
				}
				for n := range acked {
					if len(b) < int(n)*256+8 || binary.LittleEndian.Uint64(b[n*256:]) != n+1 {
						undone++
						break
					}
				}
			}
			t.Logf("%v: %d of %d cuts undid a sync that had returned success", cut, undone, rounds)
			if cut == loopfs.Pull && undone > 0 {
				t.Errorf("%v undid %d syncs", cut, undone)
			}
		}
	})
}
