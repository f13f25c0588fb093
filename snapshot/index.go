package snapshot

import (
	"encoding/binary"
	"sort"

	"github.com/redis-lite/redis-lite/wal/record"
)

// The index is a CBOR sequence with one item for each block:
//
//	[bucket, key, place, count]
//
// Bucket and key are those of the first entry, and place is a byte string of 20:
//
//	0..8 offset | 8..12 stored length | 12..16 raw length | 16..20 CRC
//
// That is the shape of a snapshot's entry (place for value, count for LSN), and
// so the index is written and read by the same strict code, without
// copying: opening a file costs little even when it has very many blocks.
const placeSize = 20

// blockRef is one item of the index. Bucket and key alias the index's bytes or
// are held by the Reader for its life.
type blockRef struct {
	bucket string
	key    []byte
	offset int64
	stored uint32
	raw    uint32
	count  uint32
	crc    uint32
}

// end is the offset behind the block.
func (b *blockRef) end() int64 { return b.offset + blockHead + int64(b.stored) }

func (b *blockRef) append(dst []byte) []byte {
	var place [placeSize]byte
	binary.LittleEndian.PutUint64(place[0:], uint64(b.offset))
	binary.LittleEndian.PutUint32(place[8:], b.stored)
	binary.LittleEndian.PutUint32(place[12:], b.raw)
	binary.LittleEndian.PutUint32(place[16:], b.crc)
	return record.AppendEntry(dst, &record.Entry{
		Bucket: b.bucket, Key: b.key, Value: place[:], LSN: uint64(b.count),
	})
}

// parseIndex judges the index against the rest of the file: the blocks must
// fill exactly what lies between preamble and index, ascend, be within limits
// and add up to the footer's count. From then on an offset or a length out of the
// index needs no further check.
func (r *Reader) parseIndex(b []byte, start int64) error {
	f := &r.foot
	bad := func(rest []byte, reason string, err error) error {
		return r.corrupt(f.indexOffset+int64(len(b)-len(rest)), "index: "+reason, err)
	}
	// An item of the index takes 25 bytes at least.
	if f.blocks > uint64(len(b))/25 {
		return bad(b, "too short for its count of blocks", nil)
	}
	r.index = make([]blockRef, 0, f.blocks)
	offset, entries := start, uint64(0)
	var e record.Entry
	var last *blockRef
	rest := b
	for len(rest) > 0 {
		next, err := record.DecodeEntry(&e, rest)
		if err != nil {
			return bad(rest, "item", err)
		}
		if len(e.Value) != placeSize || e.Deadline != 0 {
			return bad(rest, "item has another form", nil)
		}
		ref := blockRef{
			bucket: e.Bucket,
			key:    e.Key,
			offset: int64(binary.LittleEndian.Uint64(e.Value[0:])),
			stored: binary.LittleEndian.Uint32(e.Value[8:]),
			raw:    binary.LittleEndian.Uint32(e.Value[12:]),
			crc:    binary.LittleEndian.Uint32(e.Value[16:]),
			count:  uint32(e.LSN),
		}
		switch {
		case ref.offset != offset || ref.end() > f.indexOffset:
			return bad(rest, "block is not where the one before ends", nil)
		case ref.raw > MaxBlock || ref.stored > ref.raw || uint64(ref.raw) > uint64(ref.stored)*maxExpansion:
			return bad(rest, "block length beyond the limits", nil)
		case ref.stored < ref.raw && r.codec == nil:
			return bad(rest, "compressed block in a file without codec", nil)
		case e.LSN == 0 || e.LSN > uint64(ref.raw)/minEntry:
			return bad(rest, "count that the block cannot hold", nil)
		case last != nil && compare(last.bucket, last.key, ref.bucket, ref.key) >= 0:
			return bad(rest, "blocks out of order", nil)
		case uint64(len(r.index)) == f.blocks:
			return bad(rest, "more blocks than the footer says", nil)
		}
		r.index = append(r.index, ref)
		last = &r.index[len(r.index)-1]
		offset, entries, rest = ref.end(), entries+e.LSN, next
	}
	switch {
	case offset != f.indexOffset:
		return bad(rest, "blocks end before the index begins", nil)
	case uint64(len(r.index)) != f.blocks:
		return bad(rest, "fewer blocks than the footer says", nil)
	case entries != f.entries:
		return bad(rest, "blocks do not add up to the footer's entries", nil)
	}
	return nil
}

// locate finds the one block that may hold a key, -1 if the key lies before all.
func (r *Reader) locate(bucket string, key []byte) int {
	return sort.Search(len(r.index), func(i int) bool {
		return compare(r.index[i].bucket, r.index[i].key, bucket, key) > 0
	}) - 1
}
