package snapshot

import "encoding/binary"

// Reseal makes every checksum of a file right that has a recognizable place,
// so that a fuzzer gets past them.
func Reseal(b []byte) []byte {
	if len(b) < preambleHead+footerSize {
		return b
	}
	n := binary.LittleEndian.Uint32(b[8:])
	at := len(b) - footerSize
	if int64(n) > int64(at-preambleHead) {
		return b
	}
	start := preambleHead + int(n)
	preamble := checksum(b[8:12], b[preambleHead:start])
	binary.LittleEndian.PutUint32(b[12:], preamble)
	foot := b[at:]
	if index := binary.LittleEndian.Uint64(foot[0:]); index >= uint64(start) && index <= uint64(at) {
		binary.LittleEndian.PutUint64(foot[8:], uint64(at)-index)
		binary.LittleEndian.PutUint32(foot[64:], resealBlocks(b, start, int(index), at))
	}
	binary.LittleEndian.PutUint32(foot[68:], footerCRC(foot, preamble))
	return b
}

// resealBlocks copies each block's checksum into its header and its place in
// the index, as far as the index can be followed, and returns the index's own.
func resealBlocks(b []byte, start, index, end int) uint32 {
	r := &Reader{size: int64(len(b)), codec: anyCodec{}}
	r.foot = footer{indexOffset: int64(index), blocks: uint64(end-index) / 25}
	// It stops at the first item that it refuses; those before are in r.index.
	_ = r.parseIndex(b[index:end], int64(start))
	var out []byte
	for i := range r.index {
		ref := &r.index[i]
		block := b[ref.offset:ref.end()]
		binary.LittleEndian.PutUint32(block[4:], ref.raw)
		binary.LittleEndian.PutUint32(block[8:], ref.count)
		binary.LittleEndian.PutUint32(block[0:], ref.stored)
		ref.crc = checksum(block[:12], block[blockHead:])
		binary.LittleEndian.PutUint32(block[12:], ref.crc)
		out = ref.append(out)
	}
	copy(b[index:end], out)
	return checksum(b[index:end])
}

type anyCodec struct{ Codec }
