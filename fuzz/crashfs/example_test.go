package crashfs_test

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/redis-lite/redis-lite/fuzz/crashfs"
)

// A file that was written and synced, in a directory that was not.
func Example() {
	fs := crashfs.New(crashfs.Options{})
	f, _ := fs.Create("/journal")
	f.WriteAt([]byte("entry"), 0)
	f.Sync()

	for image := range fs.Point().States(crashfs.Bound{}) {
		if info, err := image.Stat("/journal"); err == nil {
			fmt.Println("a file of", info.Size, "bytes; choice", image.Origin().Choice)
		} else {
			fmt.Println("no file; choice", image.Origin().Choice)
		}
	}
	// Output:
	// a file of 5 bytes; choice k
	// no file; choice l
}

// The same calls on another file system: the sync of a new file covers its name.
func ExampleMode() {
	for _, mode := range crashfs.Modes() {
		fs := crashfs.New(crashfs.Options{Mode: mode})
		f, _ := fs.Create("/journal")
		f.WriteAt([]byte("entry"), 0)
		f.Sync()
		_, err := fs.Crash(crashfs.LoseAll).Stat("/journal")
		fmt.Println(mode, err == nil)
	}
	// Output:
	// worst false
	// ext4 true
	// ext4-noauto_da_alloc true
	// xfs true
	// btrfs true
	// hostile false
}

// A sync that fails, and one that is tried again.
func ExampleFS_Inject() {
	fs := crashfs.New(crashfs.Options{})
	f, _ := fs.Create("/journal")
	fs.SyncDir("/")
	f.WriteAt([]byte("entry"), 0)

	fs.Inject(crashfs.Fault{On: crashfs.OpSyncs})
	fmt.Println(errors.Is(f.Sync(), syscall.EIO))
	fmt.Println(f.Sync())

	image := fs.Crash(crashfs.LoseAll)
	g, _ := image.Open("/journal")
	b := make([]byte, 5)
	g.ReadAt(b, 0)
	fmt.Printf("%q\n", b)
	// Output:
	// true
	// <nil>
	// "\x00\x00\x00\x00\x00"
}

// A choice can be printed, and made again.
func ExampleChoice() {
	fs := crashfs.New(crashfs.Options{})
	f, _ := fs.Create("/journal")
	f.WriteAt([]byte("entry"), 0)

	image := fs.Crash(crashfs.Random(7))
	text := image.Origin().Choice.String()
	choice, _ := crashfs.ParseChoice(text)
	fmt.Println(fs.Crash(choice.Chooser()).Hash() == image.Hash())
	// Output: true
}
