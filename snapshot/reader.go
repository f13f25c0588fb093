package snapshot

import (
	"fmt"
	"io"
	"sync"

	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal/record"
)

// ReaderOptions tune a Reader; the zero value reads what is not compressed.
type ReaderOptions struct {
	// Codecs are those that a file may need.
	Codecs []Codec
	// Name stands for the file in errors; Open sets it.
	Name string
}

// Reader reads a snapshot. It holds the index in memory, nothing else, and is
// safe for concurrent use.
type Reader struct {
	src    io.ReaderAt
	closer io.Closer // nil when the source is the caller's
	file   string
	size   int64
	meta   Meta
	codec  Codec // nil = none
	foot   footer
	index  []blockRef

	buffers sync.Pool // of *buffer, for single blocks
}

// buffer is what one block needs to be read.
type buffer struct{ stored, raw []byte }

// Open opens a snapshot and checks preamble, footer and index; the blocks are
// checked as they are read. A file under a name that ParseName understands must
// hold the snapshot of that LSN.
func Open(fsys vfs.FS, name string, o ReaderOptions) (*Reader, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	r, err := openFile(f, name, o)
	if err != nil {
		f.Close()
		return nil, err
	}
	r.closer = f
	return r, nil
}

func openFile(f vfs.File, name string, o ReaderOptions) (*Reader, error) {
	o.Name = name
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	r, err := OpenReaderAt(f, size, o)
	if err != nil {
		return nil, err
	}
	if lsn, ok := ParseName(vfs.Base(name)); ok && lsn != r.meta.LSN {
		return nil, r.corrupt(preambleHead, fmt.Sprintf("the header says LSN %d", r.meta.LSN), ErrWrongName)
	}
	return r, nil
}

// OpenReaderAt opens a snapshot that is not a file of its own: a backup in
// memory, a part of an archive. Closing src is the caller's.
func OpenReaderAt(src io.ReaderAt, size int64, o ReaderOptions) (*Reader, error) {
	r := &Reader{src: src, file: o.Name, size: size}
	if r.file == "" {
		r.file = "snapshot"
	}
	r.buffers.New = func() any { return new(buffer) }

	head := make([]byte, preambleHead)
	if err := r.readAt(head, 0); err != nil {
		return nil, err
	}
	n, err := preambleSize(head, r.file)
	if err != nil {
		return nil, err
	}
	preamble := make([]byte, n)
	if err := r.readAt(preamble, 0); err != nil {
		return nil, err
	}
	var crc uint32
	if r.meta, crc, err = decodePreamble(preamble, r.file); err != nil {
		return nil, err
	}
	if r.codec, err = find(o.Codecs, r.meta.Codec, r.file); err != nil {
		return nil, err
	}
	foot := make([]byte, footerSize)
	if err := r.readAt(foot, max(size-footerSize, int64(n))); err != nil {
		return nil, err
	}
	if err := r.decodeFooter(foot, crc, int64(n)); err != nil {
		return nil, err
	}
	index := make([]byte, r.foot.indexLen)
	if err := r.readAt(index, r.foot.indexOffset); err != nil {
		return nil, err
	}
	if checksum(index) != r.foot.indexCRC {
		return nil, r.corrupt(r.foot.indexOffset, "index checksum", nil)
	}
	if err := r.parseIndex(index, int64(n)); err != nil {
		return nil, err
	}
	return r, nil
}

// Close closes the file that Open opened.
func (r *Reader) Close() error {
	if r.closer == nil {
		return nil
	}
	return r.closer.Close()
}

// Meta is what the snapshot says of itself.
func (r *Reader) Meta() Meta { return r.meta }

// Entries is the number of entries.
func (r *Reader) Entries() uint64 { return r.foot.entries }

// Digest is the declared digest; Verify proves it.
func (r *Reader) Digest() [32]byte { return r.foot.digest }

// Size is the length of the file in bytes.
func (r *Reader) Size() int64 { return r.size }

// Summary is what the footer declares.
func (r *Reader) Summary() Summary {
	return Summary{Entries: r.foot.entries, Blocks: r.foot.blocks, Digest: r.foot.digest, Size: r.size}
}

// BlockInfo describes a block, for inspection.
type BlockInfo struct {
	Bucket string // of the first entry
	Key    []byte // of the first entry; not to be changed
	Offset int64  // of the block's header
	Stored int    // bytes in the file behind the header
	Raw    int    // bytes once decompressed
	Count  int    // entries
	CRC    uint32
}

// Blocks is the number of blocks.
func (r *Reader) Blocks() int { return len(r.index) }

// Block describes block i, 0 <= i < Blocks().
func (r *Reader) Block(i int) BlockInfo {
	b := &r.index[i]
	return BlockInfo{
		Bucket: b.bucket, Key: b.key, Offset: b.offset,
		Stored: int(b.stored), Raw: int(b.raw), Count: int(b.count), CRC: b.crc,
	}
}

// Get looks one key up, reading one block. The entry is the caller's own.
func (r *Reader) Get(bucket string, key []byte) (e record.Entry, found bool, err error) {
	i := r.locate(bucket, key)
	if i < 0 {
		return record.Entry{}, false, nil
	}
	buf := r.buffers.Get().(*buffer)
	defer r.recycle(buf)
	body, err := r.read(i, buf)
	if err != nil {
		return record.Entry{}, false, err
	}
	// The checksum holds, so the order does; what is behind the key need not
	// be decoded.
	e.Bucket = r.index[i].bucket
	for len(body) > 0 {
		if body, err = record.DecodeEntry(&e, body); err != nil {
			return record.Entry{}, false, r.corrupt(r.index[i].offset, "entry", err)
		}
		switch c := compare(e.Bucket, e.Key, bucket, key); {
		case c == 0:
			e.Key = append([]byte{}, e.Key...)
			e.Value = append([]byte{}, e.Value...)
			return e, true, nil
		case c > 0:
			return record.Entry{}, false, nil
		}
	}
	return record.Entry{}, false, nil
}

// read reads block i into buf and returns its CBOR sequence.
func (r *Reader) read(i int, buf *buffer) ([]byte, error) {
	ref := &r.index[i]
	buf.stored = grow(buf.stored, blockHead+int(ref.stored))
	if err := r.readAt(buf.stored, ref.offset); err != nil {
		return nil, err
	}
	if ref.stored < ref.raw {
		buf.raw = grow(buf.raw, int(ref.raw))[:0]
	}
	return r.body(i, buf.stored, buf.raw)
}

// recycle keeps a buffer for the next look-up unless a large value grew it.
func (r *Reader) recycle(buf *buffer) {
	if cap(buf.stored) <= maxKept && cap(buf.raw) <= maxKept {
		r.buffers.Put(buf)
	}
}

// maxKept is the largest buffer that is kept for later.
const maxKept = 1 << 20

// grow returns a slice of length n, in b's memory when it fits.
func grow(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}

// readAt reads all of p. The end of the file is damage, for the size was known;
// any other error says nothing about the file and comes through.
func (r *Reader) readAt(p []byte, off int64) error {
	n, err := r.src.ReadAt(p, off)
	if n == len(p) {
		return nil
	}
	return truncated(r.file, off+int64(n), err)
}

func (r *Reader) corrupt(off int64, reason string, err error) error {
	return &CorruptError{File: r.file, Offset: off, Reason: reason, Err: err}
}
