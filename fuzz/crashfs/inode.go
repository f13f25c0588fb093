package crashfs

import (
	"slices"
	"sort"
)

// An inode is a file or a directory, in two versions: what callers see now
// (vol) and what no crash can take away (dur). An inode whose own token is not
// the file system's is shared with a Point and copied before it is changed.
type inode struct {
	own *token
	dir bool

	vol, dur         image   // a file's content
	volEnts, durEnts entries // a directory's names

	// dirty says that vol and dur may differ: effects are pending, or a fault
	// made them part.
	dirty bool
	// stray says that vol is no longer dur plus the pending effects: a failed
	// sync marked pages clean, or a write was lost. From then on every write
	// makes an effect, even one that changes nothing that a reader can see,
	// because it is how a store repairs what the disk lacks.
	stray bool
	// dead says that no name, durable or pending, leads here: nothing that is
	// done to it can be seen after a crash.
	dead bool
	// changed is the sequence number of the last effect on this inode; a
	// journal commits up to it when the inode is synced.
	changed int
	// parent is the directory that holds a directory's name.
	parent int
}

// entries are the names in a directory, sorted and immutable: changing them
// makes a new slice, so that any number of images may share one.
type entries []entry

type entry struct {
	name string
	ino  int
}

// none is the inode number of a name that does not exist.
const none = -1

func (es entries) find(name string) int {
	i := sort.Search(len(es), func(i int) bool { return es[i].name >= name })
	if i < len(es) && es[i].name == name {
		return es[i].ino
	}
	return none
}

// with is es with the name leading to ino, or nowhere when ino is none.
func (es entries) with(name string, ino int) entries {
	i := sort.Search(len(es), func(i int) bool { return es[i].name >= name })
	found := i < len(es) && es[i].name == name
	switch {
	case ino == none && !found:
		return es
	case ino == none:
		return slices.Concat(es[:i], es[i+1:])
	case found:
		out := slices.Clone(es)
		out[i].ino = ino
		return out
	}
	return slices.Concat(es[:i], entries{{name, ino}}, es[i:])
}
