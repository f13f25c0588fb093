package inspect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

// Unit is one thing in a file, taken apart: a header, a frame, a block of a
// snapshot, a stretch of bytes that are none of that.
type Unit struct {
	File   string
	What   string // "segment header", "frame", "mark", "seal", "torn", "damaged", "zeros", "manifest", "preamble", "block", "index", "footer", "bytes", ...
	Index  int    // of a block, from 0
	Offset int64
	Size   int64

	Verdict Verdict
	Frame   *Frame // in a segment, but for its header; without Body

	// Bytes are the unit's, all of a frame or a block, of anything else the first
	// 64 KiB.
	Bytes []byte

	name func(*annotator)
}

// rawBytes is how much of a stretch that is nothing known is held and shown.
const rawBytes = 64 << 10

// Fields names the unit's bytes, in order; what Bytes does not hold has no field.
// Fields of greater Depth lie behind the head of what they are part of.
func (u *Unit) Fields() iter.Seq[Field] {
	return func(yield func(Field) bool) {
		a := &annotator{b: u.Bytes, base: u.Offset, yield: yield}
		if u.name == nil {
			a.rest("bytes", 0)
			return
		}
		u.name(a)
	}
}

// Bad reports whether something is wrong with the unit.
func (u *Unit) Bad() bool { return u.Verdict.Kind.Bad() || u.Verdict.Kind == Torn }

// Units takes a file apart, from the unit that holds offset on. name is a File's
// Path or Name. A file of the log is judged as part of it; what is no file of a
// store is told by its first bytes. A *Unit is the consumer's to keep.
func (s *Store) Units(ctx context.Context, name string, offset int64) iter.Seq2[*Unit, error] {
	return func(yield func(*Unit, error) bool) {
		u := &units{s: s, path: s.path(name), from: offset, yield: yield}
		if err := u.run(ctx); err != nil && !errors.Is(err, errStop) {
			yield(nil, err)
		}
	}
}

// path makes a path of a File's Path or Name.
func (s *Store) path(name string) string {
	if _, err := s.fs.Stat(vfs.Join(s.dir, name)); err == nil {
		return vfs.Join(s.dir, name)
	}
	return name
}

// UnitAt finds the frame that holds an LSN. Where the log does not have it any
// more, or not yet, the error is an *UnreachableError; where it was lost, the unit
// is the span that it went with.
func (s *Store) UnitAt(ctx context.Context, lsn uint64) (*Unit, error) {
	for f, err := range s.Frames(ctx, From{LSN: lsn}, false) {
		if err != nil {
			return nil, err
		}
		if f.LSN > lsn {
			break
		}
		if !f.Valid() && f.Verdict.Lost.Empty() || f.Empty() != "" {
			continue
		}
		if f.Size == 0 {
			return &Unit{File: f.File, What: f.Verdict.Kind.String(), Offset: f.Offset, Verdict: f.Verdict, Frame: f.bare()}, nil
		}
		for u, err := range s.Units(ctx, f.File, f.Offset) {
			return u, err
		}
	}
	return nil, s.unheld(ctx, lsn)
}

// unheld says that no frame holds an LSN, and which LSNs the log has.
func (s *Store) unheld(ctx context.Context, lsn uint64) error {
	runs, err := s.runs(ctx)
	if err != nil {
		return err
	}
	return &UnreachableError{LSN: lsn, Reachable: runs}
}

// bare is the frame without its body.
func (f *Frame) bare() *Frame {
	c := *f
	c.Body = nil
	return &c
}

// FileOf looks at any file, in a store or not: the Store is the one that the file
// lies in, as far as its path tells.
func FileOf(fsys vfs.FS, path string, o Options) (*Store, error) {
	info, err := fsys.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir {
		return nil, &fs.PathError{Op: "open", Path: path, Err: errors.New("it is a directory")}
	}
	dir := vfs.Dir(path)
	switch vfs.Base(dir) {
	case recovery.WALDir, recovery.SnapshotDir, recovery.QuarantineDir:
		dir = vfs.Dir(dir)
	}
	return &Store{fs: fsys, dir: dir, o: o}, nil
}

// units takes one file apart.
type units struct {
	s     *Store
	path  string
	from  int64
	yield func(*Unit, error) bool
	file  vfs.File
	size  int64
}

func (u *units) run(ctx context.Context) (err error) {
	if u.file, err = u.s.fs.Open(u.path); err != nil {
		return err
	}
	defer func() {
		if cerr := u.file.Close(); err == nil {
			err = cerr
		}
	}()
	if u.size, err = u.file.Size(); err != nil {
		return err
	}
	if u.from < 0 || u.from > u.size {
		return &OffsetError{File: u.path, Offset: u.from, Size: u.size}
	}
	head, err := u.read(0, 8)
	if err != nil {
		return err
	}
	switch string(head) {
	case "KVWALSEG":
		return u.segment(ctx)
	case "KVSNAPSH":
		return u.snapshot(ctx)
	case "KVMANIFS":
		return u.manifest()
	}
	// A file whose first bytes are lost is known by its name.
	name := vfs.Base(u.path)
	_, segment := wal.ParseSegmentName(name)
	switch {
	case segment:
		return u.segment(ctx)
	case name == recovery.ManifestName:
		return u.manifest()
	}
	return u.raw(ctx, 0, u.size, Verdict{Kind: Valid})
}

