package recovery

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"

	"github.com/redis-lite/redis-lite/vfs"
)

// quarantinePath makes sure of the directory, which a store has from the start
// unless somebody removed it.
func quarantinePath(fsys vfs.FS, dir string) (string, error) {
	q := vfs.Join(dir, QuarantineDir)
	_, err := fsys.Stat(q)
	if errors.Is(err, fs.ErrNotExist) {
		err = vfs.MkdirAll(fsys, q)
	}
	return q, err
}

// moveToQuarantine renames a file of the store; syncMove makes it durable. The
// name gets a number until it is a new one: an earlier file is never replaced.
func moveToQuarantine(fsys vfs.FS, dir, file string) (string, error) {
	q, err := quarantinePath(fsys, dir)
	if err != nil {
		return "", err
	}
	to := vfs.Join(q, vfs.Base(file))
	for n := 1; ; n++ {
		_, err := fsys.Stat(to)
		if errors.Is(err, fs.ErrNotExist) {
			break
		}
		if err != nil {
			return "", err
		}
		to = vfs.Join(q, fmt.Sprintf("%s.%d", vfs.Base(file), n))
	}
	return to, fsys.Rename(file, to)
}

// syncMove syncs both ends of the moves from snap/. The new name first: a crash
// between the two leaves the file in both places at worst, never in none.
func syncMove(fsys vfs.FS, dir string) error {
	if err := fsys.SyncDir(vfs.Join(dir, QuarantineDir)); err != nil {
		return err
	}
	return fsys.SyncDir(vfs.Join(dir, SnapshotDir))
}

// copyToQuarantine copies [from, to) of a file into one whose name says where it
// was cut from and, by a hash, what it holds. Cutting the same tail again, after
// a crash, ends in the same file; no other content can have its name.
func copyToQuarantine(ctx context.Context, fsys vfs.FS, dir, file string, from, to int64) (string, error) {
	q, err := quarantinePath(fsys, dir)
	if err != nil {
		return "", err
	}
	f, err := fsys.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	hash := sha256.New()
	if err := copyRange(ctx, hash, f, from, to); err != nil {
		return "", err
	}
	name := vfs.Join(q, fmt.Sprintf("%s.%d-%d.%x", vfs.Base(file), from, to, hash.Sum(nil)[:8]))
	return name, publish(fsys, name, func(out vfs.File) error {
		return copyRange(ctx, &sequential{f: out}, f, from, to)
	})
}

// copyRange copies [from, to) of f, a chunk in memory at a time.
func copyRange(ctx context.Context, w io.Writer, f vfs.File, from, to int64) error {
	buf := make([]byte, min(scanChunk, to-from))
	for from < to {
		if err := ctx.Err(); err != nil {
			return err
		}
		b := buf[:min(int64(len(buf)), to-from)]
		if n, err := f.ReadAt(b, from); n < len(b) {
			if err == nil || errors.Is(err, io.EOF) {
				err = &fs.PathError{Op: "read", Path: f.Name(), Err: io.ErrUnexpectedEOF}
			}
			return err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		from += int64(len(b))
	}
	return nil
}

// sequential writes to a file from its start on.
type sequential struct {
	f   vfs.File
	off int64
}

func (s *sequential) Write(p []byte) (int, error) {
	n, err := s.f.WriteAt(p, s.off)
	s.off += int64(n)
	return n, err
}

// sweep removes files and returns those that it could remove.
func sweep(fsys vfs.FS, logger *slog.Logger, names []string) (swept []string) {
	for _, name := range names {
		if err := fsys.Remove(name); err != nil {
			logger.Warn("leavings could not be removed", "file", name, "err", err)
			continue
		}
		swept = append(swept, name)
	}
	return swept
}
