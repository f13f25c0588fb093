package loopfs_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/redis-lite/redis-lite/fuzz/loopfs"
)

// A file that was written, but not synced, before it replaced another: the
// default ext4 forgives that, XFS does not.
func ExampleNew() {
	f, err := loopfs.New(loopfs.XFS)
	if err != nil {
		fmt.Println("not here:", err)
		return
	}
	defer f.Close()
	config := func() string { return filepath.Join(f.Dir(), "config") }

	os.WriteFile(config(), []byte("old"), 0o600)
	f.Sync()
	os.WriteFile(config()+".tmp", []byte("new"), 0o600) // no fsync here
	os.Rename(config()+".tmp", config())
	f.Cut(loopfs.ShutdownFlushed)
	if err := f.Remount(); err != nil {
		fmt.Println(err)
		return
	}
	data, err := os.ReadFile(config())
	fmt.Printf("%q %v\n", data, err) // "" <nil>
}
