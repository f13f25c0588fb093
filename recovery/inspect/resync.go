package inspect

import (
	"context"
	"errors"

	"github.com/redis-lite/redis-lite/wal"
)

// chunk is how much of a file is looked at together.
const chunk = 1 << 20

// resync finds the next offset in [from, end) at which a whole frame of the
// segment begins, with lsn or a later one. What a frame holds inside is no frame
// of the log, whatever it looks like: a frame whose header is valid is passed
// over whole, and a copy of an earlier frame has an earlier LSN. A frame of a
// newer program counts: it is somebody's.
func resync(ctx context.Context, s *wal.Segment, from, end int64, lsn uint64) (off int64, h wal.FrameHeader, ok bool, err error) {
	off = (from + wal.Alignment - 1) &^ (wal.Alignment - 1)
	buf := make([]byte, min(chunk, max(end-off, 0)))
	for off+wal.FrameHeaderSize <= end {
		if err := ctx.Err(); err != nil {
			return 0, h, false, err
		}
		b := buf[:min(int64(len(buf)), end-off)]
		if err := s.ReadFull(b, off); err != nil {
			return 0, h, false, err
		}
		for len(b) >= wal.FrameHeaderSize {
			h, err := wal.DecodeFrameHeader(b, s.Header.Salt)
			var version *wal.VersionError
			newer := errors.As(err, &version)
			step := int64(wal.Alignment)
			if (err == nil || newer) && h.FirstLSN >= lsn {
				whole := newer
				if !newer {
					if whole, err = bodyHolds(s, &h, off, b, end); err != nil {
						return 0, h, false, err
					}
				}
				if whole {
					return off, h, true, nil
				}
				step = h.Size()
			}
			off += step
			b = b[min(step, int64(len(b))):]
		}
	}
	return 0, h, false, nil
}

// bodyHolds verifies the body of the frame at off; b begins with the frame and
// may hold less than all of it.
func bodyHolds(s *wal.Segment, h *wal.FrameHeader, off int64, b []byte, end int64) (bool, error) {
	size := h.Size()
	if off+size > end {
		return false, nil
	}
	if int64(len(b)) < size {
		b = make([]byte, size)
		if err := s.ReadFull(b, off); err != nil {
			return false, err
		}
	}
	return h.CheckBody(b[wal.FrameHeaderSize:size]) == nil, nil
}
