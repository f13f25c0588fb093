package wal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"sync"

	"github.com/fxamacker/cbor/v2"
)

const (
	// Version is the version of the segment and frame format.
	Version = 1
	// HeaderBlock is the size of a segment's header block; its first frame
	// follows.
	HeaderBlock = 4096
	// Alignment is what every frame's offset and size on disk are multiples of.
	Alignment = 8

	segmentMagic  = "KVWALSEG"
	headerPrelude = 16 // magic, length and CRC before the CBOR map
)

// Predecessor says where the segment before this one ends. What a header
// declares is authoritative: the log goes on at the new segment's first frame,
// whatever lies behind End in the old one.
type Predecessor struct {
	Seq     uint64 // 0 in a log's first segment
	End     int64  // offset behind the last frame
	LastLSN uint64 // last LSN up to there, in this segment or an earlier one
	Link    uint64 // link of the last frame up to there
}

// SegmentHeader is the contents of a segment's first 4096 bytes:
//
//	0..8    magic "KVWALSEG"
//	8..12   length of the CBOR header
//	12..16  CRC32C of that length and of the CBOR header
//	16..    CBOR map with integer keys
//	..4096  zeros
type SegmentHeader struct {
	Version  int         // 0 is written as Version
	Flags    uint64      // none is defined
	Store    [16]byte    // the store's UUID
	Seq      uint64      // the segment's number, from 1
	FirstLSN uint64      // LSN of the first record that it may hold
	Salt     uint64      // random; goes into every frame's checksum
	Reach    int64       // most bytes that ever stand unsynced behind the durable end
	Prev     Predecessor // where the log before this segment ends
	Created  int64       // Unix milliseconds, informational
}

// headerWire is the CBOR form. The alignment is written down so that a later
// version can choose another one.
type headerWire struct {
	Version   uint64   `cbor:"1,keyasint"`
	Flags     uint64   `cbor:"2,keyasint"`
	Store     []byte   `cbor:"3,keyasint"`
	Seq       uint64   `cbor:"4,keyasint"`
	FirstLSN  uint64   `cbor:"5,keyasint"`
	Salt      uint64   `cbor:"6,keyasint"`
	Alignment uint64   `cbor:"7,keyasint"`
	Reach     int64    `cbor:"8,keyasint"`
	Prev      prevWire `cbor:"9,keyasint"`
	Created   int64    `cbor:"10,keyasint"`
}

type prevWire struct {
	Seq     uint64 `cbor:"1,keyasint"`
	End     int64  `cbor:"2,keyasint"`
	LastLSN uint64 `cbor:"3,keyasint"`
	Link    uint64 `cbor:"4,keyasint"`
}

// Encode returns the header block, exactly HeaderBlock bytes.
func (h *SegmentHeader) Encode() ([]byte, error) {
	version := h.Version
	if version == 0 {
		version = Version
	}
	body, err := h.encodeMap(version)
	if err != nil {
		return nil, err
	}
	block := make([]byte, HeaderBlock)
	copy(block, segmentMagic)
	binary.LittleEndian.PutUint32(block[8:], uint32(len(body)))
	copy(block[headerPrelude:], body)
	binary.LittleEndian.PutUint32(block[12:], headerCRC(block[8:12], body))
	return block, nil
}

// What headers are written and read by, made once.
var (
	headerEncoding = sync.OnceValues(cbor.CoreDetEncOptions().EncMode)
	headerDecoding = sync.OnceValues(cbor.DecOptions{
		DupMapKey:   cbor.DupMapKeyEnforcedAPF,
		IndefLength: cbor.IndefLengthForbidden,
		TagsMd:      cbor.TagsForbidden,
	}.DecMode)
)

func (h *SegmentHeader) encodeMap(version int) ([]byte, error) {
	mode, err := headerEncoding()
	if err != nil {
		return nil, fmt.Errorf("wal: segment header: %w", err)
	}
	body, err := mode.Marshal(headerWire{
		Version: uint64(version), Flags: h.Flags, Store: h.Store[:], Seq: h.Seq,
		FirstLSN: h.FirstLSN, Salt: h.Salt, Alignment: Alignment, Reach: h.Reach,
		Prev: prevWire(h.Prev), Created: h.Created,
	})
	if err != nil {
		return nil, fmt.Errorf("wal: segment header: %w", err)
	}
	return body, nil
}

