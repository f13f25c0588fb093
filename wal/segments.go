package wal

import (
	"context"
	"slices"
)

// Segments lists the log's segments in order, the one being written last.
func (l *Log) Segments() []SegmentInfo {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := slices.Clone(l.segments)
	if n := len(list); n > 0 {
		list[n-1].Size, list[n-1].LastLSN = l.synced.off, l.durable.Load()
	}
	return list
}

// listSegments describes the segments from first on, the tail's last. A header
// that cannot be read is noted and nothing more: records that old are no business of
// opening, and whoever comes to need them meets the error then.
func (l *Log) listSegments(first uint64) ([]SegmentInfo, error) {
	entries, err := l.o.FS.List(l.o.Dir)
	if err != nil {
		return nil, &LogError{Op: "list", File: l.o.Dir, Err: err}
	}
	var list []SegmentInfo
	var headers []SegmentHeader
	for _, e := range entries {
		seq, ok := ParseSegmentName(e.Name)
		if !ok || seq < first || seq >= l.tail.header.Seq {
			continue
		}
		info := SegmentInfo{Seq: seq, Size: e.Size}
		s, err := OpenSegment(l.o.FS, l.path(seq))
		if err == nil {
			info.FirstLSN = s.Header.FirstLSN
			headers = append(headers, s.Header)
			err = s.Close()
		} else {
			headers = append(headers, SegmentHeader{})
		}
		info.Err = err
		list = append(list, info)
	}
	list = append(list, SegmentInfo{Seq: l.tail.header.Seq, FirstLSN: l.tail.header.FirstLSN})
	headers = append(headers, l.tail.header)
	for i := range list[:len(list)-1] {
		list[i].LastLSN = lastOf(headers[i+1:])
		if next := headers[i+1]; next.Prev.Seq == list[i].Seq {
			list[i].Size = next.Prev.End
		}
	}
	return list, nil
}

// lastOf returns the last LSN before the segments with these headers, the last of
// which is the tail's. Where the first is unreadable, a later one gives an upper
// bound.
func lastOf(headers []SegmentHeader) uint64 {
	n := 0
	for headers[n].Seq == 0 {
		n++
	}
	return headers[n].Prev.LastLSN
}

// entered notes that the log has left a segment for the tail's.
func (l *Log) entered(left *tail) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.segments) - 1
	l.segments[n].Size, l.segments[n].LastLSN = left.off, left.next-1
	l.segments = append(l.segments, SegmentInfo{Seq: l.tail.header.Seq, FirstLSN: l.tail.header.FirstLSN})
	l.synced = position{l.tail.header.Seq, l.tail.off}
	l.metrics.Rotations++
	l.wakeReaders()
}

// TruncateFront removes the segments numbered below keepFrom that no Reader
// holds, never the one being written, and syncs the directory. The caller has
// made MANIFEST say so before. What a Reader held back goes with a later call.
//
// Segments go in ascending order, so that a crash in between leaves a log with
// nothing missing in its middle: names below MANIFEST's first are strays.
func (l *Log) TruncateFront(ctx context.Context, keepFrom uint64) (removed []uint64, err error) {
	for {
		seq, ok, err := l.dropFirst(ctx, keepFrom)
		if err != nil {
			return removed, err
		}
		if !ok {
			break
		}
		if err := l.o.FS.Remove(l.path(seq)); err != nil {
			return removed, &LogError{Op: "remove", File: l.path(seq), Err: err}
		}
		removed = append(removed, seq)
	}
	if len(removed) == 0 {
		return nil, nil
	}
	if err := l.o.FS.SyncDir(l.o.Dir); err != nil {
		return removed, l.fail(&LogError{Op: "sync", File: l.o.Dir, Err: err})
	}
	return removed, nil
}

// dropFirst takes the first segment off the list when it may go: from then on no
// reader can begin in it.
func (l *Log) dropFirst(ctx context.Context, keepFrom uint64) (seq uint64, ok bool, err error) {
	if err := ctx.Err(); err != nil {
		return 0, false, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.refusal(); err != nil {
		return 0, false, err
	}
	if len(l.segments) < 2 || l.segments[0].Seq >= keepFrom {
		return 0, false, nil
	}
	seq = l.segments[0].Seq
	for r := range l.readers {
		if r.seq <= seq {
			return 0, false, nil
		}
	}
	l.segments = slices.Delete(l.segments, 0, 1)
	return seq, true, nil
}
