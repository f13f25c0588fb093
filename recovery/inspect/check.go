package inspect

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strconv"

	"github.com/redis-lite/redis-lite/wal"
)

// check says of a span which field did not hold, what it should have been and
// what was found. What is expected of a checksum is computed over the bytes that
// are there.
func (w *walker) check(f *Frame, reason wal.InvalidReason) error {
	v := &f.Verdict
	b := make([]byte, min(wal.FrameHeaderSize, w.seg.Size()-f.Offset))
	if err := w.seg.ReadFull(b, f.Offset); err != nil {
		return err
	}
	switch h := f.Header; reason {
	case wal.BadMagic:
		v.Check, v.Expected, v.Found = "magic", strconv.Quote(frameMagic), strconv.Quote(string(b[:min(4, len(b))]))
	case wal.BadHeaderCRC:
		v.Check, v.Expected, v.Found = "header CRC", crc(headerCRC(b, w.seg.Header.Salt)), crc(binary.LittleEndian.Uint32(b[36:]))
	case wal.WrongLink:
		v.Check, v.Expected, v.Found = "link", link(w.at.link), link(h.PrevLink)
	case wal.WrongLSN:
		v.Check, v.Expected, v.Found = "LSN", number(w.at.next), number(h.FirstLSN)
	case wal.BodyBeyondEnd:
		room := w.seg.Size() - f.Offset - wal.FrameHeaderSize
		v.Check, v.Expected, v.Found = "length", fmt.Sprintf("at most %d", room), number(h.BodyLen)
	case wal.BadBodyCRC:
		sum, err := bodyCRC(w.seg, h, f.Offset)
		if err != nil {
			return err
		}
		v.Check, v.Expected, v.Found = "body CRC", crc(sum), crc(h.BodyCRC)
	case wal.BadPadding:
		v.Check, v.Expected, v.Found = "padding", "zeros", "other bytes"
	}
	return nil
}

const frameMagic = "KVFR"

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// headerCRC is what a frame header's checksum ought to be.
func headerCRC(b []byte, salt uint64) uint32 {
	var first [8]byte
	binary.LittleEndian.PutUint64(first[:], salt)
	return crc32.Update(crc32.Checksum(first[:], castagnoli()), castagnoli(), b[:36])
}

// bodyCRC computes the checksum of a body, a piece at a time.
func bodyCRC(s *wal.Segment, h *wal.FrameHeader, off int64) (sum uint32, err error) {
	off += wal.FrameHeaderSize
	left := min(int64(h.BodyLen), s.Size()-off)
	buf := make([]byte, min(left, chunk))
	for left > 0 {
		b := buf[:min(left, int64(len(buf)))]
		if err := s.ReadFull(b, off); err != nil {
			return 0, err
		}
		sum = crc32.Update(sum, castagnoli(), b)
		off, left = off+int64(len(b)), left-int64(len(b))
	}
	return sum, nil
}

func crc(n uint32) string  { return fmt.Sprintf("%08x", n) }
func link(n uint64) string { return fmt.Sprintf("%016x", n) }

func number[T uint8 | uint16 | uint32 | uint64 | int | int64](n T) string { return fmt.Sprint(n) }

func unknown(e *wal.VersionError) string {
	return fmt.Sprintf("%s %d is unknown here", e.What, e.Value)
}
