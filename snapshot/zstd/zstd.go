// Package zstd compresses snapshots with Zstandard (RFC 8878). It is apart from
// package snapshot so that only programs that use it link the library:
//
//	codec, err := zstd.New()
//	snapshot.NewWriter(w, meta, snapshot.WriterOptions{Codec: codec})
//	snapshot.Open(fsys, name, snapshot.ReaderOptions{Codecs: []snapshot.Codec{codec}})
package zstd

import (
	"fmt"

	"github.com/klauspost/compress/zstd"

	"github.com/redis-lite/redis-lite/snapshot"
)

// Codec is a snapshot.Codec. It is safe for concurrent use.
type Codec struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

var _ snapshot.Codec = (*Codec)(nil)

// New returns a codec at the library's fastest level: snapshots are rewritten
// by every compaction, and blocks are checksummed outside.
func New() (*Codec, error) {
	enc, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	// With the capacity as the limit, a block that claims to inflate beyond
	// what it declared is an error before it is memory.
	dec, err := zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(0),
		zstd.WithDecodeAllCapLimit(true),
		zstd.WithDecoderMaxMemory(snapshot.MaxBlock))
	if err != nil {
		return nil, fmt.Errorf("zstd: %w", err)
	}
	return &Codec{enc: enc, dec: dec}, nil
}

// ID is snapshot.CodecZstd.
func (c *Codec) ID() uint8 { return snapshot.CodecZstd }

// Name is "zstd".
func (c *Codec) Name() string { return "zstd" }

// Compress appends the compressed form of src to dst.
func (c *Codec) Compress(dst, src []byte) []byte { return c.enc.EncodeAll(src, dst) }

// Decompress appends the original of src, at most rawLen bytes, to dst.
func (c *Codec) Decompress(dst, src []byte, rawLen int) ([]byte, error) {
	if cap(dst)-len(dst) < rawLen {
		dst = append(make([]byte, 0, len(dst)+rawLen), dst...)
	}
	return c.dec.DecodeAll(src, dst[:len(dst):len(dst)+rawLen])
}
