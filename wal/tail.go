package wal

import (
	"errors"
	"io"
	"log/slog"
	"syscall"
	"time"

	"github.com/redis-lite/redis-lite/vfs"
)

// tail is the segment being written. All of it belongs to the token's holder.
//
// Its invariants, in every mode:
//   - Bytes in [off, filled) of the file are zeros, or it ends among them;
//     nothing lies behind filled.
//   - At most header.Reach bytes and maxRecords records before off are unsynced.
//   - A frame has FlagSynced exactly when unsynced was 0 as it was written. In
//     Always that is every frame: each is synced before the next is written.
//   - After an error nothing is written any more: its callers fail the log.
type tail struct {
	file     vfs.File
	header   SegmentHeader
	off      int64         // behind the last frame
	filled   int64         // zeros reach up to here
	link     uint64        // of the last frame
	next     uint64        // LSN of the next record to be written
	unsynced int64         // bytes behind the last sync
	records  int           // records behind the last sync
	marked   bool          // the last frame is a MARK or a SEAL, or there is none
	took     time.Duration // of the last sync
	group    int           // records of the last frame that had any
	commits  uint64        // frames with records written since the log was opened
	empty    []byte        // for frames without records
	flight   *flight       // a sync under way without the token
}

// resume goes on in a segment that recovery has judged: everything up to
// t.Offset is durable, and nothing but zeros follows.
func (t *tail) resume(l *Log, at Tail) error {
	f, err := l.o.FS.OpenWrite(l.path(at.Seq))
	if err != nil {
		return &LogError{Op: "open", File: l.path(at.Seq), Err: err}
	}
	*t = tail{
		file: f, header: at.Header, off: at.Offset, filled: max(at.Filled, at.Offset),
		link: at.Link, next: at.NextLSN, marked: at.Marked || at.Offset == HeaderBlock,
	}
	return nil
}

// begin makes a segment and goes on in it.
func (t *tail) begin(l *Log, h SegmentHeader) error {
	f, err := l.createSegment(&h)
	if err != nil {
		return err
	}
	*t = tail{
		file: f, header: h, off: HeaderBlock, filled: HeaderBlock,
		link: h.Prev.Link, next: h.FirstLSN, marked: true, commits: t.commits, group: t.group, took: t.took, empty: t.empty,
	}
	return nil
}

// state says where the segment ends now.
func (t *tail) state() Tail {
	return Tail{Seq: t.header.Seq, Header: t.header, Offset: t.off, NextLSN: t.next, Link: t.link, Filled: t.filled}
}

// commit writes the batch's frame and, when the batch is to be delivered
// durable, syncs.
//
// A crash before the sync leaves any part of the frame, and nothing of it was
// acknowledged: its checksums tell a whole frame from a torn one, and it is the
// last one. A crash after the sync finds the whole frame.
func (t *tail) commit(l *Log, b *batch) error {
	size := FrameSize(int(b.size))
	if !t.fits(&l.o, size) {
		if err := t.rotate(l, size); err != nil {
			return err
		}
	}
	frame, err := t.put(l, b.frame, b.count, 0)
	b.frame = frame // padding may have moved it
	if err != nil {
		return err
	}
	if err := t.fill(l, size); err != nil {
		return err
	}
	t.commits++
	t.group = b.count
	b.upTo = position{t.header.Seq, t.off}
	l.written.Store(t.next - 1)
	l.count(b.count, size)
	if b.sync {
		err = t.sync(l)
	} else {
		l.lazy.touch()
	}
	l.idle.touch(t.commits)
	return err
}

// fits reports whether a frame of that size may go into this segment: within its
// size, with room left for a MARK and the SEAL (or it is the only frame), and
// within the reach that its header declares, which recovery judges tears by.
func (t *tail) fits(o *Options, size int64) bool {
	return size <= t.header.Reach &&
		(t.off == HeaderBlock || t.off+size+2*FrameHeaderSize <= o.SegmentSize)
}

