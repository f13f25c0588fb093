package conformance

import (
	"github.com/redis-lite/redis-lite/fuzz/loopfs"
	"github.com/redis-lite/redis-lite/vfs"
)

// beyond says that a state may be one that the simulation leaves out on purpose.
// It makes a rename one effect, which happens or does not. btrfs (Linux 6.18) was
// seen to do otherwise in two cases, which are counted apart:
//
//   - Between two directories a sync of one of them left the file under both names,
//     and, when it replaced another that was never synced and a new file beside it
//     was, the new name leading to neither. A store that copes with that would have
//     to do without rename.
//   - A file that was never synced, renamed over one that the disk knows from an
//     fsync of its own alone, without one of the directory or a commit: when some
//     other file was synced afterwards, neither was there. The rename takes the old
//     name out of the log of fsyncs, and the new one is not in it. A store that
//     syncs what it renames does not get there.
func beyond(k loopfs.Kind, s Script, found tree) bool {
	if k != loopfs.Btrfs {
		return false
	}
	fresh, logged := map[string]bool{}, map[string]bool{} // new since the last commit: never synced; by itself alone
	for _, o := range s {
		switch o.Kind {
		case Create:
			fresh[o.Path] = true
		case Fsync, Fdatasync:
			if fresh[o.Path] {
				delete(fresh, o.Path)
				logged[o.Path] = true
			}
		case SyncDir:
			for name := range logged {
				if vfs.Dir(name) == o.Path {
					delete(logged, name)
				}
			}
		case Settle, SyncAll:
			clear(fresh)
			clear(logged)
		case Rename:
			if vfs.Dir(o.Path) != vfs.Dir(o.To) {
				return true
			}
			if _, there := found[o.To]; fresh[o.Path] && logged[o.To] && !there {
				return true
			}
			fresh[o.To], logged[o.To] = fresh[o.Path], logged[o.Path]
			delete(fresh, o.Path)
			delete(logged, o.Path)
		case Remove:
			delete(fresh, o.Path)
			delete(logged, o.Path)
		}
	}
	return false
}
