package crashfs

import "fmt"

// Mode says which file system is simulated: what its barriers make durable and
// in which order it lets go of the rest.
type Mode uint8

const (
	// Worst is a file system that keeps POSIX's promises and not one more:
	// fsync of a file covers its data and length, fsync of a directory covers
	// its names, and everything else survives in any combination. A store that
	// is right here is right on every file system that honours fsync.
	Worst Mode = iota
	// Ext4 is ext4 with data=ordered and auto_da_alloc, the defaults.
	Ext4
	// Ext4NoAutoDA is ext4 with noauto_da_alloc: renaming over a file no
	// longer flushes the new one.
	Ext4NoAutoDA
	// XFS has an ordered log and nothing that flushes behind one's back.
	XFS
	// Btrfs logs an fsynced file and its own name, not what was renamed before.
	Btrfs
	// Hostile is Worst on a disk without powersafe overwrite: a sector that
	// was being written may hold garbage, the durable bytes in it included.
	Hostile
	modes
)

var modeNames = [modes]string{"worst", "ext4", "ext4-noauto_da_alloc", "xfs", "btrfs", "hostile"}

func (m Mode) String() string {
	if m < modes {
		return modeNames[m]
	}
	return fmt.Sprintf("mode(%d)", uint8(m))
}

// Modes lists every mode.
func Modes() []Mode { return []Mode{Worst, Ext4, Ext4NoAutoDA, XFS, Btrfs, Hostile} }

// ParseMode is the mode with that name.
func ParseMode(s string) (Mode, error) {
	for m, name := range modeNames {
		if name == s {
			return Mode(m), nil
		}
	}
	return 0, fmt.Errorf("crashfs: no mode is called %q", s)
}

// rules is one column of the table in the package documentation. The zero
// value is Worst; each field takes away some of its freedom.
type rules struct {
	// journal: names and truncations reach the disk in the order they were
	// made, so a crash keeps a prefix of them.
	journal bool
	// syncCommits: a sync that has metadata of its own to write (always for
	// fsync of a changed file; for fdatasync only when the length grew) writes
	// the journal up to that file's last change, whoever made the entries.
	syncCommits bool
	// ownName: fsync of a file makes its own name durable, and the directories
	// above it, but no other name.
	ownName bool
	// grow says what must be on the disk before an unsynced longer length is.
	grow growth
	// renameFlushes: a rename onto an existing file reaches the disk after the
	// length of the file that it names; the blocks below it are allocated, and
	// zeros until their data has been written.
	renameFlushes bool
	// garble: an unsynced write may leave garbage in the sector it was in.
	garble bool
	// minAtom: what is written is never torn more finely than this.
	minAtom int
}

// growth is the order between a file's length and the data under it.
type growth uint8

const (
	growAny   growth = iota // the length and the data are independent
	growZeros               // one length after the other; blocks are zeros until their data comes
	growData                // all data comes first
)

// table is the crash model, mode by mode; TestModeTable states each row of it
// as a script with its outcomes.
var table = [modes]rules{
	Worst: {},
	Ext4: {
		journal: true, syncCommits: true, grow: growZeros, renameFlushes: true,
	},
	Ext4NoAutoDA: {
		journal: true, syncCommits: true, grow: growZeros,
	},
	XFS: {
		journal: true, syncCommits: true, grow: growData,
	},
	Btrfs: {
		// Data is never overwritten in place, so that a block is old or new.
		ownName: true, grow: growData, minAtom: blockSize,
	},
	Hostile: {garble: true},
}

// blockSize is the allocation unit of the simulated file systems, and the step
// in which a long write lets its length be seen.
const blockSize = 4096
