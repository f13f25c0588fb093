package crashfs

import "fmt"

// Kind is the kind of an effect.
type Kind uint8

// The kinds of effects that a crash can keep or lose.
const (
	Data   Kind = iota // bytes of one atom of a file
	Size               // the length of a file
	Link               // a name for a new file
	Unlink             // a name that goes
	Rename             // a name that moves, replacing what was there: one effect
	Mkdir              // a name for a new directory
	kinds
)

var kindNames = [kinds]string{"data", "size", "link", "unlink", "rename", "mkdir"}

func (k Kind) String() string {
	if k < kinds {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Kinds lists every kind of effect.
func Kinds() []Kind { return []Kind{Data, Size, Link, Unlink, Rename, Mkdir} }

// An Effect is one change that was made and is not yet durable: the unit that
// a crash keeps or loses. Effects are immutable.
type Effect struct {
	Kind Kind
	Seq  int    // its place in the order of issue
	Call int    // the number of the call that issued it, see Call.N
	Name string // the file, by the name the call used
	To   string // Rename: the new name
	Off  int64  // Data: first byte
	Len  int64  // Data: bytes
	Size int64  // Size: the new length
	Was  int64  // Size: the length before
	// Clean marks an effect that a failed sync left behind: the system believes
	// that it is on the disk, no later sync will write it, and a crash may
	// still show it, or not.
	Clean bool

	ino      int    // the inode written, named, unnamed or moved
	slots    []slot // the names it sets
	page     *page  // Data: the page that holds the new bytes
	partial  bool   // Data: less than a page is covered
	journal  bool   // a name or a truncation: ordered by a journal where there is one
	replaces bool   // Rename: onto an existing file
	tail     bool   // Data: the zeros behind a truncation, which fdatasync need not write
}

// A slot is one name: the place in a directory that an effect sets. Of the
// values a slot had, a crash shows the last durable one or a later one.
type slot struct {
	dir  int
	name string
	ino  int // none: the name goes
}

// shrinks says that a Size effect is a truncation to less.
func (e *Effect) shrinks() bool { return e.Kind == Size && e.Size < e.Was }

// content says that the effect is of a file's bytes or length, not of a name.
func (e *Effect) content() bool { return e.Kind == Data || e.Kind == Size }

// touches says that the effect changes a name in the directory.
func (e *Effect) touches(dir int) bool {
	for _, s := range e.slots {
		if s.dir == dir {
			return true
		}
	}
	return false
}

// String describes the effect in a few words.
func (e *Effect) String() string {
	switch e.Kind {
	case Data:
		return fmt.Sprintf("data %s [%d,%d)", e.Name, e.Off, e.Off+e.Len)
	case Size:
		return fmt.Sprintf("size %s %d -> %d", e.Name, e.Was, e.Size)
	case Rename:
		return fmt.Sprintf("rename %s -> %s", e.Name, e.To)
	}
	return fmt.Sprintf("%s %s", e.Kind, e.Name)
}
