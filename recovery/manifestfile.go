package recovery

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"

	"github.com/redis-lite/redis-lite/vfs"
)

// ManifestName is MANIFEST's name in the store's directory.
const ManifestName = "MANIFEST"

// ErrReadOnly is the answer to an Update of a store that was opened read-only.
var ErrReadOnly = errors.New("recovery: the store is open read-only")

// ManifestFile is the one owner of MANIFEST in this process. Rotation writes
// the active segment, compaction the snapshots and the first segment; were each
// to write a manifest of its own, one would undo the other's fields.
//
// All methods are safe for concurrent use. Updates queue behind a one-slot
// channel (not a mutex: a simulated file system may park the one inside), Get
// never waits.
type ManifestFile struct {
	fs       vfs.FS
	dir      string
	readOnly bool

	token   chan struct{}            // holds one value; whoever has it may write
	current atomic.Pointer[Manifest] // replaced, never changed
	failed  *ManifestError           // guarded by token: the Replaced failure that ended it
}

func newManifestFile(fsys vfs.FS, dir string, m Manifest, readOnly bool) *ManifestFile {
	f := &ManifestFile{fs: fsys, dir: dir, readOnly: readOnly, token: make(chan struct{}, 1)}
	f.current.Store(&m)
	f.token <- struct{}{}
	return f
}

// Get returns the manifest as the last successful Update left it. After a
// failed Update with Replaced set it is the manifest before that.
func (f *ManifestFile) Get() Manifest { return f.current.Load().clone() }

// Update replaces MANIFEST by what change makes of it, and returns when the new
// one is durable. When change returns an error nothing is written and Update
// returns it as it is. Every other failure is a *ManifestError; when it says
// Replaced, the owner refuses all further updates: a crash may leave either
// content, so a third that builds on one of them could lean on what is gone.
func (f *ManifestFile) Update(change func(*Manifest) error) error {
	<-f.token
	defer func() { f.token <- struct{}{} }()
	if f.readOnly {
		return ErrReadOnly
	}
	if f.failed != nil {
		return &ManifestError{Op: "update after a failed one", Replaced: true, Err: f.failed}
	}
	old := f.current.Load()
	next := old.clone()
	if err := change(&next); err != nil {
		return err
	}
	next.Version = manifestVersion
	next.Generation = old.Generation + 1
	if err := checkSuccessor(old, &next); err != nil {
		return &ManifestError{Op: "update", Err: err}
	}
	if err := f.write(&next); err != nil {
		if err.Replaced {
			f.failed = err
		}
		return err
	}
	f.current.Store(&next)
	return nil
}

// checkSuccessor refuses what no caller may ever ask for: each would let a
// later open take the store for another, or for less than it is.
func checkSuccessor(old, next *Manifest) error {
	switch {
	case next.Store != old.Store:
		return manifestReason("the store's UUID may not change")
	case next.First < old.First || next.Active < old.Active:
		return manifestReason(fmt.Sprintf("segments may not go back from %d..%d to %d..%d",
			old.First, old.Active, next.First, next.Active))
	case next.NextLSN < old.NextLSN:
		return manifestReason("the floor of LSNs may not sink")
	}
	return nil
}

// write puts m in MANIFEST's place.
func (f *ManifestFile) write(m *Manifest) *ManifestError {
	b, err := m.Encode()
	if err != nil {
		return &ManifestError{Op: "encode", Err: err}
	}
	err = publish(f.fs, vfs.Join(f.dir, ManifestName), func(tmp vfs.File) error {
		_, err := tmp.WriteAt(b, 0)
		return err
	})
	var failed *publishError
	if errors.As(err, &failed) {
		return &ManifestError{Op: failed.op, Replaced: failed.replaced, Err: failed.err}
	}
	return nil
}

// readManifest reads MANIFEST. A missing one is fs.ErrNotExist, a failing disk
// is the disk's error, a newer one a *VersionError with its path, and anything
// else that is wrong a *CorruptionError whose cause errNotManifest may be.
func readManifest(fsys vfs.FS, dir string) (Manifest, error) {
	name := vfs.Join(dir, ManifestName)
	b, err := readSmall(fsys, name, maxManifest)
	if err != nil {
		return Manifest{}, err
	}
	m, err := DecodeManifest(b)
	if err != nil {
		var version *VersionError
		if errors.As(err, &version) {
			return Manifest{}, &VersionError{File: name, What: version.What, Err: version.Err}
		}
		return Manifest{}, &CorruptionError{File: name, Offset: 0, Reason: "no valid MANIFEST: " + err.Error(), Err: err}
	}
	return m, nil
}

// readSmall reads a whole file of at most limit bytes; a longer one is a
// *CorruptionError, before anything is allocated for it.
func readSmall(fsys vfs.FS, name string, limit int64) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, &CorruptionError{File: name, Offset: limit,
			Reason: fmt.Sprintf("%d bytes long, at most %d were expected", size, limit)}
	}
	b := make([]byte, size)
	if n, err := f.ReadAt(b, 0); int64(n) < size {
		if err == nil || errors.Is(err, io.EOF) {
			err = &fs.PathError{Op: "read", Path: name, Err: io.ErrUnexpectedEOF}
		}
		return nil, err
	}
	return b, nil
}
