package snapshot

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"

	"github.com/redis-lite/redis-lite/wal/record"
)

// WriterOptions tune a Writer; the zero value is good.
type WriterOptions struct {
	// BlockSize is how long (raw, in bytes) a block grows before the next is
	// begun; 0 = 64 KiB. Smaller blocks make single look-ups cheaper and the
	// index longer.
	BlockSize int
	// Codec compresses blocks; nil = none. A block that does not shrink is
	// stored as it is.
	Codec Codec
	// SyncEvery, for Publish only, is after how many bytes the growing file is
	// synced, so that the final sync does not put the whole image before the
	// log's own writes at once; 0 = 16 MiB, negative = only at the end.
	SyncEvery int64
}

const (
	defaultBlockSize = 64 << 10
	defaultSyncEvery = 16 << 20
)

// Summary is what was written, or found in verifying.
type Summary struct {
	Entries   uint64
	Blocks    uint64
	Digest    [32]byte
	Size      int64 // of the file, in bytes
	PastCache bool  // verified past the page cache (Publish, Receive, Check)
}

// Writer writes a snapshot to a stream. It holds one block and the index in
// memory. It is not safe for concurrent use; after an error every call
// returns that error.
type Writer struct {
	w         io.Writer
	meta      Meta
	codec     Codec
	blockSize int

	preambleCRC uint32
	offset      int64 // bytes written

	block  []byte // blockHead bytes of room, then the entries of the open block
	packed []byte // the compressed block
	count  int    // entries in the open block
	first  blockRef
	index  []byte // encoded as it grows

	lastBucket string
	lastKey    []byte // copied: callers may reuse theirs
	foot       footer
	sum        hash.Hash
	sumBuf     []byte
	err        error
}

// NewWriter writes the preamble and returns the Writer for the rest. m.Version
// and m.Codec are set here.
func NewWriter(w io.Writer, m Meta, o WriterOptions) (*Writer, error) {
	m.Version, m.Codec = Version, 0
	if o.Codec != nil {
		if m.Codec = o.Codec.ID(); m.Codec == 0 {
			return nil, fmt.Errorf("snapshot: codec %s has the ID 0, which means none", o.Codec.Name())
		}
	}
	if o.BlockSize <= 0 {
		o.BlockSize = defaultBlockSize
	}
	preamble, crc, err := m.encode()
	if err != nil {
		return nil, fmt.Errorf("snapshot: header: %w", err)
	}
	sw := &Writer{
		w: w, meta: m, codec: o.Codec, blockSize: min(o.BlockSize, MaxBlock),
		preambleCRC: crc,
		sum:         sha256.New(),
	}
	sw.reset()
	if err := sw.write(preamble); err != nil {
		return nil, err
	}
	return sw, nil
}

// Meta is what the file says of itself.
func (w *Writer) Meta() Meta { return w.meta }

// Add appends an entry, which must follow the one before strictly in (bucket,
// key). It keeps nothing of e.
func (w *Writer) Add(e *record.Entry) error {
	if w.err != nil {
		return w.err
	}
	size := record.EntrySize(e)
	if err := w.check(e, size); err != nil {
		w.err = &EntryError{Bucket: e.Bucket, Key: append([]byte(nil), e.Key...), Err: err}
		return w.err
	}
	if w.count > 0 && len(w.block)-blockHead+size > w.blockSize {
		if err := w.flush(); err != nil {
			return err
		}
	}
	if w.count == 0 {
		w.first = blockRef{bucket: e.Bucket, key: append(w.first.key[:0], e.Key...)}
	}
	w.block = record.AppendEntry(w.block, e)
	w.sumBuf = record.AppendDigestEntry(w.sumBuf, e)
	w.count++
	w.foot.entries++
	w.lastBucket, w.lastKey = e.Bucket, append(w.lastKey[:0], e.Key...)
	return nil
}

// check refuses what a reader would have to call damage.
func (w *Writer) check(e *record.Entry, size int) error {
	if w.foot.entries > 0 && compare(w.lastBucket, w.lastKey, e.Bucket, e.Key) >= 0 {
		return ErrOrder
	}
	if w.foot.entries == 0 || e.Bucket != w.lastBucket {
		if err := record.CheckBucket(e.Bucket); err != nil {
			return err
		}
	}
	if e.LSN > w.meta.LSN {
		return fmt.Errorf("LSN %d is behind the snapshot's %d", e.LSN, w.meta.LSN)
	}
	if size > MaxBlock {
		return fmt.Errorf("%d bytes, the limit is %d", size, MaxBlock)
	}
	return nil
}

// Finish writes the rest and returns what was written. Closing and syncing what
// is underneath is the caller's.
func (w *Writer) Finish() (Summary, error) {
	if w.err != nil {
		return Summary{}, w.err
	}
	if err := w.flush(); err != nil {
		return Summary{}, err
	}
	f := &w.foot
	f.indexOffset, f.indexLen, f.indexCRC = w.offset, int64(len(w.index)), checksum(w.index)
	w.sum.Sum(f.digest[:0])
	if err := w.write(w.index); err != nil {
		return Summary{}, err
	}
	if err := w.write(f.encode(w.preambleCRC)); err != nil {
		return Summary{}, err
	}
	w.err = ErrFinished
	return Summary{Entries: f.entries, Blocks: f.blocks, Digest: f.digest, Size: w.offset}, nil
}

// flush writes the open block.
func (w *Writer) flush() error {
	if w.count == 0 {
		return nil
	}
	raw := len(w.block) - blockHead
	out := w.block
	if w.codec != nil {
		w.packed = w.codec.Compress(append(w.packed[:0], make([]byte, blockHead)...), w.block[blockHead:])
		stored := len(w.packed) - blockHead
		// Equal lengths are how a reader knows a plain body, so a body that
		// did not shrink must go plain; nor may one shrink past what a reader
		// takes for a bomb.
		if stored < raw && int64(raw) <= int64(stored)*maxExpansion {
			out = w.packed
		}
	}
	ref := w.first
	ref.offset = w.offset
	ref.stored, ref.raw, ref.count = uint32(len(out)-blockHead), uint32(raw), uint32(w.count)
	ref.crc = sealBlock(out, raw, w.count)
	w.index = ref.append(w.index)
	w.foot.blocks++
	w.sum.Write(w.sumBuf)
	err := w.write(out)
	w.reset()
	return err
}

// reset begins a block. Buffers that one large entry has grown are let go: the
// bound on memory is a block, not the largest value seen.
func (w *Writer) reset() {
	w.block = reuse(w.block, w.blockSize)
	w.block = append(w.block, make([]byte, blockHead)...)
	w.packed = reuse(w.packed, w.blockSize)
	w.sumBuf = reuse(w.sumBuf, w.blockSize)
	w.count = 0
}

func reuse(b []byte, size int) []byte {
	if cap(b) > 2*size+4096 {
		return nil
	}
	return b[:0]
}

func (w *Writer) write(b []byte) error {
	n, err := w.w.Write(b)
	w.offset += int64(n)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	if err != nil {
		w.err = err
	}
	return err
}
