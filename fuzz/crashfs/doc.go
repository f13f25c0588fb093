// Package crashfs is a simulated file system that takes away, at a crash,
// whatever a real one may take away, and says why it might. It implements
// vfs.FS, lives in memory and needs the standard library alone. Package
// crashtest is the harness that puts a store through it.
//
//	fs := crashfs.New(crashfs.Options{})    // the worst that POSIX allows
//	store := mystore.Open(fs, "/db")
//	store.Set("k", "v")                     // acknowledged
//	after := fs.Crash(crashfs.LoseAll)      // what the disk is sure to hold
//	store = mystore.Open(after, "/db")      // is k there?
//
// # What a crash is
//
// A file system is a durable image and a list of pending effects, in the order
// of issue:
//
//	Data    the bytes of one atom of a file (512 bytes, unless Options say other)
//	Size    the length of a file
//	Link    a name for a new file
//	Unlink  a name that goes
//	Rename  a name that moves: one effect, it happens or it does not
//	Mkdir   a name for a new directory
//
// Readers always see everything that was written. A barrier (Sync, DataSync,
// SyncDir) moves some effects into the durable image. A crash keeps any subset
// of the rest that is closed under the mode's ordering: when an effect cannot
// be on the disk before another, losing that one loses it too. Of the versions
// that an atom, a length or a name went through, only the last durable one or a
// later one is ever seen.
//
// Four things follow that surprise people on their first crash test:
//
//   - A write is not atomic. It is torn at every atom, and the atoms reach the
//     disk in any order.
//   - A file's length is not its data. The length may survive alone (the tail
//     is zeros) or the data alone (and cannot be seen).
//   - A name is not its file. A file that was synced may have no name after the
//     crash, and a renamed one may have its old name: names belong to the
//     directory, and SyncDir is what makes them last, at every level.
//   - Close does nothing.
//
// # The modes
//
// What a barrier covers, and what is ordered when there is none:
//
//	                        Worst           Ext4            XFS             Btrfs
//	fsync(file)             its data and    + names and     + the same      + its own name
//	                        length          truncations                     and the names of
//	                                        made before its                 the directories
//	                                        last change                     above it
//	fdatasync               its data, and its length up to the last growth (Ext4, XFS: then + the
//	                        metadata that came before the growth); never a truncation
//	create, fsync(file)     the name may    kept            kept            kept
//	                        vanish
//	fsync(directory)        its names, not  + names and     + the same      + the names of the
//	                        the data        truncations                     directories above
//	                                        made before
//	rename over, data not   old, new,       old, new or     old, empty      old, empty or new
//	synced                  empty or zeros  zeros (NoAutoDA: or new
//	                                        or empty)
//	names and truncations   in any order    in the order    in the order    in any order
//	not synced                              of the journal  of the log
//	append not synced       any atoms, any  longer and      any length that as XFS, in blocks
//	                        length          longer, zeros   ends in data,   of 4096
//	                                        where data is   with holes
//	                                        missing         before it
//	truncation not synced   the old length, or the new one, or the old one with zeros between the new
//	                        one and the end of its block
//	overwrite not synced    any atoms       any atoms       any atoms       whole blocks of 4096
//
// Ext4NoAutoDA is Ext4 without the flush at a rename over an existing file. That
// flush allocates the new file's blocks and starts to write them; until they are
// written they are zeros, and the length and the name may be durable by then. On
// a real ext4 of Linux 6.18 with default options, write, rename over and fsync
// of the directory, then a power cut, left a file of zeros about every other time.
// Hostile is Worst without powersafe overwrite: a sector that was being written
// may come back as garbage, with the durable bytes that shared it. A state that
// only Worst permits is not a false alarm: file systems differ in just these
// rows, change between versions, and run on disks of all kinds. TestModeTable
// is this table as scripts with their outcomes; a second test holds the modes to
// a reference model that tries every subset.
//
// Where a real system is known to write sooner than it must, the modes do not
// rely on it: whatever they rule out, the real one should never show.
//
// # Choosing
//
// Crash takes a Chooser: KeepAll, LoseAll, Random(seed), LoseOnly, KeepOnly, or
// one's own, which may look at each Effect. The Choice that was made prints as
// "k12 l k3" and can be parsed and replayed. To try all of them:
//
//	for img := range fs.Point().States(crashfs.Bound{}) {
//		// img is a file system of its own
//	}
//
// States makes every legal subset while at most twelve effects are pending, and
// beyond that the ones that find most mistakes, and random ones. Images are
// hashed, and made once. A Point is the disk at one instant: take one in a hook
// (Options.Hook) to crash before each call of a history that runs on. CrashAt
// makes the n-th step fail with ErrCrashed, for code that must see the crash.
// Kill ends the process and leaves the cache of the operating system alone.
//
// # Faults
//
// Inject makes calls fail: errors at the n-th call of a kind, on the files of a
// pattern; a failed fsync as Linux has it, reported once, after which the pages
// count as clean and the next fsync says ok (SyncLost), or the pages are
// dropped (SyncReverted); an fsync that lies; a disk that is full, with short
// writes (NoSpace, SetFree); reads that fail; writes that are lost or land
// elsewhere. Rot and Overwrite damage what is durable.
//
// A failed fsync leaves its data neither durable nor lost: a crash may show it,
// or not. Writing the same bytes again and syncing repairs it; syncing again
// does not.
//
// # Understanding
//
// Every call that can change the disk is recorded with the line it came from.
// Explain lists, for a crash, each pending effect, whether it was kept, and why
// losing it was legal. Permits says which of the other modes could have left
// the same image, and if not, what forbids it.
//
// # Cost
//
// Content is shared between the live file system, Points and images, page by
// page. Zeros are no pages: a file of 64 MiB of zeros costs its length. An
// image of a store with a dozen files takes a few microseconds to make, its
// hash included.
//
// # Limits
//
// A rename is one effect, also between directories, where btrfs was seen to leave
// both names, and over a name that btrfs knows from an fsync of its file alone, where
// it was seen to leave neither. There are no hard links, no permissions, no times. A lock file's
// content never reaches the disk. Sizes advance a block of 4096 at a time within
// one write; of a ZeroFill, in one step. Directories of many thousand names are
// slow.
package crashfs
