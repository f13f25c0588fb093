package snapshot

import "encoding/binary"

// The footer, always the last 80 bytes:
//
//	0..8    offset of the index
//	8..16   length of the index
//	16..24  count of entries
//	24..32  count of blocks
//	32..64  digest
//	64..68  CRC of the index
//	68..72  CRC of the preamble's CRC field and of the bytes 0..68
//	72..80  magic
const (
	footerMagic = "KVSNPEND"
	footerSize  = 80
)

type footer struct {
	indexOffset int64
	indexLen    int64
	entries     uint64
	blocks      uint64
	digest      [32]byte
	indexCRC    uint32
}

func (f *footer) encode(preambleCRC uint32) []byte {
	b := make([]byte, footerSize)
	binary.LittleEndian.PutUint64(b[0:], uint64(f.indexOffset))
	binary.LittleEndian.PutUint64(b[8:], uint64(f.indexLen))
	binary.LittleEndian.PutUint64(b[16:], f.entries)
	binary.LittleEndian.PutUint64(b[24:], f.blocks)
	copy(b[32:], f.digest[:])
	binary.LittleEndian.PutUint32(b[64:], f.indexCRC)
	binary.LittleEndian.PutUint32(b[68:], footerCRC(b, preambleCRC))
	copy(b[72:], footerMagic)
	return b
}

// footerCRC ties the footer to the preamble of the same file.
func footerCRC(b []byte, preambleCRC uint32) uint32 {
	var tie [4]byte
	binary.LittleEndian.PutUint32(tie[:], preambleCRC)
	return checksum(tie[:], b[:68])
}

// decodeFooter judges the last 80 bytes of a file of the given size whose
// preamble ends at start.
func (r *Reader) decodeFooter(b []byte, preambleCRC uint32, start int64) error {
	at := r.size - footerSize
	if string(b[72:]) != footerMagic {
		return r.corrupt(at+72, "bad magic at the end: truncated, or something was appended", nil)
	}
	if binary.LittleEndian.Uint32(b[68:]) != footerCRC(b, preambleCRC) {
		return r.corrupt(at, "footer checksum", nil)
	}
	r.foot = footer{
		indexOffset: int64(binary.LittleEndian.Uint64(b[0:])),
		indexLen:    int64(binary.LittleEndian.Uint64(b[8:])),
		entries:     binary.LittleEndian.Uint64(b[16:]),
		blocks:      binary.LittleEndian.Uint64(b[24:]),
		digest:      [32]byte(b[32:64]),
		indexCRC:    binary.LittleEndian.Uint32(b[64:]),
	}
	f := &r.foot
	if f.indexOffset < start || f.indexOffset > at || f.indexLen != at-f.indexOffset {
		return r.corrupt(at, "footer points outside of the file", nil)
	}
	return nil
}