// put writes one frame and syncs nothing. buf is the frame with its header free;
// the finished frame is returned.
//
// What stands unsynced stays within the segment's reach, so that recovery may
// call anything further out damage. A crash leaves each unsynced frame whole,
// torn or missing, in any combination; the frames' links and flags then say
// which ones continue the durable part.
func (t *tail) put(l *Log, buf []byte, count int, flags uint8) ([]byte, error) {
	size := FrameSize(len(buf) - FrameHeaderSize)
	if t.unsynced > 0 && (t.unsynced+size > t.header.Reach || t.records+count > maxRecords) {
		if err := t.sync(l); err != nil {
			return buf, err
		}
	}
	if t.unsynced == 0 {
		flags |= FlagSynced
	}
	frame, link := sealFrame(buf, t.header.Salt, t.link, t.next, uint32(count), flags)
	n, err := t.file.WriteAt(frame, t.off)
	if err == nil && n != len(frame) {
		err = io.ErrShortWrite
	}
	if err != nil {
		return frame, t.failure("write", err)
	}
	t.off += size
	t.filled = max(t.filled, t.off)
	t.link, t.next = link, t.next+uint64(count)
	t.unsynced += size
	t.records += count
	t.marked = false
	return frame, nil
}

// putEmpty writes a frame without records.
func (t *tail) putEmpty(l *Log, flags uint8) error {
	t.empty = append(t.empty[:0], make([]byte, FrameHeaderSize)...)
	frame, err := t.put(l, t.empty, 0, flags)
	t.empty = frame
	return err
}

// fill writes zeros ahead when a small frame has reached the end of the file, so
// that the next ones overwrite instead of appending: their syncs have no
// metadata to write. It comes behind the frame and before its sync, which makes
// both durable; a crash in between leaves some of the zeros, which are a clean
// end as nothing is. The first frame of all is spared, so that a store that
// holds little stays small, and frames as large as a batch's, which gain less
// than writing every byte twice costs.
func (t *tail) fill(l *Log, size int64) error {
	if l.o.Mode != Always || l.o.FillStep < 0 || t.commits == 0 ||
		t.off < t.filled || size > FrameSize(l.o.FillLimit) {
		return nil
	}
	// Smaller steps for smaller frames: whoever's frame it is waits for them.
	step := min(l.o.FillStep, max(l.o.FillStep/4, 16*size))
	end := min(t.off+step, l.o.SegmentSize)
	if end <= t.off {
		return nil
	}
	switch err := t.file.ZeroFill(t.off, end-t.off); {
	case noRoom(err):
		// The frame may have room where the zeros had none. Some of them may be
		// there, and nothing but zeros is: as good as an end of the file. The
		// next attempt comes a step later.
		l.o.Logger.Warn("no room to fill the log ahead; commits go on, slower", slog.String("file", t.file.Name()), slog.Any("error", err))
	case err != nil:
		return t.failure("fill", err)
	default:
		l.countFill(end - t.off)
	}
	t.filled = end
	return nil
}

// noRoom tells a full disk, or a used-up quota, from a failing one.
func noRoom(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// mark writes a MARK and syncs it, unless nothing was written since the last
// one. Everything before it is synced first, so that it has FlagSynced: a MARK
// that a crash leaves proves the frame before it, and a torn MARK has cost
// nothing, since it holds no record.
func (t *tail) mark(l *Log) error {
	if t.marked {
		return nil
	}
	if err := t.sync(l); err != nil {
		return err
	}
	if err := t.putEmpty(l, FlagMark); err != nil {
		return err
	}
	if err := t.sync(l); err != nil {
		return err
	}
	t.marked = true
	l.countMark()
	return nil
}

// trim cuts the zeros off. It needs no sync: with or without them the log ends
// at the same place.
func (t *tail) trim() error {
	if t.filled <= t.off {
		return nil
	}
	if err := t.file.Truncate(t.off); err != nil {
		return t.failure("trim", err)
	}
	t.filled = t.off
	return nil
}

func (t *tail) failure(op string, err error) *LogError {
	return &LogError{Op: op, File: t.file.Name(), Err: err}
}
