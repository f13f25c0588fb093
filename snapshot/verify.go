package snapshot

import (
	"context"
	"crypto/sha256"

	"github.com/redis-lite/redis-lite/vfs"
)

// Verify reads everything and proves it: checksums, order, counts, digest.
func (r *Reader) Verify(ctx context.Context) error {
	sum := sha256.New()
	l := loader{r: r, digest: true}
	err := l.run(ctx, 0, func(t *task) error {
		sum.Write(t.sum)
		return nil
	})
	if err != nil {
		return err
	}
	if [32]byte(sum.Sum(nil)) != r.foot.digest {
		return r.corrupt(r.size-footerSize, "digest", nil)
	}
	return nil
}

// Check opens and verifies a file, past the page cache where the platform
// allows it: Summary.PastCache says which. What the cache holds may be right
// while the disk is not.
func Check(ctx context.Context, fsys vfs.FS, name string, o ReaderOptions) (Meta, Summary, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return Meta{}, Summary{}, err
	}
	defer f.Close()
	dropped := f.DropCache()
	r, err := openFile(f, name, o)
	if err != nil {
		return Meta{}, Summary{}, err
	}
	if err := r.Verify(ctx); err != nil {
		return r.meta, Summary{}, err
	}
	s := r.Summary()
	s.PastCache = dropped
	return r.meta, s, nil
}
