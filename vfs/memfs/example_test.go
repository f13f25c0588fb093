package memfs_test

import (
	"fmt"

	"github.com/redis-lite/redis-lite/vfs/memfs"
)

// Publishing a file, with the calls that a disk would need.
func Example() {
	fsys := memfs.New()
	f, err := fsys.CreateTemp("settings")
	if err != nil {
		panic(err)
	}
	defer f.Close() // aborts when Publish was not reached
	f.WriteAt([]byte("colour = blue\n"), 0)
	f.Sync()
	f.Publish()
	fsys.SyncDir(".")

	infos, _ := fsys.List(".")
	fmt.Println(infos[0].Name, infos[0].Size)
	// Output: settings 14
}
