package recovery

import (
	"cmp"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/redis-lite/redis-lite/snapshot"
	"github.com/redis-lite/redis-lite/vfs"
	"github.com/redis-lite/redis-lite/wal"
)

// Names in the store's directory.
const (
	LockName      = "LOCK"
	WALDir        = "wal"        // segments
	SnapshotDir   = "snap"       // snapshots
	QuarantineDir = "quarantine" // what recovery cut off or set aside; never deleted by us
)

// layout is what lies in a store's directory, by name alone.
type layout struct {
	dir       string
	manifest  bool
	marker    bool       // UnfinishedName is there
	segments  []numbered // ascending
	snapshots []numbered // ascending
	temps     []string   // paths of temporary files that some write left
	foreign   []string   // paths of what is nobody's
	hidden    []string   // paths of what may lie in any directory and means nothing
}

// numbered is a file whose name is a number: a segment's sequence, a snapshot's LSN.
type numbered struct {
	number uint64
	size   int64
}

// readLayout lists the directories. The store's own must exist; a missing one
// below it counts as empty.
func readLayout(fsys vfs.FS, dir string) (*layout, error) {
	l := &layout{dir: dir}
	top, err := fsys.List(dir)
	if err != nil {
		return nil, err
	}
	subs := map[string]bool{}
	for _, e := range top {
		switch {
		case e.Name == ManifestName && !e.IsDir:
			l.manifest = true
		case e.Name == LockName && !e.IsDir:
		case e.Name == UnfinishedName && !e.IsDir:
			l.marker = true
		case e.IsDir && (e.Name == WALDir || e.Name == SnapshotDir || e.Name == QuarantineDir):
			subs[e.Name] = true
		case isTemp(e.Name, func(base string) bool { return base == ManifestName || base == UnfinishedName }):
			l.temps = append(l.temps, vfs.Join(dir, e.Name))
		// Other dot files, and what mkfs leaves at the top of a file system, can
		// lie in any directory and mean nothing.
		case strings.HasPrefix(e.Name, "."), e.Name == "lost+found":
			l.hidden = append(l.hidden, vfs.Join(dir, e.Name))
		default:
			l.foreign = append(l.foreign, vfs.Join(dir, e.Name))
		}
	}
	if subs[WALDir] {
		if l.segments, err = l.numbers(fsys, WALDir, wal.ParseSegmentName); err != nil {
			return nil, err
		}
	}
	if subs[SnapshotDir] {
		if l.snapshots, err = l.numbers(fsys, SnapshotDir, snapshot.ParseName); err != nil {
			return nil, err
		}
	}
	if subs[QuarantineDir] {
		// Whatever we put there begins with a digit.
		_, err = l.numbers(fsys, QuarantineDir, func(name string) (uint64, bool) {
			return 0, name[0] >= '0' && name[0] <= '9'
		})
	}
	if l.marker && l.manifest {
		// The making had come to its end.
		l.temps = append(l.temps, vfs.Join(dir, UnfinishedName))
	}
	return l, err
}

// numbers lists a directory of numbered files, ascending. Names are padded, so
// they sort as their numbers do until those outgrow the padding.
func (l *layout) numbers(fsys vfs.FS, sub string, parse func(string) (uint64, bool)) (found []numbered, err error) {
	entries, err := fsys.List(vfs.Join(l.dir, sub))
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		n, ok := parse(e.Name)
		switch {
		case ok && !e.IsDir:
			found = append(found, numbered{n, e.Size})
		case isTemp(e.Name, func(base string) bool { _, ok := parse(base); return ok }):
			l.temps = append(l.temps, vfs.Join(l.dir, sub, e.Name))
		default:
			l.foreign = append(l.foreign, vfs.Join(l.dir, sub, e.Name))
		}
	}
	slices.SortFunc(found, func(a, b numbered) int { return cmp.Compare(a.number, b.number) })
	return found, nil
}

// isTemp tells the temporary names of our own files from the dot files of
// others: a dot, the name that the file was going to have, and something more.
func isTemp(name string, isBase func(string) bool) bool {
	rest, ok := strings.CutPrefix(name, ".")
	if !ok {
		return false
	}
	for end := 1; end < len(rest); end++ {
		if isBase(rest[:end]) {
			return true
		}
	}
	return false
}

// find returns the file with a number, if there is one.
func find(files []numbered, number uint64) (numbered, bool) {
	for _, f := range files {
		if f.number == number {
			return f, true
		}
	}
	return numbered{}, false
}

func segmentPath(dir string, seq uint64) string {
	return vfs.Join(dir, WALDir, wal.SegmentName(seq))
}

func snapshotPath(dir string, lsn uint64) string {
	return vfs.Join(dir, SnapshotDir, snapshot.Name(lsn))
}

// Check says whether dir may hold a store, or become one: it does not exist, is
// empty, holds a store (sound or damaged), or the leavings of an interrupted
// creation (not those of an interrupted Restore: see Vacant). Else it is a *NotAStoreError. It changes nothing.
func Check(fsys vfs.FS, dir string) error {
	info, err := fsys.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.IsDir:
		return &NotAStoreError{Dir: dir, Reason: "it is a file"}
	}
	l, err := readLayout(fsys, dir)
	if err != nil {
		return err
	}
	return l.check(fsys)
}

// check judges by names, and by MANIFEST's first bytes: other engines call a
// file of theirs MANIFEST too, and keep a wal/ and a snap/.
func (l *layout) check(fsys vfs.FS) error {
	if l.unfinished() {
		return &NotAStoreError{Dir: l.dir, Reason: "a restore or a recovery into it did not finish; run it again, or remove the directory"}
	}
	if len(l.segments)+len(l.snapshots) > 0 {
		return nil // whatever else is wrong with it
	}
	if l.manifest {
		if _, err := readManifest(fsys, l.dir); errors.Is(err, errNotManifest) {
			return &NotAStoreError{Dir: l.dir, Reason: "its MANIFEST is another program's"}
		}
		return nil
	}
	if len(l.foreign) > 0 {
		return &NotAStoreError{Dir: l.dir, Reason: "it holds " + l.foreign[0] + " and no MANIFEST"}
	}
	return nil
}
