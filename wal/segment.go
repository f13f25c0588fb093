package wal

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/redis-lite/redis-lite/vfs"
)

// Segment is one segment file, open for reading, with its header checked. Its
// methods may be called concurrently; each Scanner belongs to one goroutine.
type Segment struct {
	Header SegmentHeader
	file   vfs.File
	size   int64
}

// OpenSegment opens a segment and checks its header block. The error is the file
// system's own (*fs.PathError), a *FormatError when the header is missing, short
// or damaged, or a *VersionError when it is of a newer format.
func OpenSegment(fsys vfs.FS, name string) (*Segment, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	s := &Segment{file: f}
	if err := s.readHeader(); err != nil {
		return nil, errors.Join(located(err, name, 0), f.Close())
	}
	return s, nil
}

// headerBlocks are buffers for header blocks: what is decoded keeps none of their
// bytes, and a store is opened with a look at every segment's.
var headerBlocks = sync.Pool{New: func() any { return new([HeaderBlock]byte) }}

func (s *Segment) readHeader() error {
	size, err := s.file.Size()
	if err != nil {
		return err
	}
	s.size = size
	whole := headerBlocks.Get().(*[HeaderBlock]byte)
	defer headerBlocks.Put(whole)
	block := whole[:min(size, HeaderBlock)]
	if err := readFull(s.file, block, 0); err != nil {
		return err
	}
	s.Header, err = DecodeSegmentHeader(block)
	return err
}

// Name is the name that the segment was opened by.
func (s *Segment) Name() string { return s.file.Name() }

// Size is the file's size when it was opened, or last refreshed.
func (s *Segment) Size() int64 { return s.size }

// Refresh looks at the file's size again: a writer may have gone on, or trimmed.
// Scanners that exist keep the size that they began with.
func (s *Segment) Refresh() error {
	size, err := s.file.Size()
	if err == nil {
		s.size = size
	}
	return err
}

// ReadAt reads raw bytes.
func (s *Segment) ReadAt(p []byte, off int64) (int, error) { return s.file.ReadAt(p, off) }

// DropCache asks the system to forget the file's cached pages; see vfs.File.
func (s *Segment) DropCache() bool { return s.file.DropCache() }

// Close closes the file. Scanners that read ahead are closed before.
func (s *Segment) Close() error { return s.file.Close() }

// readFull reads len(p) bytes. A file that turns out shorter than its size said
// is an I/O error and not a clean end.
func readFull(r io.ReaderAt, p []byte, off int64) error {
	n, err := r.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return fmt.Errorf("read of %d bytes at %d: %w", len(p), off, io.ErrUnexpectedEOF)
	}
	return err
}

// located adds the file and the frame's offset to an error of the decoders.
func located(err error, name string, off int64) error {
	switch e := err.(type) {
	case *FormatError:
		e.File, e.Offset = name, e.Offset+off
	case *VersionError:
		e.File, e.Offset = name, e.Offset+off
	}
	return err
}