// DecodeSegmentHeader reads the header from a segment's first bytes. b must hold
// the whole block. It returns a *FormatError when this is no header of ours (or
// a damaged one) and a *VersionError when it is one of a newer format.
func DecodeSegmentHeader(b []byte) (SegmentHeader, error) {
	body, err := headerBody(b)
	if err != nil {
		return SegmentHeader{}, err
	}
	w, err := decodeHeaderMap(body)
	if err != nil {
		return SegmentHeader{}, err
	}
	h := SegmentHeader{
		Version: int(w.Version), Flags: w.Flags, Seq: w.Seq, FirstLSN: w.FirstLSN,
		Salt: w.Salt, Reach: w.Reach, Prev: Predecessor(w.Prev), Created: w.Created,
	}
	copy(h.Store[:], w.Store)
	// The one encoding of these values must be what was read: nothing unknown,
	// repeated or oddly written hides in a header.
	again, err := h.encodeMap(h.Version)
	if err != nil {
		return SegmentHeader{}, err
	}
	if !bytes.Equal(again, body) || len(w.Store) != len(h.Store) {
		return SegmentHeader{}, &FormatError{Offset: headerPrelude, Reason: "segment header is not in its canonical form"}
	}
	if err := h.check(); err != nil {
		return SegmentHeader{}, err
	}
	return h, nil
}

// headerBody checks everything around the CBOR map and returns the map.
func headerBody(b []byte) ([]byte, error) {
	if len(b) < HeaderBlock {
		return nil, &FormatError{Reason: fmt.Sprintf("segment header block is %d bytes short", HeaderBlock-len(b))}
	}
	b = b[:HeaderBlock]
	if string(b[:8]) != segmentMagic {
		return nil, &FormatError{Reason: "not a log segment (wrong magic)"}
	}
	n := binary.LittleEndian.Uint32(b[8:])
	if n == 0 || n > HeaderBlock-headerPrelude {
		return nil, &FormatError{Offset: 8, Reason: "segment header has an impossible length"}
	}
	body := b[headerPrelude : headerPrelude+n]
	if headerCRC(b[8:12], body) != binary.LittleEndian.Uint32(b[12:]) {
		return nil, &FormatError{Offset: 12, Reason: "segment header checksum mismatch"}
	}
	if i := firstNonZero(b[headerPrelude+n:]); i >= 0 {
		return nil, &FormatError{Offset: int64(headerPrelude) + int64(n) + int64(i), Reason: "segment header is not followed by zeros"}
	}
	return body, nil
}

// firstNonZero is where b is not zero, or -1. All of b is zero when its first byte
// is and every byte equals the next, which compares many bytes at a time.
func firstNonZero(b []byte) int {
	if len(b) == 0 || b[0] == 0 && bytes.Equal(b[1:], b[:len(b)-1]) {
		return -1
	}
	for i, c := range b {
		if c != 0 {
			return i
		}
	}
	return -1
}

// decodeHeaderMap believes nothing before the version, because only the version
// says what the other keys mean.
func decodeHeaderMap(body []byte) (headerWire, error) {
	mode, err := headerDecoding()
	if err != nil {
		return headerWire{}, fmt.Errorf("wal: segment header: %w", err)
	}
	var w headerWire
	if err := mode.Unmarshal(body, &w); err != nil {
		var v struct {
			Version uint64 `cbor:"1,keyasint"`
		}
		if verr := mode.Unmarshal(body, &v); verr == nil && v.Version != Version {
			return headerWire{}, &VersionError{What: "segment version", Value: v.Version}
		}
		return headerWire{}, &FormatError{Offset: headerPrelude, Reason: "segment header: " + err.Error()}
	}
	if w.Version != Version {
		return headerWire{}, &VersionError{What: "segment version", Value: w.Version}
	}
	if w.Alignment != Alignment {
		return headerWire{}, &VersionError{What: "frame alignment", Value: w.Alignment}
	}
	if w.Flags != 0 {
		return headerWire{}, &VersionError{What: "segment flags", Value: w.Flags}
	}
	return w, nil
}

// check refuses values that no writer of ours can have meant.
func (h *SegmentHeader) check() error {
	bad := ""
	switch {
	case h.Seq == 0:
		bad = "sequence number is 0"
	case h.Reach < FrameHeaderSize:
		bad = "reach is smaller than a frame"
	case h.FirstLSN <= h.Prev.LastLSN:
		bad = "first LSN is not behind the predecessor's last"
	case h.Prev.Seq >= h.Seq:
		bad = "predecessor has no smaller sequence number"
	case h.Prev.Seq != 0 && h.Prev.End < HeaderBlock, h.Prev.End%Alignment != 0:
		bad = "predecessor ends at an impossible offset"
	default:
		return nil
	}
	return &FormatError{Offset: headerPrelude, Reason: "segment header: " + bad}
}

func headerCRC(length, body []byte) uint32 {
	return crc32.Update(crc32.Checksum(length, castagnoli()), castagnoli(), body)
}

// castagnoli returns the table of CRC32C, which the standard library builds once.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }
