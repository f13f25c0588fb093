package snapshot

import (
	"context"
	"errors"
	"io"

	"github.com/redis-lite/redis-lite/vfs"
)

// Receive publishes a snapshot that arrives as a stream, such as a backup, in
// dir under the name of its LSN. It is verified as a whole before it gets its
// name, and then published as by Publish. A stream that is damaged, cut short
// or of another format leaves nothing behind.
//
// Errors about the stream are those of Open, with o.Name for the file; errors
// from publishing are *PublishError.
func Receive(ctx context.Context, fsys vfs.FS, dir string, src io.Reader, o ReaderOptions) (Meta, Summary, error) {
	if o.Name == "" {
		o.Name = "stream"
	}
	meta, preamble, err := readPreamble(src, o)
	if err != nil {
		return Meta{}, Summary{}, err
	}
	p := publication{fsys: fsys, dir: dir, name: vfs.Join(dir, Name(meta.LSN)), codecs: o.Codecs}
	if err := p.create(); err != nil {
		return meta, Summary{}, err
	}
	defer p.tmp.Abort()
	w := &fileWriter{f: p.tmp, syncEvery: defaultSyncEvery}
	if _, err := w.Write(preamble); err != nil {
		return meta, Summary{}, p.failed("write", err)
	}
	if err := p.spool(ctx, w, src); err != nil {
		return meta, Summary{}, err
	}
	// The stream is not ours, so it is judged before it can be taken for a
	// snapshot; publish judges once more what the disk made of it.
	r, err := OpenReaderAt(p.tmp, w.off, o)
	if err == nil {
		err = r.Verify(ctx)
	}
	if err != nil {
		return meta, Summary{}, err
	}
	s, err := p.publish(ctx, r.Summary())
	return meta, s, err
}

// readPreamble reads as much of a stream as tells what it is.
func readPreamble(src io.Reader, o ReaderOptions) (Meta, []byte, error) {
	b := make([]byte, preambleHead)
	if n, err := io.ReadFull(src, b); err != nil {
		if k := min(n, len(magic)); k > 0 && string(b[:k]) != magic[:k] && errors.Is(err, io.ErrUnexpectedEOF) {
			return Meta{}, nil, &CorruptError{File: o.Name, Reason: "bad magic", Err: ErrNotSnapshot} // short, and not for want of its end
		}
		return Meta{}, nil, truncated(o.Name, int64(n), err)
	}
	size, err := preambleSize(b, o.Name)
	if err != nil {
		return Meta{}, nil, err
	}
	b = append(b, make([]byte, size-preambleHead)...)
	if n, err := io.ReadFull(src, b[preambleHead:]); err != nil {
		return Meta{}, nil, truncated(o.Name, int64(preambleHead+n), err)
	}
	meta, _, err := decodePreamble(b, o.Name)
	if err != nil {
		return Meta{}, nil, err
	}
	// Known before the stream is: no need to spool what cannot be read.
	if _, err := find(o.Codecs, meta.Codec, o.Name); err != nil {
		return Meta{}, nil, err
	}
	return meta, b, nil
}

// spool copies the rest of the stream. Its errors tell the two sides apart:
// those of reading come through, those of writing are the publication's.
func (p *publication) spool(ctx context.Context, w *fileWriter, src io.Reader) error {
	buf := make([]byte, 256<<10)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := io.ReadFull(src, buf)
		if n > 0 {
			if _, werr := w.Write(buf[:n]); werr != nil {
				return p.failed("write", werr)
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			// Whether this end is the right one, verifying will show.
			return nil
		default:
			return err
		}
	}
}
