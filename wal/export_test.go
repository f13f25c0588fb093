package wal

import "encoding/binary"

// EncodeFrameHeader writes a header that AppendFrame would never make, with a
// valid checksum.
func EncodeFrameHeader(h FrameHeader, salt uint64) []byte {
	b := make([]byte, FrameHeaderSize)
	binary.LittleEndian.PutUint32(b, frameMagic)
	binary.LittleEndian.PutUint32(b[4:], h.BodyLen)
	binary.LittleEndian.PutUint64(b[8:], h.FirstLSN)
	binary.LittleEndian.PutUint32(b[16:], h.Count)
	b[20], b[21] = h.Version, h.Flags
	binary.LittleEndian.PutUint64(b[24:], h.PrevLink)
	binary.LittleEndian.PutUint32(b[32:], h.BodyCRC)
	binary.LittleEndian.PutUint32(b[36:], frameHeaderCRC(b, salt))
	return b
}

func AddToHistogram(h *Histogram, v uint64) { h.add(v) }
