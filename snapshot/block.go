package snapshot

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/redis-lite/redis-lite/wal/record"
)

// A block:
//
//	0..4    stored length: of the body as it lies in the file
//	4..8    raw length: of the CBOR sequence; equal to the stored length when
//	        the body is not compressed
//	8..12   count of entries
//	12..16  CRC of those twelve bytes and of the body
//	16..    the body
//
// The index repeats all of it. The header is there so that a block explains
// itself when the index is gone.
const blockHead = 16

// Limits of a block, checked before anything is allocated for it.
const (
	// MaxBlock is the longest raw block, hence the longest entry: twice the
	// largest record that the log takes by default.
	MaxBlock = 512 << 20
	// maxExpansion is the most that a body may inflate by. No zstd frame
	// exceeds 43,691 (128 KiB out of a 3-byte block); a claim beyond this
	// is a bomb.
	maxExpansion = 1 << 16
	// minEntry is the least that an entry takes: ["", h'', h'', 0].
	minEntry = 5
)

// sealBlock fills in the header in front of a body and returns the CRC.
// b starts with blockHead bytes of room.
func sealBlock(b []byte, raw, count int) uint32 {
	binary.LittleEndian.PutUint32(b[0:], uint32(len(b)-blockHead))
	binary.LittleEndian.PutUint32(b[4:], uint32(raw))
	binary.LittleEndian.PutUint32(b[8:], uint32(count))
	sum := checksum(b[:12], b[blockHead:])
	binary.LittleEndian.PutUint32(b[12:], sum)
	return sum
}

// body judges the bytes of block i and returns its CBOR sequence: b's own, or,
// if they are compressed, decompressed into the spare capacity of raw.
func (r *Reader) body(i int, b, raw []byte) ([]byte, error) {
	ref := &r.index[i]
	switch {
	case binary.LittleEndian.Uint32(b[0:]) != ref.stored,
		binary.LittleEndian.Uint32(b[4:]) != ref.raw,
		binary.LittleEndian.Uint32(b[8:]) != ref.count,
		binary.LittleEndian.Uint32(b[12:]) != ref.crc:
		return nil, r.corrupt(ref.offset, "block header differs from the index", nil)
	case checksum(b[:12], b[blockHead:]) != ref.crc:
		return nil, r.corrupt(ref.offset, "block checksum", nil)
	case ref.stored == ref.raw:
		return b[blockHead:], nil
	}
	at := len(raw)
	out, err := r.codec.Decompress(raw, b[blockHead:], int(ref.raw))
	if err != nil {
		return nil, r.corrupt(ref.offset, r.codec.Name(), err)
	}
	if len(out)-at != int(ref.raw) {
		return nil, r.corrupt(ref.offset, "block inflates to another length than it declares", nil)
	}
	return out[at:], nil
}

// entries decodes all of block i behind what is in dst, and checks what a
// checksum cannot: that a sane writer made it.
func (r *Reader) entries(i int, body []byte, dst []record.Entry) ([]record.Entry, error) {
	ref := &r.index[i]
	bad := func(rest []byte, reason string, err error) error {
		at := ref.offset
		if ref.stored == ref.raw {
			at += blockHead + int64(len(body)-len(rest))
		}
		return r.corrupt(at, reason, err)
	}
	bucket, key := ref.bucket, []byte(nil)
	rest := body
	for n := range int(ref.count) {
		dst = append(dst, record.Entry{Bucket: bucket})
		e := &dst[len(dst)-1]
		next, err := record.DecodeEntry(e, rest)
		switch {
		case err != nil:
			return dst, bad(rest, "entry", err)
		case n == 0 && compare(e.Bucket, e.Key, ref.bucket, ref.key) != 0:
			return dst, bad(rest, "block starts with another key than the index says", nil)
		case n > 0 && compare(bucket, key, e.Bucket, e.Key) >= 0:
			return dst, bad(rest, "entries out of order", nil)
		case e.LSN > r.meta.LSN:
			return dst, bad(rest, "entry is newer than its snapshot", nil)
		}
		bucket, key, rest = e.Bucket, e.Key, next
	}
	if len(rest) != 0 {
		return dst, bad(rest, "bytes behind the last entry of a block", nil)
	}
	if i+1 < len(r.index) {
		if next := &r.index[i+1]; compare(bucket, key, next.bucket, next.key) >= 0 {
			return dst, bad(rest, "block overlaps the next", nil)
		}
	}
	return dst, nil
}

// compare orders by bucket, then key, as bytes.
func compare(bucketA string, keyA []byte, bucketB string, keyB []byte) int {
	if bucketA != bucketB {
		return strings.Compare(bucketA, bucketB)
	}
	return bytes.Compare(keyA, keyB)
}