// OffsetError says that an offset lies outside of its file.
type OffsetError struct {
	File         string
	Offset, Size int64
}

func (e *OffsetError) Error() string {
	return fmt.Sprintf("%s has no offset %d: it is %d bytes long", e.File, e.Offset, e.Size)
}

// read reads up to n bytes at off.
func (u *units) read(off, n int64) ([]byte, error) {
	b := make([]byte, max(min(n, u.size-off), 0))
	got, err := u.file.ReadAt(b, off)
	if got == len(b) || errors.Is(err, io.EOF) {
		return b[:got], nil
	}
	return nil, err
}

// emit reads the unit's bytes and hands it out, when From is not behind it.
func (u *units) emit(unit *Unit, limit int64) (err error) {
	if unit.Offset+unit.Size <= u.from && !(unit.Size == 0 && unit.Offset == u.from) && u.from < u.size {
		return nil
	}
	unit.File = u.path
	if unit.Bytes == nil {
		if unit.Bytes, err = u.read(unit.Offset, min(unit.Size, limit)); err != nil {
			return err
		}
	}
	if !u.yield(unit, nil) {
		return errStop
	}
	return nil
}

// raw hands out bytes that nothing is known of, in pieces.
func (u *units) raw(ctx context.Context, from, to int64, v Verdict) error {
	if u.from > from && u.from < to {
		from += (u.from - from) / rawBytes * rawBytes
	}
	for off := from; off < to; off += rawBytes {
		if err := ctx.Err(); err != nil {
			return err
		}
		unit := &Unit{What: "bytes", Offset: off, Size: min(rawBytes, to-off), Verdict: v}
		if err := u.emit(unit, rawBytes); err != nil {
			return err
		}
	}
	return nil
}

// segment takes a segment apart: the header block, then frames and spans.
func (u *units) segment(ctx context.Context) error {
	v, err := u.s.look()
	if err != nil {
		v = &view{} // no store around it
	}
	seg, err := wal.OpenSegment(u.s.fs, u.path)
	head := &Unit{What: "segment header", Size: min(u.size, wal.HeaderBlock), Verdict: Verdict{Kind: Valid}, name: (*annotator).segmentHeader}
	var format *wal.FormatError
	var version *wal.VersionError
	switch {
	case errors.As(err, &format):
		head.Verdict = Verdict{Kind: Damaged, Reason: format.Reason, Proof: format.Offset}
	case errors.As(err, &version):
		head.Verdict = Verdict{Kind: Unsupported, Reason: "written by a newer program: " + unknown(version)}
	case err != nil:
		return err
	default:
		seq, ok := wal.ParseSegmentName(vfs.Base(u.path))
		if wrong := v.misplaced(&seg.Header, seq); ok && v.manifest != nil && wrong != "" {
			head.Verdict = Verdict{Kind: Damaged, Reason: wrong}
		}
	}
	if err := u.emit(head, wal.HeaderBlock); err != nil {
		if seg != nil {
			_ = seg.Close()
		}
		return err
	}
	if seg == nil {
		v := head.Verdict
		v.Reason = "the segment's header, and the salt in it, cannot be had: no frame here can be checked"
		return u.raw(ctx, head.Size, u.size, v)
	}
	w := u.s.walk(v, seg)
	err = w.prove(ctx)
	for err == nil {
		var f *Frame
		if f, err = w.next(ctx); err == nil {
			err = u.frame(f)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return w.close(err)
}

// frame hands out a frame or a span.
func (u *units) frame(f *Frame) error {
	c := f.bare()
	unit := &Unit{What: f.Verdict.Kind.String(), Offset: f.Offset, Size: f.Size, Verdict: f.Verdict, Frame: c}
	limit := int64(rawBytes)
	switch {
	case f.Empty() != "":
		unit.What = f.Empty()
	case f.Valid():
		unit.What = "frame"
		limit = f.Size
	case f.Header != nil:
		limit = f.Size
	}
	if f.Verdict.Kind != Zeros && f.Verdict.Kind != Ignored {
		unit.name = func(a *annotator) { a.frame(c) }
	}
	return u.emit(unit, limit)
}

// manifest is one unit.
func (u *units) manifest() error {
	unit := &Unit{What: "manifest", Size: u.size, Verdict: Verdict{Kind: Valid}, name: (*annotator).manifest}
	b, err := u.read(0, maxManifest)
	if err != nil {
		return err
	}
	unit.Bytes = b
	var version *recovery.VersionError
	if _, err := recovery.DecodeManifest(b); errors.As(err, &version) {
		unit.Verdict = Verdict{Kind: Unsupported, Reason: "written by a newer program: " + version.What + " is unknown here"}
	} else if err != nil {
		unit.Verdict = Verdict{Kind: Damaged, Reason: err.Error()}
	}
	return u.emit(unit, maxManifest)
}
