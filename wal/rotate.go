package wal

import (
	"errors"
	"io/fs"

	"github.com/redis-lite/redis-lite/vfs"
)

// rotate leaves the segment and goes on in a new one that has room for a frame of
// need bytes. In every mode, in this order:
//
//  1. SEAL, the segment's last frame.
//  2. The segment is synced. A crash before this leaves an ordinary tail. After
//     it everything so far is durable in every mode, so that no later segment
//     ever stands on one that a crash can tear.
//  3. Its zeros are trimmed. Nothing leans on it.
//  4. The next segment appears, header durable, under a durable name: see
//     createSegment. Its header declares where this one ends. A crash before the
//     directory's sync leaves the sealed segment, with or without a frameless
//     successor, which recovery adopts.
//  5. MANIFEST names it (Options.Rotated). A crash before leaves one unlisted,
//     frameless segment: adopted too.
//  6. Only then its first frame: a segment that holds records is always listed,
//     so a listed segment that is missing is known to be missing.
func (t *tail) rotate(l *Log, need int64) error {
	if err := t.putEmpty(l, FlagSeal); err != nil {
		return err
	}
	if err := t.sync(l); err != nil {
		return err
	}
	if err := t.trim(); err != nil {
		return err
	}
	left := *t
	if err := t.begin(l, l.nextHeader(left.state(), left.next, need)); err != nil {
		return err
	}
	if err := l.rotated(t.header.Seq); err != nil {
		return errors.Join(err, left.file.Close())
	}
	if err := left.file.Close(); err != nil {
		return left.failure("close", err)
	}
	l.entered(&left)
	return nil
}

// nextHeader is the header of the segment behind the end at.
func (l *Log) nextHeader(at Tail, firstLSN uint64, need int64) SegmentHeader {
	return SegmentHeader{
		Version:  Version,
		Store:    l.o.Store,
		Seq:      at.Seq + 1,
		FirstLSN: firstLSN,
		Salt:     l.o.Rand(),
		Reach:    max(l.o.reach(), need),
		Prev:     Predecessor{Seq: at.Seq, End: at.Offset, LastLSN: at.NextLSN - 1, Link: at.Link},
		Created:  l.o.Now().UnixMilli(),
	}
}

// createSegment makes the file of a segment and opens it for writing. The header
// is written to a temporary name and synced before it gets its own, so that a
// segment under its name always has its header; the directory is synced before
// anything leans on the name, so that no acknowledged record can sit in a file
// that a crash makes vanish.
func (l *Log) createSegment(h *SegmentHeader) (vfs.File, error) {
	name := l.path(h.Seq)
	failure := func(op string, err error) error {
		return &LogError{Op: op, File: name, Err: err}
	}
	block, err := h.Encode()
	if err != nil {
		return nil, failure("encode", err)
	}
	// Publishing would replace a file of that name. There is none, or something
	// is wrong that nobody may overwrite.
	if _, err := l.o.FS.Stat(name); err == nil {
		return nil, failure("create", fs.ErrExist)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, failure("create", err)
	}
	temp, err := l.o.FS.CreateTemp(name)
	if err != nil {
		return nil, failure("create", err)
	}
	if _, err := temp.WriteAt(block, 0); err != nil {
		return nil, errors.Join(failure("write", err), temp.Abort())
	}
	if err := temp.Sync(); err != nil {
		return nil, errors.Join(failure("sync", err), temp.Abort())
	}
	if err := temp.Publish(); err != nil {
		return nil, failure("publish", err)
	}
	if err := l.o.FS.SyncDir(l.o.Dir); err != nil {
		return nil, &LogError{Op: "sync", File: l.o.Dir, Err: err}
	}
	f, err := l.o.FS.OpenWrite(name)
	if err != nil {
		return nil, failure("open", err)
	}
	return f, nil
}
