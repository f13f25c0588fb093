package osfs_test

import (
	"testing"

	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/vfs/osfs"
	"github.com/redis-lite/redis-lite/vfs/vfstest"
)

func TestConformance(t *testing.T) {
	vfstest.Run(t, func(t *testing.T) (vfs.FS, string) { return osfs.New(), t.TempDir() })
}
