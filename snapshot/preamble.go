package snapshot

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"

	"github.com/fxamacker/cbor/v2"
)

// Version is the format that this package writes, and the newest that it reads.
const Version = 1

// Meta is what a snapshot says of itself.
type Meta struct {
	Version uint64   // of the format; set by the Writer
	Store   [16]byte // the store's UUID
	LSN     uint64   // the last commit that the image contains
	Created int64    // Unix milliseconds; informational
	Codec   uint8    // 0 = none; set by the Writer
}

// The preamble:
//
//	0..8    magic
//	8..12   length of the CBOR header
//	12..16  CRC of that length and of the CBOR header
//	16..    CBOR map with integer keys
const (
	magic        = "KVSNAPSH"
	preambleHead = 16
	maxHeader    = 4096 - preambleHead // what a reader will read to see a version
)

// header is Meta as CBOR.
type header struct {
	Version uint64 `cbor:"1,keyasint"`
	Store   []byte `cbor:"2,keyasint"`
	LSN     uint64 `cbor:"3,keyasint"`
	Created int64  `cbor:"4,keyasint"`
	Codec   uint8  `cbor:"5,keyasint"`
}

func checksum(parts ...[]byte) uint32 {
	table := crc32.MakeTable(crc32.Castagnoli) // a shared table after the first call
	var sum uint32
	for _, p := range parts {
		sum = crc32.Update(sum, table, p)
	}
	return sum
}

// encode returns the preamble and its CRC.
func (m Meta) encode() ([]byte, uint32, error) {
	mode, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return nil, 0, err
	}
	body, err := mode.Marshal(header{Version: m.Version, Store: m.Store[:], LSN: m.LSN, Created: m.Created, Codec: m.Codec})
	if err != nil {
		return nil, 0, err
	}
	b := make([]byte, preambleHead, preambleHead+len(body))
	copy(b, magic)
	binary.LittleEndian.PutUint32(b[8:], uint32(len(body)))
	b = append(b, body...)
	sum := checksum(b[8:12], body)
	binary.LittleEndian.PutUint32(b[12:], sum)
	return b, sum, nil
}

// preambleSize reads the length of a preamble out of its first 16 bytes.
func preambleSize(head []byte, file string) (int, error) {
	if string(head[:8]) != magic {
		return 0, &CorruptError{File: file, Reason: "bad magic", Err: ErrNotSnapshot}
	}
	n := binary.LittleEndian.Uint32(head[8:])
	if n > maxHeader {
		return 0, &CorruptError{File: file, Offset: 8, Reason: "header longer than the limit"}
	}
	return preambleHead + int(n), nil
}

// decodePreamble judges a whole preamble and returns its CRC, to which the
// footer's is tied.
func decodePreamble(b []byte, file string) (Meta, uint32, error) {
	corrupt := func(reason string, err error) (Meta, uint32, error) {
		return Meta{}, 0, &CorruptError{File: file, Offset: preambleHead, Reason: reason, Err: err}
	}
	body := b[preambleHead:]
	sum := binary.LittleEndian.Uint32(b[12:])
	if checksum(b[8:12], body) != sum {
		return corrupt("header checksum", nil)
	}
	mode, err := cbor.DecOptions{
		DupMapKey:   cbor.DupMapKeyEnforcedAPF,
		IndefLength: cbor.IndefLengthForbidden,
		TagsMd:      cbor.TagsForbidden,
	}.DecMode()
	if err != nil {
		return Meta{}, 0, err
	}
	// The version decides what else there may be, so it is read alone first.
	var v struct {
		Version uint64 `cbor:"1,keyasint"`
	}
	if err := mode.Unmarshal(body, &v); err != nil {
		return corrupt("header", err)
	}
	if v.Version > Version {
		return Meta{}, 0, &VersionError{File: file, Version: v.Version, Supported: Version}
	}
	var h header
	if err := mode.Unmarshal(body, &h); err != nil {
		return corrupt("header", err)
	}
	m := Meta{Version: h.Version, LSN: h.LSN, Created: h.Created, Codec: h.Codec}
	if h.Version == 0 || copy(m.Store[:], h.Store) != len(m.Store) {
		return corrupt("header lacks its version or its store", nil)
	}
	// One content has one encoding: fields that are missing, unknown or
	// spelled differently all show up here.
	if again, _, err := m.encode(); err != nil || !bytes.Equal(again, b) {
		return corrupt("header is not in its one form", err)
	}
	return m, sum, nil
}
