package gallery

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

// What follows does to files what a disk, or their owner, does.

// frame is a frame as it lies in a segment.
type frame struct {
	wal.FrameHeader
	off, end int64
}

// frames lists the frames of a segment.
func (w *shop) frames(seq uint64) (list []frame) {
	s, err := wal.OpenSegment(w.disk, segment(seq))
	must(err)
	defer s.Close()
	sc := s.Scan(wal.HeaderBlock, s.Header.Prev.Link, s.Header.FirstLSN)
	for {
		f, err := sc.Next()
		var invalid *wal.InvalidError
		if errors.As(err, &invalid) {
			return list
		}
		must(err)
		list = append(list, frame{f.Header, f.Offset, f.End()})
	}
}

// frameOf finds the frame that holds an LSN.
func (w *shop) frameOf(seq, lsn uint64) frame {
	for _, f := range w.frames(seq) {
		if f.Count > 0 && f.FirstLSN <= lsn && lsn <= f.LastLSN() {
			return f
		}
	}
	panic(failure{errors.New("no frame has that LSN")})
}

// lastFrame is the last of a segment.
func (w *shop) lastFrame(seq uint64) frame {
	list := w.frames(seq)
	return list[len(list)-1]
}

func (w *shop) salt(seq uint64) uint64 {
	h, err := wal.DecodeSegmentHeader(w.read(segment(seq))[:wal.HeaderBlock])
	must(err)
	return h.Salt
}

// read returns a file's bytes.
func (w *shop) read(name string) []byte { return readFile(w.disk, name) }

func readFile(fsys vfs.FS, name string) []byte {
	f, err := fsys.Open(name)
	must(err)
	defer f.Close()
	size, err := f.Size()
	must(err)
	b := make([]byte, size)
	if n, err := f.ReadAt(b, 0); n < len(b) || err != nil && err != io.EOF {
		must(errors.Join(err, io.ErrUnexpectedEOF))
	}
	return b
}

// poke overwrites bytes.
func (w *shop) poke(name string, off int64, b []byte) {
	f, err := w.disk.OpenWrite(name)
	must(err)
	_, err = f.WriteAt(b, off)
	must(errors.Join(err, f.Close()))
}

// flip changes a bit.
func (w *shop) flip(name string, off int64) {
	w.poke(name, off, []byte{w.read(name)[off] ^ 0x10})
}

// zero overwrites [from, to) with zeros.
func (w *shop) zero(name string, from, to int64) { w.poke(name, from, make([]byte, to-from)) }

func (w *shop) truncate(name string, size int64) {
	f, err := w.disk.OpenWrite(name)
	must(err)
	must(errors.Join(f.Truncate(size), f.Close()))
}

func (w *shop) remove(name string) { must(w.disk.Remove(name)) }

// place puts a file somewhere, replacing one that is there.
func (w *shop) place(name string, content []byte) { writeFile(w.disk, name, content) }

func writeFile(fsys vfs.FS, name string, content []byte) {
	must(vfs.MkdirAll(fsys, vfs.Dir(name)))
	if err := fsys.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		must(err)
	}
	f, err := fsys.Create(name)
	must(err)
	_, err = f.WriteAt(content, 0)
	must(errors.Join(err, f.Close()))
}

// files is every file below a directory of the disk, by name.
func (w *shop) files(dir string) map[string][]byte {
	all := map[string][]byte{}
	entries, err := w.disk.List(dir)
	must(err)
	for _, e := range entries {
		all[vfs.Join(dir, e.Name)] = w.read(vfs.Join(dir, e.Name))
	}
	return all
}

// export copies the store to where it is wanted.
func (w *shop) export(to vfs.FS, dir string) {
	w.exportDir(to, home, dir)
	writeFile(to, vfs.Join(dir, recovery.LockName), []byte(w.lock))
}

func (w *shop) exportDir(to vfs.FS, from, dir string) {
	must(vfs.MkdirAll(to, dir))
	entries, err := w.disk.List(from)
	must(err)
	for _, e := range entries {
		if e.IsDir {
			w.exportDir(to, vfs.Join(from, e.Name), vfs.Join(dir, e.Name))
			continue
		}
		writeFile(to, vfs.Join(dir, e.Name), w.read(vfs.Join(from, e.Name)))
	}
}

func castagnoli(parts ...[]byte) (sum uint32) {
	for _, p := range parts {
		sum = crc32.Update(sum, crc32.MakeTable(crc32.Castagnoli), p)
	}
	return sum
}

// resign makes the checksums of the frame in b hold after a change.
func resign(b []byte, salt uint64) {
	n := binary.LittleEndian.Uint32(b[4:])
	binary.LittleEndian.PutUint32(b[32:], castagnoli(b[wal.FrameHeaderSize:wal.FrameHeaderSize+n]))
	s := binary.LittleEndian.AppendUint64(nil, salt)
	binary.LittleEndian.PutUint32(b[36:], castagnoli(s, b[:36]))
}
