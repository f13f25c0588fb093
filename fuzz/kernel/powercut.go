package kernel

import "github.com/redis-lite/redis-lite/fuzz/loopfs"

// PowerCuts are the disasters for a store on a file system of our own: each way
// to cut its power while the child writes, and kill -9 of the child, which a
// later cut may then hit in the middle of its recovery.
//
// Pull strikes wherever the child is. The shutdown ioctl must not: a sync that
// is under way while it runs can return success for bytes that are lost, on
// ext4 and XFS alike (package loopfs counts how often). So the child is stopped
// between two calls first, and everything that it had said then counts.
func PowerCuts(f *loopfs.FS) []Disaster {
	all := []Disaster{KillNine()}
	for _, cut := range f.Kind().Cuts() {
		strike := func(p Victim) error { return f.Cut(cut) }
		if cut != loopfs.Pull {
			strike = func(p Victim) error {
				if err := p.Stop(); err != nil {
					return err
				}
				err := f.Cut(cut)
				p.Kill()
				return err
			}
		}
		all = append(all, Disaster{Name: cut.String(), Strike: strike, After: f.Remount, PowerCut: true})
	}
	return all
}
