package memfs_test

import (
	"testing"

	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/memfs"
	"github.com/redis-lite/redis-lite/vfs/vfstest"
)

func TestConformance(t *testing.T) {
	vfstest.Run(t, func(t *testing.T) (vfs.FS, string) {
		fsys := memfs.New()
		if err := vfs.MkdirAll(fsys, "some/where"); err != nil {
			t.Fatal(err)
		}
		return fsys, "some/where"
	})
}
