package conformance

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/redis-lite/redis-lite/vfs"
)

// Kind is what an operation does.
type Kind uint8

// The operations. From Flush on they are nudges: they change nothing that the
// simulation knows of.
const (
	Create    Kind = iota // Path
	Write                 // Path, Off, Len
	Truncate              // Path, Off is the new length
	Rename                // Path, To
	Remove                // Path, a file or an empty directory
	Mkdir                 // Path
	Fsync                 // Path
	Fdatasync             // Path
	SyncDir               // Path
	Settle                // everything so far becomes durable
	Flush                 // Path: its pages are written back, Off to Off+Len
	Start                 // Path: the same is begun and not waited for
	Commit                // a file that has nothing to do with the script is fsynced
	SyncAll               // syncfs
	kinds
)

var kindNames = [kinds]string{
	"create", "write", "truncate", "rename", "remove", "mkdir", "fsync", "fdatasync", "syncdir", "settle",
	"flush", "start", "commit", "syncall",
}

func (k Kind) String() string { return kindNames[k] }

// nudge says that the simulation is not told of it.
func (k Kind) nudge() bool { return k >= Flush }

// Op is one operation of a script. Paths are relative to the script's root.
type Op struct {
	Kind     Kind
	Path, To string
	Off, Len int64
}

func (o Op) String() string {
	switch o.Kind {
	case Write, Flush, Start:
		return fmt.Sprintf("%v %s [%d,%d)", o.Kind, o.Path, o.Off, o.Off+o.Len)
	case Truncate:
		return fmt.Sprintf("%v %s to %d", o.Kind, o.Path, o.Off)
	case Rename:
		return fmt.Sprintf("%v %s -> %s", o.Kind, o.Path, o.To)
	case Settle, Commit, SyncAll:
		return o.Kind.String()
	}
	return fmt.Sprintf("%v %s", o.Kind, o.Path)
}

// Script is operations in order.
type Script []Op

func (s Script) String() string {
	lines := make([]string, len(s))
	for i, o := range s {
		lines[i] = fmt.Sprintf("%2d  %v", i+1, o)
	}
	return strings.Join(lines, "\n")
}

// target is a file system that a script runs on.
type target struct {
	fs     vfs.FS
	root   string
	settle func() error
	nudge  func(Op) error // nil: nudges are left out
}

// run makes the operations. What an operation answers is in the script's hands,
// not the file system's: errors are kept, for comparison.
func (s Script) run(t target) (answers []string, err error) {
	answers = make([]string, len(s))
	for i, o := range s {
		var err error
		switch {
		case o.Kind == Settle:
			err = t.settle()
		case !o.Kind.nudge():
			err = o.run(t, letter(i))
		case t.nudge != nil:
			err = t.nudge(o)
		}
		switch {
		case err == nil && !o.Kind.nudge():
			answers[i] = "ok"
		case err == nil:
		case o.Kind.nudge(), o.Kind == Settle:
			if !errors.Is(err, fs.ErrNotExist) {
				return nil, fmt.Errorf("conformance: %v: %w", o, err)
			}
		case errors.Is(err, fs.ErrNotExist):
			answers[i] = "not there"
		case errors.Is(err, fs.ErrExist):
			answers[i] = "there already"
		default:
			answers[i] = "refused"
		}
	}
	return answers, nil
}

// letter is what the i-th operation writes.
func letter(i int) byte { return byte('A' + i%26) }

// run makes one operation; what it writes is fill, so that each write of a
// script can be told from the others.
func (o Op) run(t target, fill byte) error {
	path := vfs.Join(t.root, o.Path)
	switch o.Kind {
	case Create:
		f, err := t.fs.Create(path)
		if err != nil {
			return err
		}
		return f.Close()
	case Rename:
		to := vfs.Join(t.root, o.To)
		if info, err := t.fs.Stat(to); err == nil && info.IsDir {
			return fs.ErrInvalid // Go refuses this before it asks the kernel
		}
		return t.fs.Rename(path, to)
	case Remove:
		return t.fs.Remove(path)
	case Mkdir:
		return t.fs.Mkdir(path)
	case SyncDir:
		return t.fs.SyncDir(path)
	}
	f, err := t.fs.OpenWrite(path)
	if err != nil {
		return err
	}
	defer f.Close()
	switch o.Kind {
	case Write:
		b := make([]byte, o.Len)
		for i := range b {
			b[i] = fill
		}
		_, err = f.WriteAt(b, o.Off)
	case Truncate:
		err = f.Truncate(o.Off)
	case Fsync:
		err = f.Sync()
	case Fdatasync:
		err = f.DataSync()
	}
	return err
}
