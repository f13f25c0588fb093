package inspect

import (
	"cmp"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/redis-lite/redis-lite/recovery"
	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

// FileKind says what a file in a store's directory is, by its name.
type FileKind string

// The kinds of files.
const (
	FileManifest   FileKind = "manifest"
	FileLock       FileKind = "lock"
	FileSegment    FileKind = "segment"
	FileSnapshot   FileKind = "snapshot"
	FileQuarantine FileKind = "quarantine" // what recovery cut off or set aside
	FileTemp       FileKind = "temporary"  // what some write left
	FileForeign    FileKind = "foreign"    // nobody's
)

// File is one file of a store's directory.
type File struct {
	Kind   FileKind
	Path   string
	Name   string // from the store's directory on, with slashes
	Size   int64
	Number uint64 // a segment's sequence, a snapshot's LSN
	// Listed means that MANIFEST says it belongs to the store. Missing files that
	// it lists are among Files too.
	Listed  bool
	Missing bool
}

// Files lists the directory: MANIFEST, segments, snapshots, what lies in
// quarantine, and what is nobody's. It opens nothing but MANIFEST; one that
// cannot be read lists nothing.
func (s *Store) Files() ([]File, error) {
	m, merr := s.Manifest()
	var files []File
	for _, sub := range []string{"", recovery.WALDir, recovery.SnapshotDir, recovery.QuarantineDir} {
		entries, err := s.fs.List(vfs.Join(s.dir, sub))
		if errors.Is(err, fs.ErrNotExist) && sub != "" || errors.Is(err, vfs.ErrNotDir) {
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if e.IsDir {
				continue
			}
			f := File{Path: vfs.Join(s.dir, sub, e.Name), Name: e.Name, Size: e.Size}
			if sub != "" {
				f.Name = sub + "/" + e.Name
			}
			f.Kind, f.Number = kindOf(sub, e.Name)
			files = append(files, f)
		}
	}
	if merr == nil {
		files = s.list(files, &m)
	}
	slices.SortStableFunc(files, func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	return files, nil
}

// list marks what MANIFEST lists, and adds what it lists in vain.
func (s *Store) list(files []File, m *recovery.Manifest) []File {
	mark := func(kind FileKind, sub, name string, number uint64) {
		for i := range files {
			if files[i].Kind == kind && files[i].Number == number {
				files[i].Listed = true
				return
			}
		}
		files = append(files, File{Kind: kind, Path: vfs.Join(s.dir, sub, name), Name: sub + "/" + name,
			Number: number, Listed: true, Missing: true})
	}
	for i := range m.Snapshots {
		lsn := m.Snapshots[i].LSN
		mark(FileSnapshot, recovery.SnapshotDir, snapshot.Name(lsn), lsn)
	}
	v := view{manifest: m}
	for _, f := range files {
		if f.Kind == FileSegment {
			v.segments = append(v.segments, f.Number)
		}
	}
	slices.Sort(v.segments)
	for _, seq := range v.log() {
		if v.listed(seq) {
			mark(FileSegment, recovery.WALDir, wal.SegmentName(seq), seq)
		}
	}
	for i := range files {
		if files[i].Kind == FileManifest {
			files[i].Listed = true
		}
	}
	return files
}

func kindOf(sub, name string) (FileKind, uint64) {
	if strings.HasPrefix(name, ".") {
		return FileTemp, 0
	}
	switch sub {
	case "":
		switch name {
		case recovery.ManifestName:
			return FileManifest, 0
		case recovery.LockName:
			return FileLock, 0
		}
	case recovery.WALDir:
		if seq, ok := wal.ParseSegmentName(name); ok {
			return FileSegment, seq
		}
	case recovery.SnapshotDir:
		if lsn, ok := snapshot.ParseName(name); ok {
			return FileSnapshot, lsn
		}
	case recovery.QuarantineDir:
		return FileQuarantine, 0
	}
	return FileForeign, 0
}
