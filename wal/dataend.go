package wal

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
)

// dataChunk is how much of a file DataEnd looks at together.
const dataChunk = 1 << 20

// ReadFull reads len(p) raw bytes at off, or says why not. A file that is shorter
// than it was when it was opened is an error (io.ErrUnexpectedEOF), and no end.
func (s *Segment) ReadFull(p []byte, off int64) error {
	n, err := s.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = &fs.PathError{Op: "read", Path: s.Name(), Err: io.ErrUnexpectedEOF}
	}
	return err
}

// DataEnd is the offset behind the last byte from `from` on that is not zero, or
// from: behind it lies what a writer has filled in ahead, or nothing. The file is
// read forwards: the tail is a megabyte of zeros usually, and read-ahead likes it
// so.
func (s *Segment) DataEnd(ctx context.Context, from int64) (int64, error) {
	last := from
	buf := make([]byte, min(dataChunk, max(s.Size()-from, 0)))
	for off := from; off < s.Size(); off += int64(len(buf)) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		b := buf[:min(int64(len(buf)), s.Size()-off)]
		if err := s.ReadFull(b, off); err != nil {
			return 0, err
		}
		if n := LenWithoutZeros(b); n > 0 {
			last = off + int64(n)
		}
	}
	return last, nil
}

// LenWithoutZeros is the length of b without the zeros at its end.
func LenWithoutZeros(b []byte) int {
	for len(b) >= 8 && binary.LittleEndian.Uint64(b[len(b)-8:]) == 0 {
		b = b[:len(b)-8]
	}
	for len(b) > 0 && b[len(b)-1] == 0 {
		b = b[:len(b)-1]
	}
	return len(b)
}
